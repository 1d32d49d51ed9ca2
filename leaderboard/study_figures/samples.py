"""Figure of `samples`: the Fréchet distances against 1/n with their lines, then every other metric against n."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from ...benchmarks.studies.table import Row, Table, number
from ..charts.lines import Line, panels
from .naming import colours, titled

FEW = 4  # generators up to which a band behind each line can be read
FAR = 5.0  # times the middle of the generators


def figure(table: Table) -> str:
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
                points = [(number(row, "n"), number(row, "value")) for row in rows]
                bands = _bands(rows) if len(drawn) <= FEW else []
                curved.append(Line(title, name, points, colour_of[name], name, bands=bands, page=name))
    across = {0.0: "∞"} | {1 / n: f"{n:,}" for n in table.seen("n", "value")}
    return panels(straight, "n, spaced as 1/n", names=across) + panels(curved, "n", logarithmic=True)


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


def words(table: Table) -> str:
    """Each value with the one for N to infinity, and the ends of the curves."""
    said = []
    for row in table.of("line"):
        said.append(
            f"{titled(str(row['metric']))} of {row['generator']} {number(row, 'value'):.4g} at n = {row['n']:,}, "
            f"N to infinity {number(row, 'limit'):.4g}"
        )
    lined = set(table.seen("metric", "line"))
    for metric in table.seen("metric", "value"):
        for name in table.seen("generator", "value") if metric not in lined else []:
            rows = [row for row in table.of("value", metric=metric, generator=name) if row["value"] is not None]
            if rows:
                first, last = number(rows[0], "value"), number(rows[-1], "value")
                said.append(f"{titled(metric)} of {name} {first:.4g} to {last:.4g}")
    return f"{'; '.join(said)}."


def _straight(table: Table, metric: str, title: str, name: str, colour: str, rows: list[Row]) -> list[Line]:
    """The points against 1/n, and the line through them, drawn on to infinitely many samples."""
    points = sorted((1 / number(row, "n"), number(row, "value")) for row in rows)
    found = [Line(title, name, points, colour, name, page=name)]
    for line in table.of("line", metric=metric, generator=name):
        limit, slope = number(line, "limit"), number(line, "slope")
        ends = [(0.0, limit), (points[0][0], limit + slope * points[0][0])]
        found.append(Line(title, f"{name}, N to infinity {limit:.4g}", ends, colour, dash=True))
    return found


def _bands(rows: list[Row]) -> list[tuple[float, float, float]]:
    return [
        (number(row, "n"), number(row, "value") - 2 * number(row, "se"), number(row, "value") + 2 * number(row, "se"))
        for row in rows
        if row["se"] is not None
    ]
