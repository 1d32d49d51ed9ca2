"""Figure of `ranking`: Kendall's tau with the track's own order, by metric, over n, k, draws and feature spaces."""

from __future__ import annotations

from ...benchmarks.studies.table import Table, number
from ...registry.columns import titled
from ..charts.heat_map import Heat, heats
from ..charts.theme import Figure

AXES = {
    "n": ("Fewer samples: tau with all of them", "n"),
    "resamples": ("Two draws: tau with each other", "n"),
    "k": ("Another k: tau with the metric's own", "k"),
    "extractors": ("Another feature space: tau with the track's", "extractor"),
}
ROWS = ("n", "resamples"), ("k", "extractors")


def figure(table: Table) -> Figure:
    drawn = [heats([_map(table, axis) for axis in axes]) for axes in ROWS]
    return Figure("".join(one.drawing for one in drawn), " ".join(filter(None, (one.words for one in drawn))))


def _map(table: Table, axis: str) -> Heat:
    title, column = AXES[axis]
    rows = [row for row in table.of("tau", axis=axis) if row.get(column) is not None]
    cells = {(titled(str(row["metric"])), _text(row[column])): number(row, "tau") for row in rows}
    down, across = (list(dict.fromkeys(place[i] for place in cells)) for i in (0, 1))
    name = "feature space" if axis == "extractors" else column
    return Heat(title, "", name, down, across, cells, 1.0)


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
