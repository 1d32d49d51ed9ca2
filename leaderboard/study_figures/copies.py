"""Figure of `copies`: for each kind a map of metrics against the share of copies."""

from __future__ import annotations

from ...benchmarks.studies.evaluator import metric_of
from ...benchmarks.studies.table import Row, Table, number
from ..charts.heat_map import Heat, heats
from ..charts.theme import Figure
from .naming import map_of_changes


def figure(table: Table) -> Figure:
    return heats([_map(table, kind) for kind in table.seen("kind", "value")])


def _map(table: Table, kind: str) -> Heat:
    # The tests for copies on top: they are what should move.
    rows = sorted(table.of("value", kind=kind), key=lambda row: not metric_of(str(row["metric"])).detects_copies)
    return map_of_changes(
        f"{kind.capitalize()} copies: change for the worse, in standard errors", rows, "share of copies", _share
    )


def _share(row: Row) -> str:
    return f"{number(row, 'share'):.0%}"
