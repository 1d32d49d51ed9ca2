"""Checks of the parts of a value: those of its metric, each with a value in its interval or the reason why not."""

from __future__ import annotations

from collections.abc import Iterator

from ....benchmarks.result import MetricRecord, PartRecord
from ....benchmarks.uncertainty import Z
from ....registry.catalog import entries
from ....registry.metrics import METRICS, Metric
from ....registry.schema import Dataset
from .finding import Problem
from .tree import Case
from .values import NARROWEST_TRAINED, ROUNDED, WIDEST_SKEWED, records


def contradicted(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        metric = METRICS.get(record.name)
        for i, part in enumerate(record.parts or ()):
            fact = _contradiction(part, _range(metric)) or _impossible(part, record)
            if fact is not None:
                yield Problem(f"{field}.parts.{i}", f"{part.name}: {fact}")


def others(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        metric = METRICS.get(record.name)
        if metric is None or metric.version != record.version:
            continue  # what another version had cannot be said here
        names = [part.name for part in record.parts or ()]
        wanted = _names_of(metric, case)
        if not metric.parts and record.parts is not None:
            yield Problem(f"{field}.parts", f"{record.name} has none")
        elif metric.parts and record.value is not None and record.parts is None:
            yield Problem(f"{field}.parts", f"missing, {record.name} has a value of each {_noun(metric.parts)}")
        elif record.parts is not None and wanted is not None and names != wanted[: len(names)]:
            yield Problem(f"{field}.parts", f"{', '.join(names)}; they are {', '.join(wanted)}")


def other_mean(case: Case) -> Iterator[Problem]:
    """The value of all classes lies between those of the classes."""
    for field, record in records(case):
        values = [part.value for part in record.parts or () if part.value is not None]
        metric = METRICS.get(record.name)
        if metric is None or metric.parts != "class" or record.value is None or not values:
            continue
        slack = ROUNDED * max(1.0, abs(record.value))
        if not min(values) - slack <= record.value <= max(values) + slack:
            yield Problem(f"{field}.value", f"{record.value:g}, its parts lie in {min(values):g} .. {max(values):g}")


def classes_of(case: Case) -> list[str] | None:
    """The labels of the classes of the track's data set; none where the track is not known."""
    dataset = entries(Dataset).get(case.track.dataset) if case.track else None
    return [str(label) for label in range(len(dataset.classes))] if dataset else None


def _names_of(metric: Metric, case: Case) -> list[str] | None:
    """What the parts of a metric are called on the track; none where that is not known."""
    if metric.parts == "class":
        return classes_of(case)
    if isinstance(metric.parts, tuple):
        return list(metric.parts)
    dataset = entries(Dataset).get(case.track.dataset) if case.track else None
    if dataset is None or dataset.groups is None:
        return None
    return list(dataset.groups.classes if metric.parts == "group" else dataset.groups.subjects)


def _range(metric: Metric | None) -> tuple[float, float] | None:
    return (metric.part_range or metric.range) if metric else None


def _contradiction(part: PartRecord, bounds: tuple[float, float] | None) -> str | None:
    """What cannot be of a part; none if all can."""
    value, se, lo, hi = part.value, part.se, part.lo, part.hi
    if value is None or se is None or lo is None or hi is None:
        if {se, lo, hi} != {None}:
            return "an interval of nothing, or half of one"
        return None if (part.reason or "").strip() else "something is null, and nothing says why"
    slack = ROUNDED * max(1.0, abs(value))
    if bounds and not bounds[0] - slack <= value <= bounds[1] + slack:
        return f"{value:g} lies outside {bounds[0]:g} .. {bounds[1]:g}"
    if not lo - slack <= value <= hi + slack:
        return f"{value:g} is not in its own interval, {lo:g} .. {hi:g}"
    half = (hi - lo) / 2
    if not NARROWEST_TRAINED * Z * se - slack <= half <= WIDEST_SKEWED * Z * se + slack:
        return f"half of its interval is {half:g}, with a standard error of {se:g}"
    return None


def _impossible(part: PartRecord, record: MetricRecord) -> str | None:
    """What cannot be of a row of a confusion matrix; none if it can, or if there is none."""
    if part.counts is None:
        return None
    if len(part.counts) != len(record.parts or ()):
        return f"taken for {len(part.counts)} classes, there are {len(record.parts or ())}"
    most = max(record.n, record.n_reference or 0)
    return f"{sum(part.counts):,} images, there are {most:,}" if sum(part.counts) > most else None


def _noun(parts: str | tuple[str, ...]) -> str:
    return parts if isinstance(parts, str) else "attribute"
