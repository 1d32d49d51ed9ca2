"""Checks of the track's protocol, as the registry has it today. Published results keep their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ....benchmarks.asked import asked_of
from ....benchmarks.drawing import PROTOCOL
from ....benchmarks.scoring import reference_count
from ....benchmarks.specification import key_of
from ....core.errors import GenboardError
from ....reference_stats.statistics import recipe_for
from ....registry.catalog import find
from ....registry.metrics import METRICS
from ....registry.schema import Dataset, Track
from .finding import Problem
from .identity import alike, are_images, columns_of, part_of
from .tree import Case

_ASKED = ("labels", "captions", "conditions")


def unknown_track(case: Case) -> Iterator[Problem]:
    if case.track is None:
        yield Problem("track.name", f"there is no track {case.result.track.name!r}")


def other_version(case: Case) -> Iterator[Problem]:
    track, version = case.track, case.result.track.version
    if track and not case.settled and version != track.version:
        yield Problem("track.version", f"{version}, the track is at version {track.version}")


def other_sampling(case: Case) -> Iterator[Problem]:
    track, sampling = case.current, case.result.sampling
    if track is None:
        return
    specified = part_of(case, "sampling")
    drawn = not are_images(case)
    wanted: list[tuple[str, Any, Any]] = [
        ("sampling.protocol", sampling.protocol, PROTOCOL),
        ("sampling.shape", sampling.shape, find(Dataset, track.dataset).shape),
        ("sampling.seed", sampling.seed, track.seed if drawn else None),
        *_asked(track, sampling.n if drawn else 0, specified),
    ]
    if case.result.generator.kind == "registered" and case.entry:
        block = case.entry.block if drawn else None
        wanted.append(("specification.sampling.block", specified.get("block"), block))
    yield from (
        Problem(field, f"{shown!r}, the track's is {own!r}") for field, shown, own in wanted if not alike(shown, own)
    )


def too_few(case: Case) -> Iterator[Problem]:
    if case.current and case.result.sampling.n < case.current.samples:
        yield Problem("sampling.n", f"{case.result.sampling.n:,} samples, the track asks for {case.current.samples:,}")


def too_many(case: Case) -> Iterator[Problem]:
    if case.current and case.result.sampling.n > case.current.samples:
        yield Problem("sampling.n", f"{case.result.sampling.n:,} samples, the track asks for {case.current.samples:,}")


def missing_column(case: Case) -> Iterator[Problem]:
    if case.current and case.result.status != "failed":
        found = {record.key for record in case.result.metrics}
        for column in case.current.metrics:
            if column.key not in found:
                yield Problem("metrics", f"there is no {column.key}")


def unknown_column(case: Case) -> Iterator[Problem]:
    keys = [record.key for record in case.result.metrics]
    for i, key in enumerate(keys):
        if key in keys[:i]:
            yield Problem(f"metrics.{i}", f"{key} is there twice")
        elif case.current and key not in {column.key for column in case.current.metrics}:
            yield Problem(f"metrics.{i}", f"{key} is no column of {case.current.id}")


def other_order(case: Case) -> Iterator[Problem]:
    """One measurement would have as many ids as its columns have orders."""
    if case.current:
        keys = [record.key for record in case.result.metrics]
        own = [column.key for column in case.current.metrics if column.key in keys]
        if sorted(keys) == sorted(own) and keys != own:
            yield Problem("metrics", f"{next(a for a, b in zip(keys, own, strict=True) if a != b)} is out of order")


def other_metric(case: Case) -> Iterator[Problem]:
    for i, record in enumerate(case.result.metrics):
        metric = METRICS.get(record.name)
        if metric and metric.version == record.version and record.direction != metric.better:
            yield Problem(f"metrics.{i}.direction", f"{record.direction}, of {record.name} it is {metric.better}")
    for field in ("version", "params"):
        yield from _unlike(case, field)


def other_extractor(case: Case) -> Iterator[Problem]:
    yield from _unlike(case, "extractor")


def other_reference(case: Case) -> Iterator[Problem]:
    yield from _unlike(case, "reference")


def cannot_compare(case: Case) -> Iterator[Problem]:
    if case.current and case.columns[1]:
        yield Problem("specification.metrics", f"what specifies the columns cannot be said here: {case.columns[1]}")


def other_count(case: Case) -> Iterator[Problem]:
    for i, record in enumerate(case.result.metrics):
        if record.n != case.result.sampling.n:
            yield Problem(f"metrics.{i}.n", f"{record.n}, there are {case.result.sampling.n} samples")
    if case.current is None or case.columns[1]:
        return
    columns = {column.key: column for column in case.current.metrics}
    for i, record in enumerate(case.result.metrics):
        column = columns.get(record.key)
        if column is None or record.name not in METRICS:
            continue
        recipe = recipe_for(case.current, column.extractor, column.against)
        wanted = reference_count(METRICS[record.name], recipe.count, recipe.features)
        if record.n_reference != wanted:
            yield Problem(f"metrics.{i}.n_reference", f"{record.n_reference}, the reference holds {wanted}")


def _asked(track: Track, n: int, specified: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Digests of what the samples were asked for, and what the track asks for."""
    try:
        asked: Mapping[str, str] = asked_of(track, n).digests if 0 < n <= track.samples else {}
    except GenboardError as e:
        asked = dict.fromkeys(_ASKED, e.fact)
    return [(f"specification.sampling.{what}", specified.get(what), asked.get(what)) for what in _ASKED]


def _unlike(case: Case, part: str) -> Iterator[Problem]:
    """Where a part of a column's specification is not what the registry says of that column."""
    if case.current is None:
        return
    wanted = [((s["name"], s["extractor"]["name"], s["against"]), s) for s in case.columns[0].values()]
    for i, column in enumerate(columns_of(case)):
        extractor = column.get("extractor")
        name = extractor.get("name") if isinstance(extractor, dict) else None
        own = (column.get("name"), name, column.get("against"))  # whatever was written there, so no key of a table
        alikes = [s for key, s in wanted if key == own]
        # Columns of one metric may differ by what they ask, as for the top 1 or the top 5.
        today = next((s for s in alikes if key_of(s) == key_of(column)), alikes[0] if alikes else None)
        if today is not None and not alike(column.get(part), today[part]):
            yield Problem(f"specification.metrics.{i}.{part}", _told(column.get(part), today[part]))


def _told(found: Any, wanted: Any) -> str:
    if isinstance(found, dict) and isinstance(wanted, dict):
        key = next(
            k
            for k in sorted({*found, *wanted})
            if (k in found) != (k in wanted) or not alike(found.get(k), wanted.get(k))
        )
        return f"{key} is {found.get(key)!r}, the track's is {wanted.get(key)!r}"
    return f"{found!r}, the track's is {wanted!r}"
