"""Small multiples of lines over a number, each line labelled at its end, drawn by Altair as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...core.serialization import json_line
from .axis import Axis
from .labels import shortened, spread, text_width, wrapped
from .theme import LINE, TITLE_AT, Datasets, Figure, arranged, held, page_of

if TYPE_CHECKING:
    import altair as alt

WIDTH, HEIGHT = 200, 220  # of a plot; the least height: panels with more labels get more
LEFT = 46.0  # pixels for the numbers of an axis
WHOLE = 380.0  # pixels of a panel with everything: as wide as a phone
LABEL = 12  # pixels of height that a label takes
LABEL_FONT = 11
LONGEST = 19  # letters of a label before it is cut
LEADER = 18  # pixels from the end of a line to its label: a stroke of the line's own leads there
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
    if not order:
        return Figure()
    data: Datasets = {}
    own = {panel: [line for line in lines if line.panel == panel] for panel in order}
    height = max([HEIGHT, *(LABEL * sum(bool(line.label) for line in mine) for mine in own.values())])
    labelled = LEADER + 8 + max(text_width(shortened(line.label, LONGEST), LABEL_FONT) for line in lines)
    room = max(labelled, WHOLE - LEFT - WIDTH)
    heads = {panel: wrapped(panel, LEFT + WIDTH + room - TITLE_AT) for panel in order}
    drawing_of = _Drawing(x_title, logarithmic, names or {}, ranks, height)
    charts = [_panel(mine, drawing_of, data) for mine in own.values()]
    over = LINE * (max(map(len, heads.values())) - 1)
    sides = {"left": LEFT, "right": room, "top": 34.0 + over, "bottom": 44.0}
    drawing = arranged(charts, [(WIDTH, height)] * len(charts), sides, data, list(heads.values()))
    said: dict[str, list[str]] = {panel: [] for panel in order}
    reach = {panel: _from_to([x for line in mine for x, _ in line.points], names or {}) for panel, mine in own.items()}
    named = f"{x_title} " if x_title else ""
    for one in lines:
        if one.read:
            first, last = (drawing_of.value(y) for _, y in (one.points[0], one.points[-1]))
            said[one.panel].append(f"{one.name} {first} to {last}")
    return Figure(
        drawing, " ".join(f"{panel}, {named}{reach[panel]}: {', '.join(own)}." for panel, own in said.items())
    )


@dataclass(frozen=True)
class _Drawing:
    """What the panels of a figure have in common, see `panels`."""

    x_title: str
    logarithmic: bool
    names: Mapping[float, str]
    ranks: bool
    height: int

    def value(self, y: float) -> str:
        return f"{-y if self.ranks else y:.4g}"

    def words(self, line: Line) -> str:
        """A line with all its points, parts that a page shows in lines of their own after semicolons."""
        both = {x: f", {self.value(lo)} to {self.value(hi)}" for x, lo, hi in line.bands}
        told = (f"{self.names.get(x, f'{x:,g}')}: {self.value(y)}{both.get(x, '')}" for x, y in line.points)
        return "; ".join([f"{line.name}: {line.panel}", *filter(None, [self.x_title]), *told])


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


def _panel(lines: Sequence[Line], common: _Drawing, data: Datasets) -> alt.LayerChart:
    import altair as alt

    height, ranks = common.height, common.ranks
    upwards = _upwards(lines)
    span = upwards.lo, upwards.hi
    y_scale = alt.Scale(type=_VEGA[upwards.kind], domain=list(span), nice=False, zero=False)
    xs = [x for line in lines for x, _ in line.points]
    across = Axis("logarithmic" if common.logarithmic else "linear", min(xs), max(xs))
    x_scale = alt.Scale(type=_VEGA[across.kind], domain=[across.lo, across.hi], nice=False, zero=False)
    up = alt.Axis(tickCount=5, format=",~f", labelOverlap=True)
    if ranks:
        worst = round(-min(y for line in lines for _, y in line.points))
        up = alt.Axis(
            values=[-1, *range(-worst, -1, max(1, worst // 4))],
            labelExpr="-datum.value",
            labelOverlap=True,
            aria=False,
        )
    x = alt.X("x:Q", title=common.x_title or None, scale=x_scale, axis=_axis_across(xs, common.names, alt))
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
            | {"opacity": line.opacity, "words": common.words(line)}
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
    labels = _labels([line for line in lines if line.label], across, upwards, height)
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
    return chart.properties(width=WIDTH, height=height)


_VEGA: dict[str, Any] = {"linear": "linear", "logarithmic": "log"}


def _upwards(lines: Sequence[Line]) -> Axis:
    """The axis of a panel's values, with bands as far as they leave the lines legible."""
    values = [y for line in lines for _, y in line.points]
    lo, hi = min(values), max(values)
    # Shares end at 1 and are read on an even axis.
    if lo > 0 and hi > 1 and hi / lo > WIDE:
        return Axis("logarithmic", lo / 1.15, hi * 1.15)
    ends = [end for line in lines for _, *both in line.bands for end in both]
    pad = 0.05 * (hi - lo) or 0.05 * abs(hi) or 1.0
    low, high = max(min([lo, *ends]), lo - 3 * pad) - pad, min(max([hi, *ends]), hi + 3 * pad) + pad
    edge = EDGE * (high - low)
    return Axis(
        "linear",
        max(low, min(line.range[0] for line in lines) - edge),
        min(high, max(line.range[1] for line in lines) + edge),
    )


def _labels(lines: Sequence[Line], across: Axis, upwards: Axis, height: int) -> list[dict[str, Any]]:
    """The labels with their place in pixels from the top, pushed apart, and the line's end that each leads from."""
    places = [(height * (1 - upwards.at(line.points[-1][1])), line) for line in lines]
    placed = sorted(places, key=lambda item: (item[0], item[1].name))
    found: list[dict[str, Any]] = [
        {
            "label": shortened(line.label, LONGEST),
            "colour": line.colour,
            "ink": line.label_colour or line.colour,
            "dash": line.dash if end >= WIDTH - 1 else DOTTED,
            "from": end + 2,
            "end": at,
            **({"href": page_of(line.page)} if line.page else {}),
        }
        for at, line in placed
        for end in [WIDTH * across.at(line.points[-1][0])]
    ]
    for row, at in zip(found, spread([at for at, _ in placed], LABEL, (0.0, float(height))), strict=True):
        row["down"] = at
    return found
