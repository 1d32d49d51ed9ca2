"""Figure of `k`: four panels, a line a generator, with what equal distributions give."""

from __future__ import annotations

from ...benchmarks.studies.table import Table
from ..charts.lines import Line, panels
from ..charts.theme import Figure
from .naming import FEW, bands, colours, points, titled


def figure(table: Table) -> Figure:
    lines = []
    colour_of, ranked = colours(table), table.ranked
    for metric in table.seen("metric", "value"):
        title = titled(metric)
        for g in table.card.generators:
            rows = list(table.of("value", metric=metric, generator=g.name))
            label = g.name if g.name in ranked or g.noise_floor else ""
            look = (colour_of[g.name], label, 1.5, 0.9 if label else 0.35)
            band = bands(rows, "k") if len(ranked) <= FEW else []
            lines.append(Line(title, g.name, points(rows, "k"), *look, bands=band, page=g.name))
        for what, name, dash in (("real", "real against real", False), ("expected", "equal distributions", True)):
            expected = points(list(table.of(what, metric=metric)), "k")
            lines.append(Line(title, name, expected, "var(--ink)", name, 2.2, 1.0, dash))
    return panels([line for line in lines if line.points], "k")
