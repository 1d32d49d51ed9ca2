"""An interval drawn to scale in a table cell, and the axis above it.

Positions are percentages of the cell, so that the noise floor runs as one line through rows of any height.
"""

from __future__ import annotations

from markupsafe import Markup

from .scale import Axis, Span

_INSET = 5.0  # per cent of the cell left free at either end, for arrows and round ends


def interval_svg(axis: Axis, row: Span | None, floor: float | None, label: str, baseline: bool) -> Markup:
    """Inline SVG of one row; `row` is none where there is no value. What lies beyond the axis ends in an arrow."""
    parts = [] if floor is None else [_line(axis, floor, floor, "floor", "0", "100%")]
    if row is not None:
        parts += _drawn(axis, *row)
    kind = "iv base" if baseline else "iv"
    return Markup('<svg class="{}" role="img" aria-label="{}">{}</svg>').format(kind, label, Markup("").join(parts))


def axis_svg(axis: Axis) -> Markup:
    """The ticks of an axis with their labels, for the head of the column."""
    parts = []
    for tick in axis.ticks():
        x = _x(axis, tick)
        parts.append(Markup('<line x1="{0}" x2="{0}" y1="13" y2="17"/>').format(x))
        parts.append(Markup('<text x="{}" y="10">{}</text>').format(x, tick_text(tick)))
    return Markup('<svg class="ax" aria-hidden="true">{}</svg>').format(Markup("").join(parts))


def tick_text(tick: float) -> str:
    """
    >>> tick_text(0.5), tick_text(-20.0), tick_text(0.1 * 3)
    ('0.5', '−20', '0.3')
    """
    return f"{tick:.6g}".replace("-", "−")


def _drawn(axis: Axis, value: float, lo: float, hi: float) -> list[Markup]:
    parts = []
    if hi >= axis.lo and lo <= axis.hi:
        parts.append(_line(axis, lo, hi, "whisk", "50%", "50%"))
    if axis.lo <= value <= axis.hi:
        parts.append(Markup('<circle cx="{}" cy="50%" r="3.5"/>').format(_x(axis, value)))
    if lo < axis.lo:
        parts.append(_arrow("0%", "M7,-4 L1,0 L7,4"))
    if hi > axis.hi:
        parts.append(_arrow("100%", "M-7,-4 L-1,0 L-7,4"))
    return parts


def _line(axis: Axis, lo: float, hi: float, kind: str, y1: str, y2: str) -> Markup:
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(kind, _x(axis, lo), _x(axis, hi), y1, y2)


def _arrow(x: str, path: str) -> Markup:
    return Markup('<svg class="beyond" x="{}" y="50%"><path d="{}"/></svg>').format(x, path)


def _x(axis: Axis, value: float) -> str:
    return f"{_INSET + (100 - 2 * _INSET) * axis.at(value):.2f}%"
