"""Figure of `outliers`: for each kind and side a map of metrics against the share of outliers."""

from __future__ import annotations

from ...benchmarks.studies.listing import STUDIES
from ...benchmarks.studies.table import Row, Table, number
from ..charts.heat_map import Heat, heats
from ..charts.theme import Figure
from .naming import map_of_changes


def figure(table: Table) -> Figure:
    return heats([_map(table, kind, side) for kind in table.seen("kind") for side in table.seen("side")])


def _map(table: Table, kind: str, side: str) -> Heat:
    things = "reference" if side == "real" else "samples"
    made = ", of no track," if STUDIES[table.study].is_made_up(kind) else ""
    title = f"{kind.capitalize()}{made} in the {things}: change for the better, in standard errors"
    rows = list(table.of("value", kind=kind, side=side, shifted=True))
    return map_of_changes(title, rows, "outliers", _share, sign=-1)


def _share(row: Row) -> str:
    return "one" if row["outliers"] == 1 else f"{number(row, 'share'):.0%}"
