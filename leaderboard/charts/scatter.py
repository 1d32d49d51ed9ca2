"""Fidelity against diversity: a point a generator, the Pareto front as steps.

Places are shares of the drawing and letters have sizes of their own, so that it fits any width. Only the labels are
placed twice, for a wide page and for a phone: fewer of them fit there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from markupsafe import Markup

from .axis import Axis, tick_text
from .labels import Box, beside, shortened, text_width
from .theme import page_of

Layout = Literal["wide", "narrow"]

_SIZES: dict[Layout, tuple[float, float]] = {"wide": (560, 400), "narrow": (280, 340)}  # least pixels of the plot
_FONT, _LINE = 12, 14.0  # pixels: a label's font, and its height
_MARK = 5  # pixels: half a point
_LONGEST = 24  # letters of a name before it is cut
_CROSS = "M-4-4L4 4M-4 4L4-4"


@dataclass(frozen=True)
class Point:
    """A generator.

    Attributes:
        side: `on` the front, `off` it, or `open`: the intervals do not tell.
        words: what is told of it, parts that stand in lines of their own after semicolons.
        flag: a word of warning beside its name.
        labelled: whether its name stands beside it; it is told in any case.
    """

    name: str
    x: float
    y: float
    side: str
    words: str
    colour: str
    flag: str = ""
    labelled: bool = True

    @property
    def label(self) -> str:
        return shortened(self.name, _LONGEST) + (f" ({self.flag})" if self.flag else "")


@dataclass(frozen=True)
class ScatterAxis:
    """An axis: its title, and the range that its values cannot leave."""

    title: str
    range: tuple[float, float]


@dataclass(frozen=True)
class _Plane:
    x: Axis
    y: Axis

    def share(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is, from the left and from the top."""
        return self.x.at(x), 1 - self.y.at(y)

    def at(self, x: float, y: float) -> tuple[str, str]:
        across, down = self.share(x, y)
        return _percent(across), _percent(down)


def scatter_svg(points: Sequence[Point], steps: Sequence[tuple[float, float]], x: ScatterAxis, y: ScatterAxis) -> str:
    """The chart, for `theme.inline`; `steps` are the corners of the front, from left to right."""
    plane = _Plane(_axis([p.x for p in points], x.range), _axis([p.y for p in points], y.range))
    parts = [_scales(plane, x.title, y.title), _front(plane, steps)]
    parts += [_labels(points, plane, layout) for layout in _SIZES]
    parts += [_mark(p, plane) for p in points]
    return str(Markup('<div class="plane"><svg>{}</svg></div>').format(Markup("").join(parts)))


def _axis(values: Sequence[float], within: tuple[float, float]) -> Axis:
    lo, hi = min(values), max(values)
    pad = 0.06 * (hi - lo) or 0.06 * abs(hi) or 1.0
    return Axis("linear", max(lo - pad, within[0] - pad / 2), min(hi + pad, within[1] + pad / 2))


def _scales(plane: _Plane, across: str, up: str) -> Markup:
    """Lines at the ticks, with their numbers, and the titles: where the axis across ends and over the other."""
    parts = []
    for tick in plane.x.ticks():
        at = _percent(plane.x.at(tick))
        parts.append(
            Markup('<line x1="{0}" x2="{0}" y2="100%"/><text x="{0}" y="100%" dy="18">{1}</text>').format(
                at, tick_text(tick)
            )
        )
    for tick in plane.y.ticks():
        at = _percent(1 - plane.y.at(tick))
        parts.append(
            Markup('<line y1="{0}" y2="{0}" x2="100%"/><text y="{0}" dx="-8" dy="4">{1}</text>').format(
                at, tick_text(tick)
            )
        )
    titles = Markup(
        '<text class="across" x="100%" y="100%" dy="38">{}</text><text class="up" dx="-44" dy="-14">{}</text>'
    )
    return Markup('<g class="scales">{}{}</g>').format(Markup("").join(parts), titles.format(across, up))


def _front(plane: _Plane, steps: Sequence[tuple[float, float]]) -> Markup:
    line = Markup('<line x1="{}" y1="{}" x2="{}" y2="{}"/>')
    lines = Markup("").join(line.format(*plane.at(*a), *plane.at(*b)) for a, b in pairwise(steps))
    return Markup('<g class="front">{}</g>').format(lines) if lines else lines


def _mark(p: Point, plane: _Plane) -> Markup:
    x, y = plane.at(p.x, p.y)
    if p.side == "off":
        shape = Markup('<svg x="{}" y="{}" stroke="{}" role="img" aria-label="{}"><path d="{}"/></svg>')
        drawn = shape.format(x, y, p.colour, p.words, _CROSS)
    else:
        shape = Markup('<circle cx="{}" cy="{}" r="{}" stroke="{}" fill="{}" role="img" aria-label="{}"/>')
        fill = p.colour if p.side == "on" else "var(--paper)"
        drawn = shape.format(x, y, _MARK, p.colour, fill, p.words)
    return Markup('<a href="{}">{}</a>').format(page_of(p.name), drawn)


def _labels(points: Sequence[Point], plane: _Plane, layout: Layout) -> Markup:
    """The names that have room, each as far from its point as it had to move, with a leader where that is far."""
    wide, high = _SIZES[layout]
    places = [(x * wide, y * high) for p in points for x, y in [plane.share(p.x, p.y)]]
    marks = [Box(x - _MARK, x + _MARK, y - _LINE / 2, y + _LINE / 2) for x, y in places]
    named = [(p, at) for p, at in zip(points, places, strict=True) if p.labelled]
    found = beside([_choices(p, *at, wide, high) for p, at in named], marks)
    parts = [_label(p, at, box, plane) for (p, at), box in zip(named, found, strict=True) if box]
    return Markup('<g class="{}">{}</g>').format(layout, Markup("").join(parts))


def _choices(p: Point, x: float, y: float, wide: float, high: float) -> list[Box]:
    width = text_width(p.label, _FONT)
    starts = [left for left in (x + 9, x - 9 - width) if 0 < left and left + width < wide]
    middles = [at for i in sorted(range(-12, 13), key=abs) if 0 < (at := y + i * _LINE / 2) < high]
    return [Box(left, left + width, at - _LINE / 2, at + _LINE / 2) for at in middles for left in starts]


def _label(p: Point, at: tuple[float, float], box: Box, plane: _Plane) -> Markup:
    down, right = round(box.middle - at[1], 1), box.left > at[0]
    side = 1 if right else -1
    line = Markup('<line x1="{}" x2="{}" y2="{:g}" stroke="{}"/>').format(side * _MARK, side * 8, down, p.colour)
    text = Markup('<text x="{}" y="{:g}"{}>{}</text>').format(
        side * 9, down + 4, "" if right else Markup(' class="left"'), p.label
    )
    inner = (line if abs(down) >= _LINE / 2 else Markup("")) + text
    return Markup('<svg x="{}" y="{}">{}</svg>').format(*plane.at(p.x, p.y), inner)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
