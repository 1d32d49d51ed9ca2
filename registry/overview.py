"""The registry as plain data, for `genboard list` and `genboard show`. Nothing heavy is imported."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..core.errors import UnknownName
from .catalog import KINDS, entries, find, tracks_of
from .metrics import METRICS, Metric, find_metric
from .schema import Dataset, Entry, Extractor, Generator, Track

_ALL_KINDS = (*KINDS, "metrics")


def listed(kind: str) -> list[dict[str, Any]]:
    """The entries of a kind, the fields that tell them apart.

    Raises:
        UnknownName: no such kind.
    """
    if _plural(kind) == "metrics":
        return [_metric_row(metric) for metric in METRICS.values()]
    return [_row(entry) for entry in entries(KINDS[_plural(kind)]).values()]


def shown(kind: str, name: str) -> dict[str, Any]:
    """Every field of one entry.

    Raises:
        UnknownName: no such kind, or no such name.
    """
    if _plural(kind) == "metrics":
        metric = find_metric(name)
        values = {f.name: getattr(metric, f.name) for f in fields(metric)}
        plain = {"fn": metric.path, "params": dict(metric.params), "range": [_bound(b) for b in metric.range]}
        return {**values, **plain}
    entry = find(KINDS[_plural(kind)], name)
    values = entry.model_dump(mode="json")
    return {**values, "tracks": list(tracks_of(entry))} if isinstance(entry, Generator) else values


def flat(entry: dict[str, Any]) -> list[tuple[str, Any]]:
    """Fields one below the other: what is nested gets a dotted name, what is empty is left out."""
    rows: list[tuple[str, Any]] = []
    for key, value in entry.items():
        if isinstance(value, dict):
            rows += [(f"{key}.{inner}", v) for inner, v in flat(value)]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            rows += [(f"{key}.{i}.{inner}", v) for i, item in enumerate(value) for inner, v in flat(item)]
        elif value not in (None, "", [], ()):
            rows.append((key, value))
    return rows


def _plural(kind: str) -> str:
    plural = kind if kind.endswith("s") else kind + "s"
    if plural not in _ALL_KINDS:
        raise UnknownName("kind of entry", kind, _ALL_KINDS)
    return plural


def _row(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Generator):
        return {
            "name": entry.name,
            "family": entry.family,
            "kind": entry.source.kind,
            "task": entry.task,
            "tracks": list(tracks_of(entry)),
            "baseline": entry.baseline,
            "origin": entry.origin,
            "licence": entry.licence,
            "title": entry.title,
        }
    if isinstance(entry, Dataset):
        return {"name": entry.name, "count": entry.count, "shape": list(entry.shape), "title": entry.title}
    if isinstance(entry, Extractor):
        return {"name": entry.name, "dim": entry.dim, "classes": entry.classes, "title": entry.title}
    assert isinstance(entry, Track)
    return {
        "name": entry.name,
        "version": entry.version,
        "dataset": entry.dataset,
        "samples": entry.samples,
        "primary": entry.primary,
        "title": entry.title,
    }


def _metric_row(metric: Metric) -> dict[str, Any]:
    return {"name": metric.name, "version": metric.version, "better": metric.better, "title": metric.title}


def _bound(bound: float) -> float | None:
    """JSON has no infinity: an open end is null."""
    return None if bound in (float("inf"), -float("inf")) else bound
