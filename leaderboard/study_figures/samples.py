"""Figure of `samples`: the Fréchet distances against 1/n with their lines, then every other metric against n.

Samples grow to the right on both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from statistics import median
from typing import Any

from ...benchmarks.studies.table import Row, Table, number
from ..charts.families import Look
from ..charts.lines import Line, panels
from ..charts.theme import Figure
from .naming import FEW, bands, directed, drawn_as, points, reach

FAR = 5.0  # times the middle of the generators
BEYOND = (2, 3)  # dashes of what is foretold
ANY = -inf, inf  # a line may cross what values can be


def figure(table: Table) -> Figure:
    return _drawn(table, table.seen("metric", "value"))


def brief(table: Table) -> Figure:
    """The primary metric, and coverage, whose bias is the other way."""
    names = {table.card.primary, table.card.primary.replace("fd:", "coverage:")}
    return _drawn(table, [metric for metric in table.seen("metric", "value") if metric in names])


def _drawn(table: Table, metrics: Sequence[str]) -> Figure:
    lined = set(table.seen("metric", "line"))
    straight: list[Line] = []
    curved: list[Line] = []
    look_of = drawn_as(table)
    for metric in metrics:
        drawn, far = near(_rows_of(table, metric))
        title = directed(metric) + (f", {len(far)} off the scale" if far else "")
        for name, rows in drawn.items():
            if metric in lined:
                straight += _straight(table, metric, title, name, look_of[name], rows)
            else:
                band = bands(rows, "n") if len(drawn) <= FEW else []
                curved.append(_line(title, metric, name, points(rows, "n"), look_of[name], bands=band))
    across = {0.0: "∞"} | {-1 / n: f"{n:,}" for n in table.seen("n", "value")}
    both = panels(straight, "n samples, spaced as 1/n", names=across), panels(curved, "n samples", logarithmic=True)
    return Figure("".join(one.drawing for one in both), " ".join(filter(None, (one.words for one in both))))


def _line(panel: str, metric: str, name: str, points: Sequence[tuple[float, float]], look: Look, **more: Any) -> Line:
    labelled = {"label": name, "label_colour": look.label} | more
    return Line(panel, name, points, look.colour, dash=look.dash, page=name, range=reach(metric), **labelled)


def _rows_of(table: Table, metric: str) -> dict[str, list[Row]]:
    """The rows of each generator that is ranked or the noise floor; of every one where there is none."""
    shown = table.ranked | {g.name for g in table.card.generators if g.noise_floor}
    found: dict[str, list[Row]] = {}
    for row in table.of("value", metric=metric):
        if row["value"] is not None and (row["generator"] in shown or not shown):
            found.setdefault(str(row["generator"]), []).append(row)
    return found


def near(rows: Mapping[str, list[Row]]) -> tuple[dict[str, list[Row]], list[str]]:
    """The generators that a panel can show, and those whose value would press all others together."""
    values = {name: abs(number(own[-1], "value")) for name, own in rows.items()}
    middle = median(values.values()) if values else 0.0
    far = [name for name, value in values.items() if value > max(FAR * middle, 1.0)]
    return {name: own for name, own in rows.items() if name not in far}, far


def _straight(table: Table, metric: str, title: str, name: str, look: Look, rows: list[Row]) -> list[Line]:
    """The points against 1/n, and the line through them, drawn on to infinitely many samples, where its label is."""
    measured = sorted((-1 / n, value) for n, value in points(rows, "n"))
    found = []
    for line in table.of("line", metric=metric, generator=name):
        limit, slope = number(line, "limit"), number(line, "slope")
        ends = [(measured[-1][0], limit - slope * measured[-1][0]), (0.0, limit)]
        beyond = _line(title, metric, name, ends, look, width=1.0, read=False)
        found.append(replace(beyond, name=f"{name}, N to infinity {limit:.4g}", dash=BEYOND, range=ANY))
    return [_line(title, metric, name, measured, look, **({"label": ""} if found else {})), *found]
