"""Kind `diffusers`: a pipeline of the library diffusers, each sample from a generator of its own.

Only what the two libraries hold themselves is run, and only safetensors are read: a pipeline or a component with code
of its own is refused, a safety checker, which would paint samples black, is not loaded.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from ...core.errors import BadEntry, BadSamples, BadWeights
from ...core.files import read_json
from ..catalog import file_of
from ..extras import need
from ..hub import HubFile
from ..kinds import Diffusers
from ..schema import Generator, Track
from ..sources.damage import files_below, refusing
from ..weights import digest_of_file
from . import LiveGenerator, Sampler, of_user
from .arguments import check_arguments
from .asked import classes_of, labels_of
from .draws import Draw

INDEX = "model_index.json"
LEFT_OUT = ("safety_checker", "feature_extractor")  # the second serves the first alone
READ = (".json", ".txt", ".model", ".safetensors")
_OWN = {"batch_size", "class_labels", "prompt", "generator", "output_type"}  # what `_sampler` gives a pipeline itself
_SPELLED = {"steps": "num_inference_steps", "guidance": "guidance_scale", "eta": "eta"}


def open_pipeline(entry: Generator, track: Track, device: str = "cpu") -> LiveGenerator:
    """The generator that a pipeline is.

    Raises:
        BadEntry: the entry says something else of it than it says itself.
        BadWeights: no such pipeline, one with code of its own, or one whose weights are pickled.
        GenboardError: diffusers is not installed, or the files are not to be had.
    """
    source = entry.source
    assert isinstance(source, Diffusers)
    diffusers = need("diffusers", "diffusers")
    need("transformers", "diffusers")
    check_arguments(entry, _options, fixed=1)
    folder = of_user(source.path) if source.path else _downloaded(source)
    identity = entry.identity()
    if source.path:
        identity["files"] = _digest(folder)
        if source.sha256 not in (None, identity["files"]):
            raise BadWeights(
                f"{folder} has digest {identity['files']}, its entry says {source.sha256}",
                "restore the folder, or correct the digest in the entry",
            )
    index = _index(folder)
    with _quietly(diffusers), refusing(BadWeights, f"{folder}: the pipeline cannot be loaded", _mend(source)):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, variant=source.variant, **_left_out(index)
        )
        pipeline.set_progress_bar_config(disable=True)
    _check_task(entry, pipeline)
    options = _options(pipeline, **entry.arguments)  # type: ignore[arg-type]
    return LiveGenerator(entry.name, identity, _sampler(entry, track, pipeline.to(device), options), entry.block)


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
    pipeline: Any, steps: int | None = None, guidance: float | None = None, eta: float | None = None
) -> dict[str, Any]:
    """An entry's arguments as the pipeline spells them; what is not given is as the pipeline has it."""
    given = {"steps": steps, "guidance": guidance, "eta": eta}
    options = {_SPELLED[name]: value for name, value in given.items() if value is not None}
    unknown = sorted(set(options) - set(_parameters(pipeline)))
    if unknown:
        raise BadSamples(f"{type(pipeline).__name__} takes no {unknown[0]}", "leave it out of the entry's arguments")
    if steps is not None and steps < 1:
        raise BadSamples(f"{steps} steps of diffusion", "set `steps` to 1 or more in the entry's arguments")
    return options


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


def _index(folder: Path) -> dict[str, Any]:
    """The pipeline's own list of its components, all of them of diffusers or transformers.

    Raises:
        BadWeights: no such list, or a class that is somewhere else.
    """
    if not (folder / INDEX).is_file():
        raise BadWeights(f"{folder} has no {INDEX}", "save the pipeline there with pipeline.save_pretrained(folder)")
    index: dict[str, Any] = read_json(folder / INDEX)
    scripts = sorted(name for name in files_below(folder, BadWeights) if name.endswith(".py"))
    name = index.get("_class_name") if isinstance(index, dict) else None
    if scripts or not isinstance(name, str):
        raise BadWeights(
            f"{folder}: a custom pipeline with its own code{': ' + scripts[0] if scripts else ''}",
            'only pipelines of diffusers itself are supported; a kind = "python" entry can run others',
        )
    diffusers, pipelines = need("diffusers", "diffusers"), need("diffusers.pipelines", "diffusers")
    homes = {"diffusers": diffusers, "transformers": need("transformers", "diffusers")}
    found = getattr(diffusers, name, None)
    if not isinstance(found, type) or not issubclass(found, diffusers.DiffusionPipeline):
        raise BadWeights(f"{folder}: diffusers {diffusers.__version__} has no pipeline {name!r}", "update diffusers")
    for component, (library, kind) in _components(index).items():
        home = homes.get(library) or getattr(pipelines, library, None)
        if getattr(home, kind, None) is None:
            raise BadWeights(
                f"{folder}: {component} is {library}.{kind}, which neither diffusers nor transformers has",
                "components with their own code are not supported",
            )
    return index


def _components(index: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The library and the class of every component that is loaded."""
    pairs = {name: said for name, said in index.items() if isinstance(said, list) and len(said) == 2}
    texts = {name: tuple(said) for name, said in pairs.items() if all(isinstance(s, str) for s in said)}
    return {name: said for name, said in texts.items() if name not in LEFT_OUT}


def _left_out(index: Mapping[str, Any]) -> dict[str, Any]:
    gone: dict[str, Any] = dict.fromkeys(name for name in LEFT_OUT if name in index) if LEFT_OUT[0] in index else {}
    return {**gone, "requires_safety_checker": False} if "requires_safety_checker" in index else gone


def _downloaded(source: Diffusers) -> Path:
    """The folder of a repository's snapshot, with all that is read of it."""
    assert source.repo
    assert source.revision
    hub = need("huggingface_hub", "diffusers")
    folder = HubFile(source.repo, source.revision, INDEX).fetch().parent
    parts = list(_components(_index(folder)))
    wanted = [f"{part}/*{ending}" for part in parts for ending in READ]
    other = [] if source.variant else ["*.fp16.*", "*.bf16.*", "*.non_ema.*"]
    first = HubFile(source.repo, source.revision, f"{parts[0]}/" if parts else INDEX)
    with first.refusing():
        asked = {"revision": source.revision, "allow_patterns": wanted, "ignore_patterns": other}
        with suppress(need("huggingface_hub.errors", "diffusers").DryRunError):  # without a network nothing is sent
            for file in hub.snapshot_download(source.repo, **asked, dry_run=True):
                first.refuse_large(file)
        hub.snapshot_download(source.repo, **asked)
    for part in parts:
        if not any((folder / part).glob("*.json")):
            file = f"{part}/scheduler_config.json" if part == "scheduler" else f"{part}/config.json"
            problem = f"{file} is not in the cache, and the network is unavailable"
            raise BadWeights(f"{source.repo} at {source.revision[:12]}: {problem}", _mend(source))
    return folder


def _mend(source: Diffusers) -> str:
    if source.repo is None:
        return "save it with pipeline.save_pretrained(folder): safetensors are read, nothing else"
    page = f"https://huggingface.co/{source.repo}"
    return f"run it once with a network; safetensors are read, nothing else: see {page}"


def _digest(folder: Path) -> str:
    """SHA-256 over `<SHA-256>  <name>` and a newline of every file that may be read, sorted by name."""
    whole = hashlib.sha256()
    for name in sorted(name for name in files_below(folder, BadWeights) if name.endswith(READ)):
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
