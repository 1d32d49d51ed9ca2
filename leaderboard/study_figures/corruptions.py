"""Figure of `corruptions`: for each alteration a map of metrics against severities, in standard errors."""

from __future__ import annotations

from ...benchmarks.studies.table import Table
from ..charts.heat_map import Heat, heats
from ..charts.theme import Figure
from .naming import map_of_changes


def figure(table: Table) -> Figure:
    return heats([_map(table, name) for name in table.seen("corruption")])


def _map(table: Table, name: str) -> Heat:
    title = f"{name.capitalize().replace('-', ' ')}: change for the worse, in standard errors"
    rows = list(table.of("value", corruption=name))
    return map_of_changes(title, rows, "severity", lambda row: str(row["severity"]))
