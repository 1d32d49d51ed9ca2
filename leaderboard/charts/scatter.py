"""Fidelity against diversity: a point a generator, the Pareto front as steps, drawn by Altair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .labels import Box, beside, shortened, text_width
from .theme import page_of, svg

_WIDTH, _HEIGHT = 620, 400
_FONT, _LINE = 12, 14.0  # pixels: a label's font, and its height
_MARK = 5  # pixels: half a point
_LONGEST = 24  # letters of a name before it is cut


@dataclass(frozen=True)
class Point:
    """A generator.

    Attributes:
        side: `on` the front, `off` it, or `open`: the intervals do not tell.
        flag: a word of warning beside its name.
    """

    name: str
    x: float
    y: float
    side: str
    words: str
    colour: str
    flag: str = ""

    @property
    def label(self) -> str:
        return shortened(self.name, _LONGEST) + (f" ({self.flag})" if self.flag else "")


def scatter_svg(points: Sequence[Point], steps: Sequence[tuple[float, float]], x: ScatterAxis, y: ScatterAxis) -> str:
    """The chart as SVG; `steps` are the corners of the front, from left to right."""
    import altair as alt

    box = _Frame(_padded([p.x for p in points], x.range), _padded([p.y for p in points], y.range))
    labels = _labels(points, box)
    rows = [
        {
            "name": p.label,
            "x": p.x,
            "y": p.y,
            "shape": {"on": "circle", "open": "circle", "off": "cross"}[p.side],
            "fill": p.colour if p.side == "on" else "var(--paper)",
            "colour": p.colour,
            "words": p.words,
            "href": page_of(p.name),
            "label_x": at[0],
            "label_y": at[1],
        }
        for p, label in zip(points, labels, strict=True)
        for at in [box.values(label.left, label.middle)]
    ]
    ticks = {"tickCount": 6, "labelOverlap": False}
    across = alt.X("x:Q", title=x.title, scale=alt.Scale(domain=list(box.x), nice=False, zero=False), axis=ticks)
    up = alt.Y("y:Q", title=y.title, scale=alt.Scale(domain=list(box.y), nice=False, zero=False), axis=ticks)
    base = alt.Chart(alt.InlineData(values=rows))
    strokes = [
        {"x": a, "y": b, "x2": c, "y2": d, "colour": p.colour}
        for p, label in zip(points, labels, strict=True)
        for a, b, c, d in _leader(p, label, box)
    ]
    ends = {"x": across, "y": up, "x2": "x2:Q", "y2": "y2:Q"}
    layers = [
        *(
            [
                alt.Chart(alt.InlineData(values=strokes))
                .mark_rule(strokeWidth=1, aria=False)
                .encode(**ends, color=alt.Color("colour:N", scale=None, legend=None))
            ]
            if strokes
            else []
        ),
        alt.Chart(alt.InlineData(values=[{"x": a, "y": b, "order": i} for i, (a, b) in enumerate(steps)]))
        .mark_line(interpolate="linear", color="var(--grey)", strokeWidth=1, strokeDash=[3, 3], aria=False)
        .encode(x=across, y=up, order="order:Q"),
        base.mark_text(align="left", baseline="middle", fontSize=_FONT, color="var(--muted)", aria=False).encode(
            x=alt.X("label_x:Q", title=x.title), y=alt.Y("label_y:Q", title=y.title), text="name:N"
        ),
        base.mark_point(filled=False, size=70, strokeWidth=2, opacity=1).encode(
            x=across,
            y=up,
            shape=alt.Shape("shape:N", scale=None, legend=None),
            stroke=alt.Stroke("colour:N", scale=None, legend=None),
            fill=alt.Fill("fill:N", scale=None, legend=None),
            href="href:N",
            description=alt.Description("words:N"),
        ),
    ]
    chart = alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)
    return svg(chart, {"left": 76, "right": 150, "top": 12, "bottom": 48})


@dataclass(frozen=True)
class ScatterAxis:
    """An axis: its title, and the range that its values cannot leave."""

    title: str
    range: tuple[float, float]


@dataclass(frozen=True)
class _Frame:
    x: tuple[float, float]
    y: tuple[float, float]

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        across, down = (x - self.x[0]) / (self.x[1] - self.x[0]), (self.y[1] - y) / (self.y[1] - self.y[0])
        return across * _WIDTH, down * _HEIGHT

    def values(self, x: float, y: float) -> tuple[float, float]:
        return (
            self.x[0] + x / _WIDTH * (self.x[1] - self.x[0]),
            self.y[1] - y / _HEIGHT * (self.y[1] - self.y[0]),
        )


def _padded(values: Sequence[float], within: tuple[float, float]) -> tuple[float, float]:
    lo, hi = min(values), max(values)
    pad = 0.06 * (hi - lo) or 0.06 * abs(hi) or 1.0
    return max(lo - pad, within[0] - pad / 2), min(hi + pad, within[1] + pad / 2)


def _leader(p: Point, label: Box, box: _Frame) -> list[tuple[float, float, float, float]]:
    """From a point to its name, where the name had to move: from and to, in values; nothing where it did not."""
    x, y = box.pixels(p.x, p.y)
    if abs(label.middle - y) < _LINE / 2:
        return []
    right = label.left > x
    near, start = (label.left - 1, x + _MARK) if right else (label.right + 1, x - _MARK)
    return [(*box.values(start, y), *box.values(near, label.middle))]


def _labels(points: Sequence[Point], box: _Frame) -> list[Box]:
    """Where each name stands: right of its point, or left, or as close above or below as leaves all legible."""
    places = [box.pixels(p.x, p.y) for p in points]
    marks = [Box(x - _MARK, x + _MARK, y - _LINE / 2, y + _LINE / 2) for x, y in places]
    choices = [_choices(p, *place) for p, place in zip(points, places, strict=True)]
    return [free or boxes[0] for free, boxes in zip(beside(choices, marks), choices, strict=True)]


def _choices(p: Point, x: float, y: float) -> list[Box]:
    width = text_width(p.label, _FONT)
    starts = [left for left in (x + 9, x - 9 - width) if left > 0]
    middles = [y + step * _LINE / 2 for step in sorted(range(-8, 9), key=abs)]
    return [Box(left, left + width, at - _LINE / 2, at + _LINE / 2) for at in middles for left in starts]
