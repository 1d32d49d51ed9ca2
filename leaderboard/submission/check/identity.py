"""Is it who it says: id, specification, and the registry's word on the name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from ....benchmarks.result import result_id
from ....registry.catalog import entries
from ....registry.schema import Generator
from .finding import Problem
from .tree import Case

_PARTS = {"track", "generator", "sampling", "metrics"}
_SAMPLING = {"protocol", "n", "seed", "shape", "block", "labels"}
_COLUMN = {"name", "version", "params", "against", "extractor", "reference"}
# What tables show of a generator, and an entry of the registry says.
_SHOWN = ("title", "family", "task", "baseline", "noise_floor", "origin", "licence", "paper")
# Sources whose identity grows by the digest of what they read, see `registry.kinds`.
_GROWING = {"diffusers", "python"}


def wrong_id(case: Case) -> Iterator[Problem]:
    wanted = result_id(case.result.specification)
    if case.result.id != wanted:
        yield Problem("id", f"{case.result.id} is not the id of its specification, {wanted}")


def unknown_part(case: Case) -> Iterator[Problem]:
    """What nobody reads would give one measurement many ids."""
    specification = case.result.specification
    yield from _unknown("specification", specification, _PARTS)
    yield from _unknown("specification.sampling", specification.get("sampling"), _SAMPLING)
    for i, column in enumerate(columns_of(case)):
        yield from _unknown(f"specification.metrics.{i}", column, _COLUMN)


def missing_part(case: Case) -> Iterator[Problem]:
    specification = case.result.specification
    for part in sorted(_PARTS):
        wanted = list if part == "metrics" else dict
        if not isinstance(specification.get(part), wanted):
            yield Problem(f"specification.{part}", "missing, or of another type")


def contradicts_specification(case: Case) -> Iterator[Problem]:
    result, specification = case.result, case.result.specification
    track, sampling = part_of(case, "track"), part_of(case, "sampling")
    said: list[tuple[str, Any, Any]] = [
        ("track.name", result.track.name, track.get("name")),
        ("track.version", result.track.version, track.get("version")),
        ("generator.name", result.generator.name, part_of(case, "generator").get("name")),
        ("sampling.n", result.sampling.n, sampling.get("n")),
        ("sampling.seed", result.sampling.seed, sampling.get("seed")),
        ("sampling.protocol", result.sampling.protocol, sampling.get("protocol")),
        ("sampling.shape", list(result.sampling.shape), sampling.get("shape")),
    ]
    yield from (
        Problem(field, f"{shown!r}, its specification says {specified!r}")
        for field, shown, specified in said
        if shown != specified
    )
    listed = specification.get("metrics")
    if not isinstance(listed, list):
        return  # a missing part
    if result.status != "failed" and len(result.metrics) != len(listed):
        yield Problem("metrics", f"{len(result.metrics)}, its specification lists {len(listed)}")
        return
    for i, (record, column) in enumerate(zip(result.metrics, columns_of(case), strict=False)):
        extractor = column.get("extractor")
        pairs: list[tuple[str, Any, Any]] = [
            ("name", record.name, column.get("name")),
            ("version", record.version, column.get("version")),
            ("extractor", record.extractor, extractor.get("name") if isinstance(extractor, dict) else None),
            ("params", record.params, {**_dict(column.get("params")), "against": column.get("against")}),
        ]
        for field, shown, specified in pairs:
            if shown != specified:
                yield Problem(f"metrics.{i}.{field}", f"{shown!r}, its specification says {specified!r}")


def taken_name(case: Case) -> Iterator[Problem]:
    if case.result.generator.kind != "registered" and case.entry:
        yield Problem("generator.name", f"{case.result.generator.name!r} is the name of a registered generator")


def unregistered(case: Case) -> Iterator[Problem]:
    if case.result.generator.kind == "registered" and case.entry is None and not case.settled:
        yield Problem("generator.name", f"{case.result.generator.name!r} is not in the registry")


def not_the_entry(case: Case) -> Iterator[Problem]:
    generator, entry = case.result.generator, case.entry
    if generator.kind != "registered" or entry is None or case.settled:
        return
    for field in _SHOWN:
        if getattr(generator, field) != getattr(entry, field):
            yield Problem(
                f"generator.{field}", f"{getattr(generator, field)!r}, its entry says {getattr(entry, field)!r}"
            )
    if entry.source.kind == "samples":  # known by their digest, as any images are
        return
    found, wanted = part_of(case, "generator"), entry.identity()
    for key in sorted(wanted if entry.source.kind in _GROWING else {*wanted, *found}):
        if key not in found or key not in wanted or found[key] != wanted[key]:
            yield Problem(
                f"specification.generator.{key}", f"{found.get(key)!r}, the registered one has {wanted.get(key)!r}"
            )


def claims_a_place(case: Case) -> Iterator[Problem]:
    generator = case.result.generator
    for field in ("baseline", "noise_floor"):
        if generator.kind != "registered" and getattr(generator, field):
            yield Problem(f"generator.{field}", "only generators of the registry are baselines")


def trust_contradicted(case: Case) -> Iterator[Problem]:
    kind, trusted = case.result.generator.kind, case.result.provenance.trusted_code
    ran = kind == "function" or (kind == "registered" and case.entry is not None and case.entry.source.kind == "python")
    if trusted != ran and not (kind == "registered" and case.settled):
        what = "a function" if ran else "no function"
        yield Problem("provenance.trusted_code", f"{trusted}, but {what} was run")


def other_images(case: Case) -> Iterator[Problem]:
    result = case.result
    if not are_images(case):
        return
    specified = part_of(case, "generator").get("images")
    if result.sampling.digest is not None and specified != result.sampling.digest:
        yield Problem("sampling.digest", f"{result.sampling.digest[:12]}, its specification says {str(specified)[:12]}")
    if result.sampling.seed is not None:
        yield Problem("sampling.seed", "images that were given were drawn by nobody's seed here")


def are_images(case: Case) -> bool:
    """Whether images were given; all else is drawn."""
    kind, entry = case.result.generator.kind, case.entry
    return kind == "images" or (kind == "registered" and entry is not None and entry.source.kind == "samples")


def borrowed_title(case: Case) -> Iterator[Problem]:
    generator = case.result.generator
    for entry in entries(Generator).values():
        if entry.name != generator.name and _alike(entry.title) == _alike(generator.title):
            yield Problem("generator.title", f"{generator.title!r} is the title of {entry.name}")


def columns_of(case: Case) -> list[dict[str, Any]]:
    """The columns that the specification lists, as far as they are any."""
    columns = case.result.specification.get("metrics")
    return [_dict(column) for column in columns] if isinstance(columns, list) else []


def part_of(case: Case, part: str) -> dict[str, Any]:
    return _dict(case.result.specification.get(part))


def _unknown(field: str, value: Any, known: set[str]) -> Iterator[Problem]:
    yield from (Problem(f"{field}.{key}", "no specification says this") for key in sorted(set(_dict(value)) - known))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _alike(title: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", title).casefold() if c.isalnum())
