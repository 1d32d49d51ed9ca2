"""The chart of a board: every row's primary value with its interval, drawn by Altair, converted to inline SVG.

Colours are the page's own custom properties, so the chart follows light and dark. The layout is fixed, not measured
from fonts, so that the SVG depends on the numbers alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from .scale import Axis, Span

Kind = Literal["ranked", "baseline", "floor"]

_PLOT_WIDTH = 560
_ROW_HEIGHT = 24
_LETTER_WIDTH = 7.4  # pixels, generous, of the label font
_VEGA_SCALES: dict[str, Literal["linear", "sqrt", "log"]] = {
    "linear": "linear",
    "square-root": "sqrt",
    "logarithmic": "log",
}


@dataclass(frozen=True)
class Mark:
    """A row of the chart."""

    name: str
    span: Span
    kind: Kind


def forest_svg(marks: Sequence[Mark], axis: Axis, title: str) -> Markup:
    """Inline SVG of the rows from top to bottom; empty where there are none."""
    if not marks:
        return Markup("")
    import altair as alt  # these two take a second to load, so only when a chart is drawn
    import vl_convert

    names = [mark.name for mark in marks]
    rows = [
        {
            "name": mark.name,
            "value": mark.span[0],
            "lo": max(mark.span[1], axis.lo),
            "hi": min(mark.span[2], axis.hi),
            "kind": mark.kind,
            "beyond": "below" if mark.span[1] < axis.lo else "above" if mark.span[2] > axis.hi else "",
        }
        for mark in marks
    ]
    scale = alt.Scale(type=_VEGA_SCALES[axis.kind], domain=[axis.lo, axis.hi], nice=False, zero=False)
    bottom = alt.Axis(values=list(axis.ticks()), format="~g", labelOverlap=False, grid=True)
    x = alt.X("value:Q", scale=scale, axis=bottom, title=title)
    side = alt.Axis(labelLimit=0, labelPadding=10, ticks=False, domain=False)
    y = alt.Y("name:N", sort=names, title=None, axis=side, scale=alt.Scale(paddingOuter=0.3))
    colours = alt.Scale(domain=["ranked", "baseline", "floor"], range=["var(--accent)", "var(--grey)", "var(--grey)"])
    colour = alt.Color("kind:N", scale=colours, legend=None)
    base = alt.Chart(alt.InlineData(values=rows))
    layers: list[alt.Chart] = [
        base.mark_rule(strokeWidth=2, strokeCap="round").encode(
            x=alt.X("lo:Q", scale=scale), x2="hi:Q", y=y, color=colour
        ),
        base.mark_circle(size=48, opacity=1).encode(x=x, y=y, color=colour),
    ]
    for shape, beyond in (("triangle-left", "below"), ("triangle-right", "above")):
        found = [row for row in rows if row["beyond"] == beyond]
        arrows = alt.Chart(alt.InlineData(values=found)).mark_point(shape=shape, filled=True, size=40, opacity=1)
        if found:
            layers.append(
                arrows.encode(x=alt.X("lo:Q" if beyond == "below" else "hi:Q", scale=scale), y=y, color=colour)
            )
    floors = [{"value": mark.span[0]} for mark in marks if mark.kind == "floor"]
    if floors:
        dashed = alt.Chart(alt.InlineData(values=floors)).mark_rule(strokeDash=[3, 3], color="var(--grey)")
        layers.insert(0, dashed.encode(x=x))
    chart = (
        alt.layer(*layers)
        .properties(
            width=_PLOT_WIDTH,
            height=_ROW_HEIGHT * len(rows),
            background="transparent",
            autosize=alt.AutoSizeParams(type="none"),
            padding={"left": 24 + _LETTER_WIDTH * max(map(len, names)), "right": 24, "top": 8, "bottom": 44},
        )
        .configure(font="inherit")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="var(--ink)",
            titleColor="var(--muted)",
            gridColor="var(--line)",
            tickColor="var(--line)",
            domainColor="var(--line)",
            labelFontSize=13,
            titleFontSize=13,
            titleFontWeight="normal",
            titlePadding=10,
        )
    )
    # vl-convert escapes the text that it writes into the SVG; tests/test_site.py holds it to that.
    return Markup(vl_convert.vegalite_to_svg(chart.to_dict()))
