"""The registry as plain data, for `genboard list` and `genboard show`. Nothing heavy is imported."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..core.errors import UnknownName
from .catalog import KINDS, entries, find, tracks_of
from .metrics import Metric
from .schema import Entry, Generator

# What tells the entries of a kind apart, beside their names.
_FIELDS = {
    "datasets": ("count", "shape"),
    "generators": ("family", "kind", "task", "tracks", "baseline", "origin", "licence"),
    "extractors": ("dim", "classes"),
    "tracks": ("version", "dataset", "samples", "primary"),
    "metrics": ("version", "better"),
}


def listed(kind: str) -> list[dict[str, Any]]:
    """The entries of a kind, the fields that tell them apart.

    Raises:
        UnknownName: no such kind.
    """
    kind = _plural(kind)
    return [_row(entry, ("name", *_FIELDS[kind], "title")) for entry in entries(kind).values()]


def shown(kind: str, name: str) -> dict[str, Any]:
    """Every field of one entry.

    Raises:
        UnknownName: no such kind, or no such name.
    """
    entry = find(_plural(kind), name)
    if isinstance(entry, Metric):
        values = {f.name: getattr(entry, f.name) for f in fields(entry)}
        return {
            **values,
            "fn": entry.path,
            "params": dict(entry.params),
            "range": _ends(entry.range),
            "part_range": entry.part_range and _ends(entry.part_range),
        }
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
    if plural not in KINDS:
        raise UnknownName("kind of entry", kind, KINDS)
    return plural


def _row(entry: Entry | Metric, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in names}
    if isinstance(entry, Generator):
        values |= {"kind": entry.source.kind, "tracks": tracks_of(entry)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _ends(bounds: tuple[float, float]) -> list[float | None]:
    """JSON has no infinity: an open end is null."""
    return [None if bound in (float("inf"), -float("inf")) else bound for bound in bounds]
