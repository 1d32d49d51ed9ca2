"""What a result can be measured again with: today's track, its samples, its generator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...benchmarks.asked import asked_of
from ...benchmarks.drawing import PROTOCOL
from ...benchmarks.evaluation_target import EvaluationTarget, open_target
from ...benchmarks.result import Result
from ...benchmarks.specification import key_of, specify_column
from ...core.errors import BadEntry, BadSamples
from ...core.files import home
from ...core.serialization import read_json
from ...registry.catalog import current_name, entries, find
from ...registry.images import ImageSource, sequence_digest
from ...registry.schema import Generator, Precision, Track
from ...registry.sources import open_images


def precision_of(result: Result) -> Precision:
    """The arithmetic its feature spaces were computed in."""
    columns = result.specification["metrics"]
    return "bf16" if any(c["extractor"].get("precision") == "bf16" for c in columns) else "float32"


def track_of(path: Path, result: Result) -> Track:
    """The track of a result, with the seed that its samples were drawn from.

    Raises:
        UnknownName: no such track.
        BadImages: it asks for something, and its data set is not available.
        BadEntry: nothing was measured, or of what it was measured with something has changed since: which field.
    """
    if result.status == "failed" or result.sampling.digest is None:
        what = f"failed at {result.error.stage}" if result.error else "no digest of samples"
        raise BadEntry(
            path, "status", f"{result.status}, {what}, so there is nothing to verify", "measure it again first"
        )
    if not _specified(result.specification):
        raise BadEntry(path, "specification", "not written by genboard", "restore the file, or measure again")
    track = find(Track, result.track.name)
    seed, n = result.sampling.seed, result.sampling.n
    track = track if seed is None else track.model_copy(update={"seed": seed})
    asked = {} if seed is None else asked_of(track, n).digests
    sampling = result.sampling.model_dump(mode="json", exclude={"digest"})
    published = {**result.specification, "metrics": _columns(result.specification["metrics"])}
    today = {
        "track": {"name": track.name, "version": track.version},
        "generator": {
            **published["generator"],
            "name": result.generator.name,
            **({"images": result.sampling.digest} if result.generator.kind == "images" else {}),
        },
        # The record is what tables show, the specification is what was done: they must be one.
        "sampling": {
            **sampling,
            "protocol": PROTOCOL,
            "block": published["sampling"].get("block"),
            **asked,
        },
        "metrics": _today(track, published["metrics"], precision_of(result)),
    }
    _refuse_difference(path, published, today)
    if {m.key for m in result.metrics} != set(published["metrics"]) or len(result.metrics) != len(published["metrics"]):
        raise BadEntry(path, "metrics", "the columns differ from its specification", "restore the file")
    return track


def samples_of(result: Result, given: Path | None, conversions: tuple[str, ...] = ()) -> ImageSource | None:
    """The submitted samples: those given, or the ones with the result's digest in the user's data folder.

    Raises:
        BadImages: the folder cannot be read.
        BadSamples: other samples than those of the result.
    """
    folder = given or kept_samples(result)
    if folder is None:
        return None
    # The digest below shows whether what was left out then is left out now.
    source = open_images(folder, conversions, skip=True).first(result.sampling.n)
    digest = sequence_digest(source.runs())
    if digest != result.sampling.digest:
        raise BadSamples(
            f"{folder} holds samples with digest {digest[:12]}, but the result has {str(result.sampling.digest)[:12]}",
            "name the folder of the submitted samples with --samples",
        )
    return source


def generator_at_hand(result: Result, source: str | None) -> bool:
    """Whether there is something to draw the samples from again."""
    return source is not None or (result.generator.kind == "registered" and result.generator.name in entries(Generator))


def generator_of(path: Path, result: Result, track: Track, source: str | None, trust_code: bool) -> EvaluationTarget:
    """The generator that the result's specification names.

    Args:
        source: the user's function that it was, or none for a registered one.

    Raises:
        BadSamples: images, which are not drawn; or a function, and no source for it.
        BadEntry: another generator than the one that was measured: with both.
        UnknownName, NotTrusted, BadWeights: the generator is not available.
    """
    kind = result.generator.kind
    if kind == "images":
        raise BadSamples(
            f"{result.generator.name} was submitted as images, so it cannot be drawn again",
            "pass the images: genboard verify FILE --samples FOLDER",
        )
    if kind == "function" and source is None:
        raise BadSamples(
            f"{result.generator.name} is a user's function", "pass it: --source file.py:function --trust-code"
        )
    name = None if kind == "registered" else result.generator.name
    target = open_target(source or result.generator.name, track, name, trust_code)
    if target.generator is None:
        raise BadSamples(f"{source} consists of images, so nothing can be drawn", "name a generator, or a function")
    published = result.specification
    identity = dict(target.generator.identity)
    if current_name(Generator, result.generator.name) == identity["name"]:
        identity["name"] = result.generator.name  # renamed since, and otherwise the same
    drawn = {"generator": identity, "sampling": {"block": target.generator.block}}
    before = {"generator": published["generator"], "sampling": {"block": published["sampling"].get("block")}}
    _refuse_difference(path, before, drawn)
    return target


def kept_samples(result: Result) -> Path | None:
    """A folder of finished samples in the user's data folder whose manifest has the result's digest."""
    kept = home() / "samples" / f"{result.track.name}@{result.track.version}" / result.generator.name
    for manifest in sorted(kept.glob("*/manifest.json")):
        found = read_json(manifest)
        if isinstance(found, dict) and found.get("digest") == result.sampling.digest:
            return manifest.parent
    return None


def _specified(specification: dict[str, Any]) -> bool:
    """Whether a specification has the parts that all have; what is in them is compared, never trusted."""
    columns = specification.get("metrics")
    parts = [specification.get("generator"), specification.get("sampling")]
    return isinstance(columns, list) and all(
        isinstance(part, dict)
        for part in [*parts, *columns, *(c.get("extractor") for c in columns if isinstance(c, dict))]
    )


def _columns(specified: list[dict[str, Any]]) -> dict[str, Any]:
    """A specification's columns by their keys."""
    return {key_of(column): column for column in specified}


def _today(track: Track, published: dict[str, Any], precision: Precision) -> dict[str, Any]:
    """What the published columns are today; a column that the track has gained since is no matter."""
    return {c.key: specify_column(track, c, precision) for c in track.metrics if c.key in published}


def _refuse_difference(path: Path, published: dict[str, Any], today: dict[str, Any]) -> None:
    found = _first_difference("specification", published, today)
    if found is not None:
        field, before, now = found
        raise BadEntry(
            path,
            field,
            f"{_short(before)} in the result, but {_short(now)} here; the result cannot be measured again as it was",
            "use the version of genboard and the registry entries that it was made with",
        )


def _first_difference(field: str, a: Any, b: Any) -> tuple[str, Any, Any] | None:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}):
            found = _first_difference(f"{field}.{key}", a.get(key), b.get(key))
            if found:
                return found
        return None
    return None if a == b else (field, a, b)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
