"""Figure of `truncation`: a panel a generator, its path over diversity and fidelity, and the front of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...benchmarks.studies.evaluator import metric_of
from ...benchmarks.studies.table import Row, Table, number
from ...benchmarks.studies.truncation import compared
from ...registry.columns import qualifiers, titled
from ..charts.labels import Box, beside, text_width
from ..charts.theme import Datasets, Figure, arranged, held, page_of, title
from .naming import drawn_as

SIDE = 202
FONT, ABOVE, DOT = 11, 10, 3  # pixels: of the labels, how far over their points they stand, half a point
X = "recall"

Point = tuple[float, float, float]  # setting, diversity, fidelity


def figure(table: Table) -> Figure:
    paths = {name: path for name in table.seen("generator", "value") if len(path := path_of(table, name)) > 1}
    if not paths:
        return Figure()
    looks = drawn_as(table)
    data: Datasets = {}
    charts = [_panel(table, name, paths[name], looks[name].label, data) for name in paths]
    padding = {"left": 70.0, "right": 14.0, "top": 58.0, "bottom": 48.0}
    drawing = arranged(charts, [(SIDE, SIDE)] * len(charts), padding, data)
    return Figure(drawing, f"{'; '.join(_words(table, name, path) for name, path in paths.items())}.")


def path_of(table: Table, generator: str) -> list[Point]:
    """Setting, diversity and fidelity of a generator, where both could be measured."""
    up = compared(table)[0]
    values: dict[str, dict[float, float]] = {X: {}, up: {}}
    for row in table.of("value", generator=generator):
        key = str(row["metric"])
        name = metric_of(key).name
        if name in values and not qualifiers(key) and row["value"] is not None:
            values[name][number(row, "setting")] = number(row, "value")
    return [(setting, values[X][setting], y) for setting, y in sorted(values[up].items()) if setting in values[X]]


def front_of(table: Table) -> list[tuple[float, float]]:
    """The settings on the front, from the least diversity on."""
    on = {
        (row["generator"], row["setting"])
        for row in table.of("front", fidelity=compared(table)[0], diversity=X)
        if on_front(row)
    }
    found = [
        (x, y)
        for name in table.seen("generator", "value")
        for setting, x, y in path_of(table, name)
        if (name, setting) in on
    ]
    return sorted(found)


def on_front(row: Row) -> bool:
    return bool(row["front"] == "on")


def _panel(table: Table, name: str, path: Sequence[Point], shade: str, data: Datasets) -> Any:
    import altair

    alt: Any = altair

    def place(points: list[tuple[float, float]], **more: Any) -> list[dict[str, Any]]:
        return [{"x": x, "y": y, "order": i, **more} for i, (x, y) in enumerate(points)]

    axis = {"values": [0, 0.2, 0.4, 0.6, 0.8, 1], "format": ".1f", "labelOverlap": False, "labelFlush": False}
    x = alt.X("x:Q", title=titled(X), scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(**axis))
    up_title = titled(compared(table)[0])
    y = alt.Y("y:Q", title=up_title, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(**axis))
    own = next(number(row, "setting") for row in table.of("value", generator=name) if row["own"])
    argument = next(table.of("value", generator=name))["argument"]
    told = legible(path, own)
    dots = [
        {
            "x": across,
            "y": up,
            "text": f"{setting:g}" if setting in told else "",
            "size": 90 if setting == own else 34,
            "href": page_of(name),
            "words": f"{name}, {argument} {setting:g}: {up_title.lower()} {up:.2f}, {titled(X).lower()} {across:.2f}",
        }
        for setting, across, up in path
    ]

    def line(rows: list[dict[str, Any]], **mark: Any) -> Any:
        return held(rows, data).mark_line(aria=False, **mark).encode(x=x, y=y, order="order:Q")

    layers = []
    front = front_of(table)
    if len(front) > 1:
        layers.append(line(place(front), color="var(--muted)", strokeWidth=1.2, strokeDash=[4, 4]))
    layers.append(line(place([(a, b) for _, a, b in path]), color=shade, strokeWidth=2))
    base = held(dots, data)
    layers.append(
        base.mark_point(filled=True, color=shade, opacity=1).encode(
            x=x,
            y=y,
            size=alt.Size("size:Q", scale=None, legend=None),
            description="words:N",
            href="href:N",
        )
    )
    layers.append(
        base.mark_text(dy=-ABOVE, fontSize=FONT, color="var(--ink)", aria=False).encode(x=x, y=y, text="text:N")
    )
    subtitle = f"{argument}{_cost(table, name, 'evaluations')}"
    head = title(name, 6, subtitle=subtitle, subtitleColor="var(--muted)", subtitleFontSize=12)
    return alt.layer(*layers).properties(width=SIDE, height=SIDE, title=head)


def legible(path: Sequence[Point], own: float) -> set[float]:
    """The settings whose labels do not cover each other: the generator's own, both ends, then the others."""
    order = sorted(path, key=lambda p: (p[0] != own, p not in (path[0], path[-1])))
    found = beside([[_label(*point)] for point in order], [])
    return {point[0] for point, box in zip(order, found, strict=True) if box is not None}


def _label(setting: float, x: float, y: float) -> Box:
    """What a label takes, from its upper edge down to its point."""
    across, down, half = SIDE * x, SIDE * (1 - y), text_width(f"{setting:g}", FONT) / 2
    return Box(across - half, across + half, down - ABOVE - FONT / 2, down + DOT)


def _words(table: Table, name: str, path: Sequence[Point]) -> str:
    """The ends of a path."""
    argument = next(table.of("value", generator=name))["argument"]
    up = titled(compared(table)[0]).lower()
    ends = (f"{up} {y:.2f} and {titled(X).lower()} {x:.2f} at {s:g}" for s, x, y in (path[0], path[-1]))
    return f"{name}, {argument}: {', '.join(ends)}{_cost(table, name)}"


def _cost(table: Table, name: str, evaluations: str = "network evaluations a sample") -> str:
    """How often the network sees a sample, at the settings where the study knows it."""
    rows = list(table.of("value", generator=name))
    found = {number(row, "evaluations"): number(row, "setting") for row in rows if row.get("evaluations") is not None}
    if not found:
        return ""
    if len(found) == 1:
        return f", {next(iter(found)):g} {evaluations}"
    least, most = min(found), max(found)
    return f", {most:g} {evaluations}, {least:g} at {found[least]:g}"
