"""The scorecard: metrics against failures, each cell what the studies of a track say of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...registry.metrics import METRICS
from .listing import STUDIES, find_study
from .table import Cell, Table

# Columns, in their order: what may be wrong with samples, then with the measurement.
FAILURES = ("blur", "noise", "dropped modes", "outliers", "copies", "small N", "choice of k")


@dataclass(frozen=True)
class Scorecard:
    """What the studies of a track say, by (metric, failure); several studies may have a say.

    Attributes:
        metrics: its rows, in the order of the registry: those that any study says something of.
    """

    track: str
    metrics: tuple[str, ...]
    cells: dict[tuple[str, str], tuple[Cell, ...]]


def scorecard(tables: Iterable[Table]) -> Scorecard:
    """The scorecard of the studies of one track.

    Raises:
        ValueError: tables of several tracks, or a cell of a failure that has no column.
    """
    order = list(STUDIES)
    chosen = sorted(tables, key=lambda table: order.index(table.study))
    tracks = {f"{table.track.name}@{table.track.version}" for table in chosen}
    if len(tracks) > 1:
        raise ValueError(f"a scorecard is of one track, here are {', '.join(sorted(tracks))}")
    cells: dict[tuple[str, str], tuple[Cell, ...]] = {}
    for table in chosen:
        for cell in find_study(table.study).cells(table):
            if cell.failure not in FAILURES:
                raise ValueError(f"the study {table.study!r} scores {cell.failure!r}, which is no column")
            key = cell.metric, cell.failure
            cells[key] = (*cells.get(key, ()), cell)
    said = {metric for metric, _ in cells}
    return Scorecard(next(iter(tracks), ""), tuple(name for name in METRICS if name in said), cells)
