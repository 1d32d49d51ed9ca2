"""Small multiples of lines over a number, each line labelled at its end, drawn by Altair as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...core.files import json_line
from .labels import spread, text_width
from .theme import Datasets, Figure, arranged, held, page_of, title

if TYPE_CHECKING:
    import altair as alt

WIDTH, HEIGHT = 300, 240
LABEL = 12  # pixels of height that a label takes
LABEL_FONT = 11
WIDE = 30.0  # largest over smallest value from which a logarithmic axis shows more


@dataclass(frozen=True)
class Line:
    """A line of a panel.

    Attributes:
        points: (x, y), ascending in x.
        bands: (x, lo, hi) where there are any.
        label: what stands at its end; nothing for what stays in the background.
        dash: whether it is dashed, as what is not measured is.
        page: the generator whose page it leads to.
    """

    panel: str
    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    label: str = ""
    width: float = 1.5
    opacity: float = 0.9
    dash: bool = False
    bands: Sequence[tuple[float, float, float]] = field(default_factory=tuple)
    page: str | None = None


def panels(
    lines: Sequence[Line],
    x_title: str,
    columns: int = 2,
    logarithmic: bool = False,
    names: Mapping[float, str] | None = None,
    ranks: bool = False,
) -> Figure:
    """The lines in their panels, in the order in which panels first occur, and their ends in words.

    Args:
        logarithmic: of the axis across. That upwards is so by itself where a panel's values need it.
        names: what stands at places of the axis across, in place of numbers.
        ranks: whether the values are ranks, given negative, so that the first is on top.
    """
    order = list(dict.fromkeys(line.panel for line in lines))
    data: Datasets = {}
    charts = [
        _panel([line for line in lines if line.panel == panel], x_title, logarithmic, names or {}, ranks, data)
        for panel in order
    ]
    room = 20 + max((text_width(line.label, LABEL_FONT) for line in lines), default=0.0)
    sides = {"left": 64.0, "right": room, "top": 34.0, "bottom": 44.0}
    drawing = arranged(charts, [(WIDTH, HEIGHT)] * len(charts), columns, (room + 44, 84), sides, data)
    sign = -1 if ranks else 1
    said: dict[str, list[str]] = {panel: [] for panel in order}
    for one in lines:
        if one.label or not one.dash:  # what only prolongs another line goes without saying
            first, last = (f"{sign * y:.4g}" for _, y in (one.points[0], one.points[-1]))
            said[one.panel].append(f"{one.name} {first} to {last}")
    return Figure(drawing, " ".join(f"{panel}: {', '.join(own)}." for panel, own in said.items()))


def _axis_across(xs: Sequence[float], names: Mapping[float, str], alt: Any) -> Any:
    """With names, or with every value where there are few."""
    look = {"labelOverlap": "greedy", "grid": False}
    if names:
        places = sorted(names)
        said = ", ".join(json_line(names[place]).decode() for place in places)
        found = f"[{said}][indexof([{', '.join(map(repr, places))}], datum.value)]"
        return alt.Axis(values=places, labelExpr=found, labelFlush=False, **look)
    ticks = sorted(set(xs))
    return alt.Axis(values=ticks, format=",d", **look) if len(ticks) <= 7 else alt.Axis(format=",d")


def _panel(
    lines: Sequence[Line], x_title: str, logarithmic: bool, names: Mapping[float, str], ranks: bool, data: Datasets
) -> alt.LayerChart:
    import altair as alt

    y_scale, span = _upwards(lines, alt)
    xs = [x for line in lines for x, _ in line.points]
    kind: Any = "log" if logarithmic else "linear"
    x_scale = alt.Scale(type=kind, domain=[min(xs), max(xs)], nice=False, zero=False)
    up = alt.Axis(tickCount=5, format=",~f", labelOverlap=True)
    if ranks:
        worst = round(-min(y for line in lines for _, y in line.points))
        up = alt.Axis(values=[-1, *range(-worst, -1, max(1, worst // 4))], labelExpr="-datum.value", labelOverlap=True)
    x = alt.X("x:Q", title=x_title or None, scale=x_scale, axis=_axis_across(xs, names, alt))
    y = alt.Y("y:Q", title=None, scale=y_scale, axis=up)
    layers: list[alt.Chart] = []
    bands = [
        {"x": at, "lo": max(lo, span[0]), "hi": min(hi, span[1]), "line": line.name, "colour": line.colour}
        for line in lines
        for at, lo, hi in line.bands
    ]
    colour_ = alt.Color("colour:N", scale=None, legend=None)
    if bands:
        layers.append(
            held(bands, data)
            .mark_area(opacity=0.13, aria=False)
            .encode(x=x, y=alt.Y("lo:Q", scale=y_scale, title=None, axis=up), y2="hi:Q", detail="line:N", color=colour_)
        )
    for dash in (False, True):
        rows = [
            {"x": at, "y": value, "line": line.name, "colour": line.colour, "width": line.width}
            | {"opacity": line.opacity, "words": f"{line.panel}: {line.name}"}
            | ({"href": page_of(line.page)} if line.page else {})
            for line in lines
            if line.dash == dash
            for at, value in line.points
        ]
        if rows:
            mark = held(rows, data).mark_line(strokeDash=[5, 4] if dash else [1, 0], strokeJoin="round")
            layers.append(
                mark.encode(
                    x=x,
                    y=y,
                    detail="line:N",
                    color=colour_,
                    strokeWidth=alt.StrokeWidth("width:Q", scale=None, legend=None),
                    opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
                    description=alt.Description("words:N"),
                )
            )
    labels = _labels([line for line in lines if line.label], y_scale, span)
    # An empty link would lead somewhere all the same, so labels without one are a layer of their own.
    text = [
        held(rows, data)
        .mark_text(align="left", baseline="middle", fontSize=LABEL_FONT, aria=False, clip=False)
        .encode(
            x=alt.value(WIDTH + 7),
            y=alt.Y("down:Q", scale=None, title=None, axis=None),
            text="label:N",
            color=colour_,
            **({"href": "href:N"} if linked else {}),
        )
        for linked in (True, False)
        if (rows := [row for row in labels if ("href" in row) == linked])
    ]
    # Bands and lines share their scale, the labels have places of their own.
    drawn: list[Any] = [alt.layer(*layers), *text]
    chart: alt.LayerChart = alt.layer(*drawn).resolve_scale(y="independent" if text else "shared")
    return chart.properties(width=WIDTH, height=HEIGHT, title=title(lines[0].panel))


def _upwards(lines: Sequence[Line], alt: Any) -> tuple[Any, tuple[float, float]]:
    """The scale of a panel's values, bands as far as they leave the lines legible, and its two ends."""
    values = [y for line in lines for _, y in line.points]
    lo, hi = min(values), max(values)
    # Shares end at 1 and are read on an even axis.
    if lo > 0 and hi > 1 and hi / lo > WIDE:
        span = lo / 1.15, hi * 1.15
        return alt.Scale(type="log", domain=list(span), nice=False), span
    ends = [end for line in lines for _, *both in line.bands for end in both]
    pad = 0.05 * (hi - lo) or 0.05 * abs(hi) or 1.0
    span = max(min([lo, *ends]), lo - 3 * pad) - pad, min(max([hi, *ends]), hi + 3 * pad) + pad
    return alt.Scale(domain=list(span), nice=False, zero=False), span


def _labels(lines: Sequence[Line], scale: Any, span: tuple[float, float]) -> list[dict[str, Any]]:
    """The labels with their place in pixels from the top, pushed apart."""

    def down(y: float) -> float:
        bend = math.log if scale.to_dict().get("type") == "log" else float
        lo, hi = bend(span[0]), bend(span[1])
        return HEIGHT * (1 - (bend(y) - lo) / (hi - lo))

    placed = sorted(((down(line.points[-1][1]), line) for line in lines), key=lambda item: (item[0], item[1].name))
    found: list[dict[str, Any]] = [
        {"label": line.label, "colour": line.colour, **({"href": page_of(line.page)} if line.page else {})}
        for _, line in placed
    ]
    for row, at in zip(found, spread([at for at, _ in placed], LABEL, (0.0, float(HEIGHT))), strict=True):
        row["down"] = at
    return found
