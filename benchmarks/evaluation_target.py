"""What can be measured: a registered generator, a user's function, or images from somewhere."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import BadImages, BadSamples
from ..core.files import problem_with_name, sha256
from ..registry.catalog import current_name, entries, find, missing
from ..registry.generators import LiveGenerator, load_generator
from ..registry.images import ImageSource
from ..registry.schema import Dataset, Generator, Track
from ..registry.sources import SUFFIXES, looks_like_images, open_images
from ..registry.user_code import looks_like_function
from .asked import asked_of
from .drawing import Plan
from .result import GeneratorRecord

_LONGEST = 80  # characters of a name
PROGRAMS = (".onnx", ".pt2", ".pt", ".pth", ".ckpt", ".safetensors")


@dataclass(frozen=True)
class EvaluationTarget:
    """A source that was named on the command line, ready to measure: it draws samples, or it is images."""

    record: GeneratorRecord
    source: str
    generator: LiveGenerator | None = None
    images: ImageSource | None = None
    conversions: tuple[str, ...] = ()
    trusted_code: bool = False
    library: str | None = None  # that runs the generator beside torch or in its place


# By kind of source: the library of which a generator's last bits depend on.
LIBRARIES = {"onnx": "onnxruntime", "diffusers": "diffusers"}


def open_target(
    source: str,
    track: Track,
    name: str | None = None,
    trust_code: bool = False,
    conversions: tuple[str, ...] = (),
    device: str = "cpu",
    skip: bool = False,
) -> EvaluationTarget:
    """What a source names: a registered generator, a function, or images.

    Args:
        source: a registered generator, a folder, zip, npz, npy or Parquet file of images, or `module:function`.
        name: what tables call it; for images and functions, made from the source by default.
        trust_code: leave to run a user's function.
        conversions: of images as they are read, by names from `registry.conversions`.
        device: where a registered generator's networks run.
        skip: leave out image files of formats that are not read, which are an error otherwise.

    Raises:
        UnknownName: no generator or conversion has that name, and no file or folder either.
        NotTrusted, BadSamples, BadImages: the source is not available, or conversions of what is no image.
        BadEntry, BadWeights: an entry that says what is not so, or files that are not the ones it names.
    """
    registered = entries(Generator)
    named = current_name(Generator, source)
    path = Path(source)
    try:
        exists = path.exists()
    except OSError:  # too long a name, or no leave to look: no path that could be measured
        exists = False
    given = named not in registered and exists and looks_like_images(path)
    if conversions and not given:
        raise BadSamples(f"{source} is not a set of images, so it cannot be converted", "remove --convert")
    if named in registered:
        entry = registered[named]
        shown = entry.model_dump(include=set(GeneratorRecord.model_fields))
        record = GeneratorRecord.model_validate({**shown, "kind": "registered"})
        if entry.source.kind == "samples":
            from ..registry.generators.samples import open_samples

            return EvaluationTarget(record, source, images=open_samples(entry, track))
        generator = load_generator(entry, track, trust_code, device)
        kind = entry.source.kind
        return EvaluationTarget(
            record, source, generator=generator, trusted_code=kind == "python", library=LIBRARIES.get(kind)
        )
    if given:
        images = open_images(path, conversions, skip=skip)
        own = path.resolve()
        # Of a folder all of the name counts: `run.1` and `run.2` are two.
        record = _unregistered(name, own.name if path.is_dir() else own.stem, "images", track)
        return EvaluationTarget(record, source, images=images, conversions=conversions)
    if looks_like_function(source) and not exists:
        from ..registry.generators.python import load_function

        record = _unregistered(name, source.rpartition(":")[2], "function", track)
        function = load_function(source, record.name, trust_code)
        return EvaluationTarget(record, source, generator=function, trusted_code=True)
    if path.suffix.lower() in PROGRAMS:
        raise BadSamples(
            f"{source}: weights and programs need an entry that describes their inputs and outputs",
            "write one as CONTRIBUTING.md shows, into entries/generators/ of your data folder, and give its name",
        )
    if exists or len(path.parts) > 1 or path.suffix.lower() in SUFFIXES:
        open_images(path)  # says what is wrong with it
    raise missing(Generator, source)


def plan_for(target: EvaluationTarget, track: Track, n: int | None = None) -> Plan:
    """The samples of a generator on a track; as many as the track asks for by default.

    Raises:
        BadSamples: the target is images, which are not drawn.
    """
    if target.generator is None:
        raise BadSamples(
            f"{target.source} consists of images, so nothing can be drawn", "measure them: genboard evaluate"
        )
    shape = find(Dataset, track.dataset).shape
    n = track.samples if n is None else n
    return Plan(target.generator, track.seed, n, shape, asked_of(track, n))


def slug(text: str) -> str:
    """A name that fits file names on every system, tables and addresses.

    Where it cannot hold all of the text, as of another script or of a long one, part of the text's digest is added, so
    that different texts have different names. Capitals, spaces and signs alone make no difference.

    >>> slug("My Samples (v2)"), slug("標本"), slug("nul")
    ('my-samples-v2', 'unnamed-24135c78', 'nul-99e62427')
    """
    letters = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = re.sub(r"[^a-z0-9._]+", "-", letters.lower()).strip("-._")
    reserved = problem_with_name(words) is not None
    if text.isascii() and words and len(words) <= _LONGEST and not reserved:
        return words
    digest = sha256(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass"))[:8]
    kept = (words.replace(".", "-") if reserved else words)[: _LONGEST - 9].rstrip("-._")
    return f"{kept or 'unnamed'}-{digest}"


def _unregistered(name: str | None, text: str, kind: str, track: Track) -> GeneratorRecord:
    """The record of images or of a function: the name that was given, or one made from its text, which is its title."""
    title = name or (text if text.strip() and text.isprintable() and len(text) <= _LONGEST else slug(text))
    name = name or slug(text)
    if current_name(Generator, name) in entries(Generator):
        raise BadImages(f"{name!r} is the name of a registered generator", "choose another with --name")
    if slug(name) != name:
        raise BadImages(f"the name {name!r} cannot be used in file names", f"try --name {slug(name)}")
    problem = problem_with_name(name)
    if problem:
        raise BadImages(problem, f"try --name {slug(name.replace('.', '-'))}-samples")
    return GeneratorRecord.model_validate(
        {
            "name": name,
            "title": title,
            "kind": kind,
            "family": "unknown",
            "task": track.task,
            "origin": "given by the user",
            "licence": "unknown",
        }
    )
