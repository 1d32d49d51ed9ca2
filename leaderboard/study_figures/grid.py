"""Figure of `grid`: for each metric a heat map of the rankings' agreement, neighbours against samples."""

from __future__ import annotations

from ...benchmarks.studies.table import Table, number
from ...registry.columns import titled
from ..charts.heat_map import Heat, heats
from ..charts.theme import Figure


def figure(table: Table) -> Figure:
    return heats([_map(table, metric) for metric in table.seen("metric")])


def _map(table: Table, metric: str) -> Heat:
    known = [row for row in table.of("order", metric=metric) if row["tau"] is not None]
    taus = {(f"k = {row['k']}", f"{row['n']:,}"): number(row, "tau") for row in known}
    title = f"Ranking by {titled(metric).lower()}: tau with the track's own"
    rows, columns = [f"k = {k}" for k in table.seen("k")], [f"{n:,}" for n in table.seen("n")]
    return Heat(title, "", "n", rows, columns, taus, 1.0)
