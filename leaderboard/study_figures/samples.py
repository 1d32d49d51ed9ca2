"""Figure of `samples`: the Fréchet distances against 1/n with their lines, then every other metric against n."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from ...benchmarks.studies.table import Row, Table, number
from ..charts.lines import Line, panels
from ..charts.theme import Figure
from .naming import FEW, bands, colours, points, titled

FAR = 5.0  # times the middle of the generators


def figure(table: Table) -> Figure:
    lined = set(table.seen("metric", "line"))
    straight: list[Line] = []
    curved: list[Line] = []
    colour_of = colours(table)
    for metric in table.seen("metric", "value"):
        drawn, far = near(_rows_of(table, metric))
        title = titled(metric) + (f" ({len(far)} off the scale)" if far else "")
        for name, rows in drawn.items():
            if metric in lined:
                straight += _straight(table, metric, title, name, colour_of[name], rows)
            else:
                band = bands(rows, "n") if len(drawn) <= FEW else []
                curved.append(Line(title, name, points(rows, "n"), colour_of[name], name, bands=band, page=name))
    across = {0.0: "∞"} | {1 / n: f"{n:,}" for n in table.seen("n", "value")}
    both = panels(straight, "n, spaced as 1/n", names=across), panels(curved, "n", logarithmic=True)
    return Figure("".join(one.drawing for one in both), " ".join(filter(None, (one.words for one in both))))


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


def _straight(table: Table, metric: str, title: str, name: str, colour: str, rows: list[Row]) -> list[Line]:
    """The points against 1/n, and the line through them, drawn on to infinitely many samples."""
    measured = sorted((1 / n, value) for n, value in points(rows, "n"))
    found = [Line(title, name, measured, colour, name, page=name)]
    for line in table.of("line", metric=metric, generator=name):
        limit, slope = number(line, "limit"), number(line, "slope")
        ends = [(0.0, limit), (measured[0][0], limit + slope * measured[0][0])]
        found.append(Line(title, f"{name}, N to infinity {limit:.4g}", ends, colour, dash=True))
    return found
