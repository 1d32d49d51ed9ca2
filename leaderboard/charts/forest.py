"""The chart of a board: every row's primary value with its interval, drawn by Altair, converted to inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from markupsafe import Markup

from .axis import Axis, Span
from .theme import LETTER_WIDTH, configured, page_of, to_svg

if TYPE_CHECKING:
    import altair as alt

_PLOT_WIDTH = 620
_ROW_HEIGHT = 24
_LONGEST = 34  # letters of a name before it is cut
_VEGA_SCALES: dict[str, Literal["linear", "sqrt", "log"]] = {
    "linear": "linear",
    "square-root": "sqrt",
    "logarithmic": "log",
}


@dataclass(frozen=True)
class Mark:
    """A row of the chart: its page's name, what is read out for it, and its colour."""

    name: str
    span: Span
    words: str
    colour: str
    floor: bool = False


def forest_svg(marks: Sequence[Mark], axis: Axis, title: str, root: str) -> Markup:
    """Inline SVG of the rows from top to bottom, points linked to their generators' pages; empty without rows."""
    if not marks:
        return Markup("")
    import altair as alt

    rows = [_row(mark, axis) for mark in marks]
    names = [str(row["name"]) for row in rows]
    scale = alt.Scale(type=_VEGA_SCALES[axis.kind], domain=[axis.lo, axis.hi], nice=False, zero=False)
    bottom = alt.Axis(values=list(axis.ticks()), format="~g", labelOverlap=False, grid=True)
    x = alt.X("value:Q", scale=scale, axis=bottom, title=title)
    side = alt.Axis(labelLimit=0, labelPadding=10, ticks=False, domain=False)
    y = alt.Y("name:N", sort=names, title=None, axis=side, scale=alt.Scale(paddingOuter=0.3))
    colour = alt.Color("colour:N", scale=None, legend=None)
    base = alt.Chart(alt.InlineData(values=rows))
    layers: list[alt.Chart] = [
        base.mark_rule(strokeWidth=2, strokeCap="round", aria=False).encode(
            x=alt.X("lo:Q", scale=scale), x2="hi:Q", y=y, color=colour
        ),
        base.mark_circle(size=56, opacity=1).encode(
            x=x, y=y, color=colour, href="href:N", description=alt.Description("words:N")
        ),
    ]
    layers += _arrows(alt, rows, scale, y, colour)
    floors = [{"value": mark.span[0]} for mark in marks if mark.floor]
    if floors:
        dashed = alt.Chart(alt.InlineData(values=floors)).mark_rule(strokeDash=[3, 3], color="var(--grey)", aria=False)
        layers.insert(0, dashed.encode(x=x))
    chart = alt.layer(*layers).properties(width=_PLOT_WIDTH, height=_ROW_HEIGHT * len(rows))
    left = 24 + LETTER_WIDTH * max(map(len, names))
    return to_svg(configured(chart, {"left": left, "right": 24, "top": 8, "bottom": 44}), root)


def _row(mark: Mark, axis: Axis) -> dict[str, Any]:
    value, lo, hi = mark.span
    return {
        "name": mark.name if len(mark.name) <= _LONGEST else f"{mark.name[: _LONGEST - 1]}…",
        "value": value,
        "lo": max(lo, axis.lo),
        "hi": min(hi, axis.hi),
        "words": mark.words,
        "href": page_of(mark.name),
        "colour": mark.colour,
        "beyond": "below" if lo < axis.lo else "above" if hi > axis.hi else "",
    }


def _arrows(alt: Any, rows: list[dict[str, Any]], scale: Any, y: Any, colour: Any) -> list[alt.Chart]:
    layers = []
    for shape, beyond in (("triangle-left", "below"), ("triangle-right", "above")):
        found = [row for row in rows if row["beyond"] == beyond]
        if found:
            points = alt.Chart(alt.InlineData(values=found)).mark_point(
                shape=shape, filled=True, size=40, opacity=1, aria=False
            )
            x = alt.X("lo:Q" if beyond == "below" else "hi:Q", scale=scale)
            layers.append(points.encode(x=x, y=y, color=colour))
    return layers
