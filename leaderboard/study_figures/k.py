"""Figure of `k`: four panels, a line a generator, with what equal distributions give."""

from __future__ import annotations

from ...benchmarks.studies.table import Table, number
from ..charts.lines import Line, panels
from .naming import colours, titled


def figure(table: Table) -> str:
    lines = []
    colour_of, ranked = colours(table), table.ranked
    for metric in table.seen("metric", "value"):
        title = titled(metric)
        for g in table.card.generators:
            rows = list(table.of("value", metric=metric, generator=g.name))
            points = [(number(row, "k"), number(row, "value")) for row in rows]
            if not points:
                continue
            bands = [
                (
                    number(row, "k"),
                    number(row, "value") - 2 * number(row, "se"),
                    number(row, "value") + 2 * number(row, "se"),
                )
                for row in rows
                if row["se"] is not None and len(ranked) <= FEW
            ]
            label = g.name if g.name in ranked or g.noise_floor else ""
            opacity = 0.9 if label else 0.35
            lines.append(Line(title, g.name, points, colour_of[g.name], label, 1.5, opacity, bands=bands, page=g.name))
        for what, name, dash in (("real", "real against real", False), ("expected", "equal distributions", True)):
            points = [(number(row, "k"), number(row, "value")) for row in table.of(what, metric=metric)]
            if points:
                lines.append(Line(title, name, points, "var(--ink)", name, 2.2, 1.0, dash))
    return panels(lines, "k")


FEW = 4  # generators up to which a band behind each line can be read


def words(table: Table) -> str:
    """The ends of each line."""
    said = []
    for metric in table.seen("metric", "value"):
        for name in table.seen("generator", "value"):
            rows = list(table.of("value", metric=metric, generator=name))
            said.append(f"{titled(metric)} of {name} {number(rows[0], 'value'):.3f} to {number(rows[-1], 'value'):.3f}")
    return f"From k = 1 to {max(table.seen('k'))}: {'; '.join(said)}."
