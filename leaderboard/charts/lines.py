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

WIDTH, HEIGHT = 300, 240  # the least height: panels with more labels get more
LABEL = 12  # pixels of height that a label takes
LABEL_FONT = 11
LEADER = 22  # pixels from the end of a line to its label: a stroke of the line's own leads there
EDGE = 0.02  # of an axis, that it goes on beyond what values can be, so that a line at the end is seen
DASHED = (5, 4)
DOTTED = (1, 5)  # of a leader that crosses a panel, which is no line of it
WIDE = 30.0  # largest over smallest value from which a logarithmic axis shows more


@dataclass(frozen=True)
class Line:
    """A line of a panel.

    Attributes:
        points: (x, y), ascending in x.
        bands: (x, lo, hi) where there are any.
        label: what stands at its end; nothing for what stays in the background.
        label_colour: by default the line's own.
        dash: its dashes and gaps, in pixels; none for a line that is drawn through.
        read: whether its ends are read out; what only prolongs another line goes without saying.
        range: what its values can be: no band and no axis goes beyond.
        page: the generator whose page it leads to.
    """

    panel: str
    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    label: str = ""
    width: float = 1.5
    opacity: float = 0.9
    dash: tuple[int, ...] = ()
    bands: Sequence[tuple[float, float, float]] = field(default_factory=tuple)
    page: str | None = None
    label_colour: str = ""
    read: bool = True
    range: tuple[float, float] = (-math.inf, math.inf)


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
    own = {panel: [line for line in lines if line.panel == panel] for panel in order}
    height = max([HEIGHT, *(LABEL * sum(bool(line.label) for line in mine) for mine in own.values())])
    charts = [_panel(mine, x_title, logarithmic, names or {}, ranks, height, data) for mine in own.values()]
    labelled = LEADER + 14 + max((text_width(line.label, LABEL_FONT) for line in lines), default=0.0)
    room = max(labelled, *(text_width(panel) - WIDTH for panel in order), 0.0)
    sides = {"left": 64.0, "right": room, "top": 34.0, "bottom": 44.0}
    drawing = arranged(charts, [(WIDTH, height)] * len(charts), columns, (room + 44, 84), sides, data)
    sign = -1 if ranks else 1
    said: dict[str, list[str]] = {panel: [] for panel in order}
    reach = {panel: _from_to([x for line in mine for x, _ in line.points], names or {}) for panel, mine in own.items()}
    named = f"{x_title} " if x_title else ""
    for one in lines:
        if one.read:
            first, last = (f"{sign * y:.4g}" for _, y in (one.points[0], one.points[-1]))
            said[one.panel].append(f"{one.name} {first} to {last}")
    return Figure(
        drawing, " ".join(f"{panel}, {named}{reach[panel]}: {', '.join(own)}." for panel, own in said.items())
    )


def _from_to(xs: Sequence[float], names: Mapping[float, str]) -> str:
    """What the axis across goes from and to, in words."""
    ends = (min(xs), max(xs))
    return " to ".join(names.get(x, f"{x:,g}") for x in ends)


def _axis_across(xs: Sequence[float], names: Mapping[float, str], alt: Any) -> Any:
    """With names, or with every value where there are few. Numbers that names stand for are not read out."""
    look = {"labelOverlap": "greedy", "grid": False}
    if names:
        places = sorted(names)
        said = ", ".join(json_line(names[place]).decode() for place in places)
        found = f"[{said}][indexof([{', '.join(map(repr, places))}], datum.value)]"
        return alt.Axis(values=places, labelExpr=found, labelFlush=False, aria=False, **look)
    ticks = sorted(set(xs))
    return alt.Axis(values=ticks, format=",d", **look) if len(ticks) <= 7 else alt.Axis(format=",d")


def _panel(
    lines: Sequence[Line],
    x_title: str,
    logarithmic: bool,
    names: Mapping[float, str],
    ranks: bool,
    height: int,
    data: Datasets,
) -> alt.LayerChart:
    import altair as alt

    y_scale, span = _upwards(lines, alt)
    xs = [x for line in lines for x, _ in line.points]
    kind: Any = "log" if logarithmic else "linear"
    x_scale = alt.Scale(type=kind, domain=[min(xs), max(xs)], nice=False, zero=False)
    up = alt.Axis(tickCount=5, format=",~f", labelOverlap=True)
    if ranks:
        worst = round(-min(y for line in lines for _, y in line.points))
        up = alt.Axis(
            values=[-1, *range(-worst, -1, max(1, worst // 4))],
            labelExpr="-datum.value",
            labelOverlap=True,
            aria=False,
        )
    x = alt.X("x:Q", title=x_title or None, scale=x_scale, axis=_axis_across(xs, names, alt))
    y = alt.Y("y:Q", title=None, scale=y_scale, axis=up)
    layers: list[alt.Chart] = []
    bands = [
        {"x": at, "lo": max(lo, *ends[::2]), "hi": min(hi, *ends[1::2]), "line": line.name, "colour": line.colour}
        for line in lines
        for ends in [(*span, *line.range)]
        for at, lo, hi in line.bands
    ]
    colour_ = alt.Color("colour:N", scale=None, legend=None)
    if bands:
        layers.append(
            held(bands, data)
            .mark_area(opacity=0.13, aria=False)
            .encode(x=x, y=alt.Y("lo:Q", scale=y_scale, title=None, axis=up), y2="hi:Q", detail="line:N", color=colour_)
        )
    for dash in dict.fromkeys(line.dash for line in lines):
        rows = [
            {"x": at, "y": value, "line": line.name, "colour": line.colour, "width": line.width}
            | {"opacity": line.opacity, "words": f"{line.panel}: {line.name}"}
            | ({"href": page_of(line.page)} if line.page else {})
            for line in lines
            if line.dash == dash
            for at, value in line.points
        ]
        if rows:
            mark = held(rows, data).mark_line(strokeDash=list(dash or (1, 0)), strokeJoin="round")
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
    across = _Across(min(xs), max(xs), logarithmic)
    labels = _labels([line for line in lines if line.label], y_scale, span, across, height)
    place = alt.Y("down:Q", scale=None, title=None, axis=None)
    leaders = [
        held(rows, data)
        .mark_rule(strokeDash=list(dash or (1, 0)), aria=False, clip=False)
        .encode(
            x=alt.X("from:Q", scale=None, title=None, axis=None),
            x2=alt.value(WIDTH + LEADER),
            y=alt.Y("end:Q", scale=None, title=None, axis=None),
            y2="down:Q",
            color=colour_,
        )
        for dash in dict.fromkeys(row["dash"] for row in labels)
        for rows in [[{k: v for k, v in row.items() if k != "dash"} for row in labels if row["dash"] == dash]]
    ]
    # An empty link would lead somewhere all the same, so labels without one are a layer of their own.
    text = [
        held(rows, data)
        .mark_text(align="left", baseline="middle", fontSize=LABEL_FONT, aria=False, clip=False)
        .encode(
            x=alt.value(WIDTH + LEADER + 4),
            y=place,
            text="label:N",
            color=alt.Color("ink:N", scale=None, legend=None),
            **({"href": "href:N"} if linked else {}),
        )
        for linked in (True, False)
        if (rows := [{k: v for k, v in row.items() if k != "dash"} for row in labels if ("href" in row) == linked])
    ]
    # Bands and lines share their scale, leaders and labels have places of their own.
    drawn: list[Any] = [alt.layer(*layers), *leaders, *text]
    apart: Any = "independent" if text else "shared"
    chart: alt.LayerChart = alt.layer(*drawn).resolve_scale(x=apart, y=apart)
    return chart.properties(width=WIDTH, height=height, title=title(lines[0].panel))


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
    low, high = max(min([lo, *ends]), lo - 3 * pad) - pad, min(max([hi, *ends]), hi + 3 * pad) + pad
    edge = EDGE * (high - low)
    low, high = (
        max(low, min(line.range[0] for line in lines) - edge),
        min(high, max(line.range[1] for line in lines) + edge),
    )
    return alt.Scale(domain=[low, high], nice=False, zero=False), (low, high)


@dataclass(frozen=True)
class _Across:
    """The axis across: from value to pixels."""

    lo: float
    hi: float
    logarithmic: bool

    def __call__(self, x: float) -> float:
        bend = math.log if self.logarithmic else float
        lo, hi = bend(self.lo), bend(self.hi)
        return WIDTH * ((bend(x) - lo) / (hi - lo) if hi > lo else 1.0)


def _labels(
    lines: Sequence[Line], scale: Any, span: tuple[float, float], across: _Across, height: int
) -> list[dict[str, Any]]:
    """The labels with their place in pixels from the top, pushed apart, and the line's end that each leads from."""

    def down(y: float) -> float:
        bend = math.log if scale.to_dict().get("type") == "log" else float
        lo, hi = bend(span[0]), bend(span[1])
        return height * (1 - (bend(y) - lo) / (hi - lo))

    placed = sorted(((down(line.points[-1][1]), line) for line in lines), key=lambda item: (item[0], item[1].name))
    found: list[dict[str, Any]] = [
        {
            "label": line.label,
            "colour": line.colour,
            "ink": line.label_colour or line.colour,
            "dash": line.dash if end >= WIDTH - 1 else DOTTED,
            "from": end + 2,
            "end": at,
            **({"href": page_of(line.page)} if line.page else {}),
        }
        for at, line in placed
        for end in [across(line.points[-1][0])]
    ]
    for row, at in zip(found, spread([at for at, _ in placed], LABEL, (0.0, float(height))), strict=True):
        row["down"] = at
    return found
