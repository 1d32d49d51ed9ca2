"""Figure of `grid`: heat maps of neighbours against samples, of the values and of the order of the generators."""

from __future__ import annotations

from statistics import fmean

from ...benchmarks.studies.table import Row, Table, number
from ..charts.heat_map import Heat, heats
from .naming import titled


def figure(table: Table) -> str:
    maps = []
    for metric in table.seen("metric", "value"):
        means = _means(table, metric)
        maps.append(_map(table, f"{titled(metric)}: {_whose(table)}", means))
    for metric in table.seen("metric", "order"):
        taus = {_place(row): number(row, "tau") for row in table.of("order", metric=metric) if row["tau"] is not None}
        maps.append(_map(table, f"Order by {titled(metric).lower()}: tau with the track's own", taus, (0.0, 1.0)))
    return heats(maps)


def words(table: Table) -> str:
    """The corners of each map."""
    ks, ns = _sides(table)
    said = []
    for metric in table.seen("metric", "value"):
        means = _means(table, metric)
        corners = ", ".join(f"{means[k, n]:.2f} at {k} and n = {n}" for k in (ks[0], ks[-1]) for n in (ns[0], ns[-1]))
        said.append(f"{titled(metric)}, {_whose(table)}: {corners}")
    return f"{'; '.join(said)}."


def _map(
    table: Table, title: str, cells: dict[tuple[str, str], float], span: tuple[float, float] | None = None
) -> Heat:
    rows, columns = _sides(table)
    return Heat(title, "", "n", rows, columns, cells, span)


def _sides(table: Table) -> tuple[list[str], list[str]]:
    return [f"k = {k}" for k in table.seen("k", "value")], [f"{n:,}" for n in table.seen("n", "value")]


def _place(row: Row) -> tuple[str, str]:
    return f"k = {row['k']}", f"{row['n']:,}"


def _whose(table: Table) -> str:
    return "mean of the ranked generators" if table.ranked else "mean of the generators"


def _means(table: Table, metric: str) -> dict[tuple[str, str], float]:
    """The mean over the generators that a board would rank, where there are any, by (k, n)."""
    names = table.ranked or {g.name for g in table.card.generators}
    found: dict[tuple[str, str], list[float]] = {}
    for row in table.of("value", metric=metric):
        if row["generator"] in names:
            found.setdefault(_place(row), []).append(number(row, "value"))
    return {place: fmean(values) for place, values in found.items()}
