"""Figure of `copies`: for each kind a map of metrics against the share of copies."""

from __future__ import annotations

from ...benchmarks.studies.evaluator import called, metric_of
from ...benchmarks.studies.table import Table, number
from ..charts.heat_map import Heat, heats

DEEPEST = 10.0  # standard errors, from which the shade is the deepest


def figure(table: Table) -> str:
    return heats(maps(table), columns=2)


def maps(table: Table) -> list[Heat]:
    found = []
    for kind in reversed(table.seen("kind", "value")):
        rows = [row for row in table.of("value", kind=kind) if row.get("moved") is not None]
        # The tests for copies on top: they are what should move.
        rows.sort(key=lambda row: not metric_of(str(row["metric"])).detects_copies)
        cells = {(called(str(row["metric"])), f"{number(row, 'share'):.0%}"): number(row, "moved") for row in rows}
        metrics = list(dict.fromkeys(metric for metric, _ in cells))
        shares = [f"{value:.0%}" for value in table.seen("share", "value") if value]
        title = f"{kind.capitalize()} copies: change in standard errors"
        found.append(Heat(title, "", "share of copies", metrics, shares, cells, (0.0, DEEPEST), ".1f"))
    return found


def words(table: Table) -> str:
    """What the smallest and the largest share do."""
    said = []
    for one in maps(table):
        first, last = one.columns[0], one.columns[-1]
        moves = [
            f"{metric} {one.cells[metric, first]:.1f} to {one.cells[metric, last]:.1f}"
            for metric in one.rows
            if (metric, first) in one.cells and (metric, last) in one.cells
        ]
        said.append(f"{one.title}, from {first} to {last}: {', '.join(moves)}")
    return f"{'; '.join(said)}."
