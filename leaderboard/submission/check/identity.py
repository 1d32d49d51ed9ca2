"""Checks of the identity: the id, the specification, and the registry's entry of that name."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ....benchmarks.result import result_id
from .finding import Problem
from .tree import Case

_TRACK = {"name", "version"}
_PARTS = {"track", "generator", "sampling", "metrics"}
_SAMPLING = {"protocol", "n", "seed", "shape", "block", "labels", "captions", "conditions"}
_COLUMN = {"name", "version", "params", "against", "extractor", "reference"}
# What specifies a generator that the registry does not hold.
_GIVEN = {"images": {"name", "images"}, "function": {"name", "function", "code"}}
# What tables show of a generator, and an entry of the registry says.
_SHOWN = ("title", "family", "task", "baseline", "noise_floor", "origin", "licence", "paper")
# Sources whose identity grows by the digest of what they read, see `registry.kinds`.
_GROWING = {"diffusers", "python"}


def wrong_id(case: Case) -> Iterator[Problem]:
    try:
        wanted = result_id(case.result.specification)
    except ValueError as e:  # half a character, which has no bytes
        yield Problem("specification", str(e).splitlines()[0])
        return
    if case.result.id != wanted:
        yield Problem("id", f"{case.result.id} is not the id of its specification, {wanted}")


def unknown_part(case: Case) -> Iterator[Problem]:
    """What nobody reads would give one measurement many ids."""
    specification = case.result.specification
    yield from _unknown("specification", specification, _PARTS)
    yield from _unknown("specification.sampling", specification.get("sampling"), _SAMPLING)
    yield from _unknown("specification.track", specification.get("track"), _TRACK)
    if case.result.generator.kind in _GIVEN:
        yield from _unknown(
            "specification.generator", specification.get("generator"), _GIVEN[case.result.generator.kind]
        )
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
        if not alike(shown, specified)
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
            if not alike(shown, specified):
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
        if key not in found or key not in wanted or not alike(found[key], wanted[key]):
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
    ran = ran or any("code" in space for space in _spaces(case))
    if trusted != ran and not (kind == "registered" and case.settled):
        what = "a function" if ran else "no function"
        yield Problem("provenance.trusted_code", f"{trusted}, but {what} was run")


def _spaces(case: Case) -> Iterator[dict[str, Any]]:
    """The feature spaces of a result's columns, as its specification has them; `code` is that of a user's own."""
    columns = case.result.specification.get("metrics")
    for column in columns if isinstance(columns, list) else ():
        space = column.get("extractor") if isinstance(column, dict) else None
        if isinstance(space, dict):
            yield space


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


def not_as_measured(case: Case) -> Iterator[Problem]:
    """What `genboard evaluate` writes of a generator that the registry does not hold, and nobody else does."""
    generator, track = case.result.generator, case.current
    if generator.kind == "registered" or track is None:
        return
    if generator.task != track.task:
        yield Problem("generator.task", f"{generator.task!r}, on this track it is {track.task!r}")
    if generator.origin != "given by the user":
        yield Problem("generator.origin", f"{generator.origin!r}, of images and functions it is 'given by the user'")
    if part_of(case, "sampling").get("block") is not None:
        yield Problem("specification.sampling.block", "images and functions have no block")


def other_command(case: Case) -> Iterator[Problem]:
    """The command that is shown to repeat a result must be of that result."""
    result, words = case.result, case.result.provenance.command.split()
    if case.current is None:
        return
    wanted = {"--track": result.track.name}
    if result.generator.kind != "registered":
        wanted["--name"] = result.generator.name
    elif words[2:3] != [result.generator.name]:
        yield Problem("provenance.command", f"of {' '.join(words[2:3])!r}, this is {result.generator.name!r}")
    for flag, value in wanted.items():
        given = [after for word, after in itertools.pairwise(words) if word == flag]
        if given != [value]:
            yield Problem("provenance.command", f"{flag} {' '.join(given) or 'missing'}, this is {value}")
    if ("--trust-code" in words) != result.provenance.trusted_code:
        yield Problem("provenance.command", "with code that is trusted, or without, unlike the result")


def alike(a: Any, b: Any) -> bool:
    """Whether two values are one in JSON: 500 and 500.0, or true and 1, give a specification another id."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(alike, a, b))
    return type(a) is type(b) and bool(a == b)


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
