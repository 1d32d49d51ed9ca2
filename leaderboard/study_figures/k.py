"""Figure of `k`: four panels, a line a generator, with what equal distributions give."""

from __future__ import annotations

from collections.abc import Sequence

from ...benchmarks.studies.table import Table
from ..charts.lines import DASHED, Line, panels
from ..charts.theme import Figure
from .naming import FEW, bands, directed, drawn_as, points, reach


def figure(table: Table) -> Figure:
    return _drawn(table, table.seen("metric", "value"))


def brief(table: Table) -> Figure:
    """Precision alone, which the headline is about."""
    return _drawn(table, ["precision"])


def _drawn(table: Table, metrics: Sequence[str]) -> Figure:
    lines = []
    look_of, ranked = drawn_as(table), table.ranked
    for metric in metrics:
        title = directed(metric)
        for g in table.card.generators:
            rows = list(table.of("value", metric=metric, generator=g.name))
            label = g.name if g.name in ranked or g.noise_floor else ""
            band = bands(rows, "k") if label and len(ranked) <= FEW else []
            look, opacity = look_of[g.name], 0.9 if label else 0.35
            lines.append(
                Line(
                    title,
                    g.name,
                    points(rows, "k"),
                    look.colour,
                    label,
                    opacity=opacity,
                    dash=look.dash,
                    bands=band,
                    page=g.name,
                    label_colour=look.label,
                    read=bool(label) or not look.dash,
                    range=reach(metric),
                )
            )
        for what, name, dash in (("real", "real against real", ()), ("expected", "equal distributions", DASHED)):
            expected = points(list(table.of(what, metric=metric)), "k")
            lines.append(
                Line(title, name, expected, "var(--ink)", name, width=2.2, opacity=1.0, dash=dash, range=reach(metric))
            )
    return panels([line for line in lines if line.points], "k, nearest neighbours")
