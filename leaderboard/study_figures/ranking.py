"""Figure of `ranking`: Kendall's tau with the track's own order, by metric, over n, k, draws and feature spaces."""

from __future__ import annotations

from ...benchmarks.studies.table import Table, number
from ..charts.heat_map import Heat, heats
from .naming import titled

AXES = {
    "n": ("Fewer samples: tau with all of them", "n"),
    "resamples": ("Two draws: tau with each other", "n"),
    "k": ("Another k: tau with the metric's own", "k"),
    "extractors": ("Another feature space: tau with the track's", "extractor"),
}
ROWS = ("n", "resamples"), ("k", "extractors")


def figure(table: Table) -> str:
    return "".join(heats([one for axis in axes for one in _maps(table, axis)]) for axes in ROWS)


def words(table: Table) -> str:
    """The worst of each metric along each axis."""
    said = []
    for axis, (title, _) in AXES.items():
        worst = []
        for metric in table.seen("metric", "tau"):
            rows = list(table.of("tau", axis=axis, metric=metric))
            if rows:
                row = min(rows, key=lambda row: number(row, "tau"))
                worst.append(f"{titled(metric)} {number(row, 'tau'):.2f} ({row['setting']})")
        if worst:
            said.append(f"{title}, at worst: {', '.join(worst)}")
    return f"{'. '.join(said)}." if said else "No order to compare."


def _maps(table: Table, axis: str) -> list[Heat]:
    title, column = AXES[axis]
    rows = [row for row in table.of("tau", axis=axis) if row.get(column) is not None]
    if not rows:
        return []
    cells = {(titled(str(row["metric"])), _text(row[column])): number(row, "tau") for row in rows}
    across = {_text(row[column]): None for row in rows}
    down = {titled(str(row["metric"])): None for row in rows}
    name = "feature space" if axis == "extractors" else column
    return [Heat(title, "", name, list(down), list(across), cells, (0.0, 1.0))]


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
