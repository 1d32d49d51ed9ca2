"""Kind `diffusers`: a pipeline of the library diffusers, each sample from a generator of its own.

Only what the two libraries hold themselves is run: a pipeline or a component with code of its own is refused, a safety
checker, which would paint samples black, is not loaded. Weights are safetensors, or, where the entry says so, torch
files that diffusers reads by `torch.load(weights_only=True)`.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from ...core.errors import BadEntry, BadSamples, BadWeights
from ..catalog import file_of
from ..extras import need
from ..kinds import Diffusers
from ..schema import Generator, Track
from ..sources.damage import files_below, refusing
from ..weights import digest_of_file
from . import LiveGenerator, Sampler, of_user
from .arguments import check_arguments
from .asked import classes_of, labels_of
from .diffusion_files import LEFT_OUT, components, downloaded, index_of, pinned, read_endings
from .draws import Draw

_OWN = {"batch_size", "class_labels", "prompt", "generator", "output_type"}  # what `_sampler` gives a pipeline itself
_SPELLED = {"steps": "num_inference_steps", "guidance": "guidance_scale", "eta": "eta", "timesteps": "timesteps"}
# These scale the noise of a step by its mean norm over the batch, so a sample would depend on its neighbours.
_ALONE = {"ScoreSdeVePipeline"}
# These hand no generator on to their scheduler, whose noise would come from nowhere that can be repeated.
_WITHOUT_ETA = {"LDMPipeline"}
_RENAMED = {"model": "unet"}  # components that repositories of the first versions of diffusers call otherwise


def open_pipeline(entry: Generator, track: Track, device: str = "cpu") -> LiveGenerator:
    """The generator that a pipeline is.

    Raises:
        BadEntry: the entry says something else of it than it says itself.
        BadWeights: no such pipeline, one with code of its own, or one whose weights are not of the format
            that the entry names.
        GenboardError: diffusers is not installed, or the files are not available.
    """
    source = entry.source
    assert isinstance(source, Diffusers)
    diffusers = need("diffusers", "diffusers")
    need("transformers", "diffusers")
    check_arguments(entry, _options, fixed=1)
    identity = entry.identity()
    if source.repo:
        source = pinned(source)
        identity["revision"] = source.revision
    folder = of_user(source.path) if source.path else downloaded(source)
    if source.path:
        identity["files"] = _digest(folder, source)
        if source.sha256 not in (None, identity["files"]):
            raise BadWeights(
                f"{folder} has digest {identity['files']}, its entry says {source.sha256}",
                "restore the folder, or correct the digest in the entry",
            )
    index = index_of(folder)
    kind = _class(entry, index)
    with _quietly(diffusers), refusing(BadWeights, f"{folder}: the pipeline cannot be loaded", _mend(source)):
        how = {"use_safetensors": source.weights == "safetensors", "local_files_only": True, "variant": source.variant}
        renamed = {
            new: getattr(diffusers, components(index)[old][1]).from_pretrained(_place(folder, old), **how)
            for old, new in _renamed(index, kind).items()
        }
        pipeline = kind.from_pretrained(folder, **how, **renamed, **_left_out(index))
        pipeline.set_progress_bar_config(disable=True)
    _check_task(entry, pipeline)
    _check_batch(entry, pipeline)
    options = _options(pipeline, **entry.arguments)  # type: ignore[arg-type]
    return LiveGenerator(entry.name, identity, _sampler(entry, track, pipeline.to(device), options), entry.block)


def _class(entry: Generator, index: Mapping[str, Any]) -> Any:
    """The class that samples: the entry's, if the repository has what it is made of, else the repository's own."""
    diffusers = need("diffusers", "diffusers")
    assert isinstance(entry.source, Diffusers)
    name = entry.source.pipeline or index["_class_name"]
    found = getattr(diffusers, name)
    there = {*components(index), *_renamed(index, found).values()}
    made_of = inspect.signature(found.__init__).parameters.values()
    lacking = sorted({p.name for p in made_of if p.default is p.empty and p.name != "self"} - there)
    if entry.source.pipeline and lacking:
        raise BadEntry(
            file_of(entry),
            "source.pipeline",
            f"{name} is made of {lacking[0]}, which a {index['_class_name']} has not",
            f"remove it, or name a class that is made of {', '.join(sorted(there))}",
        )
    return found


def _renamed(index: Mapping[str, Any], kind: Any) -> dict[str, str]:
    """The components that have another name in the class than in the repository, by the older name."""
    made_of = inspect.signature(kind.__init__).parameters
    there = components(index)
    return {old: new for old, new in _RENAMED.items() if old in there and old not in made_of and new in made_of}


def _place(folder: Path, component: str) -> Path:
    return folder / component if (folder / component).is_dir() else folder


def _sampler(entry: Generator, track: Track, pipeline: Any, options: Mapping[str, Any]) -> Sampler:
    prompts = _prompts(entry, track) if entry.task == "text" else None
    classes = len(classes_of(entry.name, track)) if entry.task == "class" else None

    def sample(tickets: Sequence[Draw]) -> NDArray[Any]:
        given: dict[str, Any] = {"batch_size": len(tickets)}
        if prompts is not None:
            given = {"prompt": prompts(tickets)}
        elif classes is not None:
            given = {"class_labels": labels_of(tickets, [t.stream() for t in tickets], classes).tolist()}
            if "batch_size" in _parameters(pipeline):
                given["batch_size"] = len(tickets)
        given["generator"] = [torch.Generator().manual_seed(t.sample_seed) for t in tickets]
        with refusing(BadSamples, f"{entry.name}: its pipeline failed", "run it in Python first"):
            images: NDArray[Any] = pipeline(**given, **options, output_type="np").images
        return images

    return sample


def _options(
    pipeline: Any,
    steps: int | None = None,
    guidance: float | None = None,
    eta: float | None = None,
    timesteps: str | None = None,
) -> dict[str, Any]:
    """An entry's arguments as the pipeline spells them; what is not given is as the pipeline has it."""
    times = None if timesteps is None else _times(timesteps, steps)
    given = {"steps": steps, "guidance": guidance, "eta": eta, "timesteps": times}
    options: dict[str, Any] = {_SPELLED[name]: value for name, value in given.items() if value is not None}
    if times:
        options["num_inference_steps"] = None
    unknown = sorted(set(options) - set(_parameters(pipeline)))
    if unknown:
        raise BadSamples(f"{type(pipeline).__name__} takes no {unknown[0]}", "leave it out of the entry's arguments")
    if steps is not None and steps < 1:
        raise BadSamples(f"{steps} steps of diffusion", "set `steps` to 1 or more in the entry's arguments")
    if eta and type(pipeline).__name__ in _WITHOUT_ETA:
        raise BadSamples(
            f"eta = {eta:g}: {type(pipeline).__name__} draws that noise from no sample's own generator",
            "set `eta` to 0 in the entry's arguments, or leave it out",
        )
    return options


def _times(timesteps: str, steps: int | None) -> list[int]:
    """The steps that are taken, by their numbers in the schedule, the noisiest first.

    >>> _times("22, 0", 2)
    [22, 0]
    """
    words = [word.strip() for word in timesteps.split(",")]
    if not all(word.isdecimal() for word in words):
        raise BadSamples(f"timesteps = {timesteps!r}", 'write whole numbers, such as timesteps = "22, 0"')
    times = [int(word) for word in words]
    if times != sorted(set(times), reverse=True) or steps not in (None, len(times)):
        raise BadSamples(
            f"timesteps = {timesteps!r}, steps = {steps}",
            "list the time steps in descending order, and as many as `steps` says",
        )
    return times


def _check_batch(entry: Generator, pipeline: Any) -> None:
    name = type(pipeline).__name__
    if name in _ALONE and entry.block != 1:
        raise BadEntry(
            file_of(entry), "block", f"{entry.block}, but {name} mixes the samples of a batch", "write block = 1"
        )


def _prompts(entry: Generator, track: Track) -> Callable[[Sequence[Draw]], list[str]]:
    """Draws to prompts: the captions asked for, else the entry's prompt, with the name of the class in it."""
    assert isinstance(entry.source, Diffusers)
    template = entry.source.prompt
    classes = classes_of(entry.name, track) if template and "{label}" in template else ()

    def prompts(tickets: Sequence[Draw]) -> list[str]:
        if template is None and any(t.caption is None for t in tickets):
            raise BadSamples(
                f"{entry.name} makes images from captions, but track {track.name!r} has none",
                "add a prompt to [source] in its entry, or measure it on a track with captions",
            )
        named = [""] * len(tickets)
        if classes:
            labels = labels_of(tickets, [t.stream() for t in tickets], len(classes))
            named = [classes[label] for label in labels]
        return [
            (template or "").replace("{label}", name) if t.caption is None else t.caption
            for t, name in zip(tickets, named, strict=True)
        ]

    return prompts


def _check_task(entry: Generator, pipeline: Any) -> None:
    name, parameters = type(pipeline).__name__, _parameters(pipeline)
    needed = [p.name for p in parameters.values() if p.default is p.empty and p.name not in _OWN]
    if needed or not {"generator", "output_type"} <= set(parameters):
        lacking = f"needs {needed[0]}" if needed else "takes no generators"
        raise BadWeights(
            f"generator {entry.name!r}: {name} {lacking}",
            "only unconditional, class-conditional and text-to-image pipelines are supported",
        )
    takes = "prompt" if "prompt" in parameters else "class_labels" if "class_labels" in parameters else "batch_size"
    task = {"prompt": "text", "class_labels": "class", "batch_size": "unconditional"}[takes]
    may_do_without = takes == "class_labels" and parameters[takes].default is None
    if entry.task != task and not (entry.task == "unconditional" and may_do_without):
        raise BadEntry(file_of(entry), "task", f"{entry.task!r}, but {name} takes {takes}", f'write task = "{task}"')


def _parameters(pipeline: Any) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(type(pipeline).__call__).parameters)
    return {name: p for name, p in found.items() if name != "self" and p.kind is not p.VAR_KEYWORD}


def _left_out(index: Mapping[str, Any]) -> dict[str, Any]:
    gone: dict[str, Any] = dict.fromkeys(name for name in LEFT_OUT if name in index) if LEFT_OUT[0] in index else {}
    return {**gone, "requires_safety_checker": False} if "requires_safety_checker" in index else gone


def _mend(source: Diffusers) -> str:
    if source.repo is None:
        return "save it with pipeline.save_pretrained(folder): safetensors are read, nothing else"
    page = f"https://huggingface.co/{source.repo}"
    if source.weights == "torch":
        return f"run it once with a network; torch files are read, by weights_only=True: see {page}"
    return f'run it once with a network; safetensors are read, others with weights = "torch": see {page}'


def _digest(folder: Path, source: Diffusers) -> str:
    """SHA-256 over `<SHA-256>  <name>` and a newline of every file that may be read, sorted by name."""
    whole = hashlib.sha256()
    for name in sorted(name for name in files_below(folder, BadWeights) if name.endswith(read_endings(source))):
        whole.update(f"{digest_of_file(folder / name)}  {name}\n".encode())
    return whole.hexdigest()


@contextmanager
def _quietly(diffusers: Any) -> Iterator[None]:
    """Both libraries speak of their progress on stderr; errors they raise."""
    ours = diffusers.utils.logging
    theirs = need("transformers.utils.logging", "diffusers")
    levels = [logging.get_verbosity() for logging in (ours, theirs)]
    for logging in (ours, theirs):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    try:
        yield
    finally:
        for logging, level in zip((ours, theirs), levels, strict=True):
            logging.set_verbosity(level)
            logging.enable_progress_bar()
