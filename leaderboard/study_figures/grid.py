"""Figure of `grid`: for each metric a heat map of the rankings' agreement, neighbours against samples."""

from __future__ import annotations

from ...benchmarks.studies.table import Table, number
from ..charts.heat_map import Heat, heats
from .naming import titled


def figure(table: Table) -> str:
    return heats(maps(table))


def maps(table: Table) -> list[Heat]:
    found = []
    rows, columns = [f"k = {k}" for k in table.seen("k")], [f"{n:,}" for n in table.seen("n")]
    for metric in table.seen("metric"):
        known = [row for row in table.of("order", metric=metric) if row["tau"] is not None]
        taus = {(f"k = {row['k']}", f"{row['n']:,}"): number(row, "tau") for row in known}
        title = f"Ranking by {titled(metric).lower()}: tau with the track's own"
        found.append(Heat(title, "", "n", rows, columns, taus, (0.0, 1.0)))
    return found


def words(table: Table) -> str:
    """The corners of each map."""
    said = []
    for one in maps(table):
        corners = [(k, n) for k in (one.rows[0], one.rows[-1]) for n in (one.columns[0], one.columns[-1])]
        values = ", ".join(f"{one.cells[k, n]:.2f} at {k} and n = {n}" for k, n in corners if (k, n) in one.cells)
        said.append(f"{one.title}: {values}")
    return f"{'; '.join(said)}."
