"""An interval drawn to scale in a table cell, and the axis above it.

A cell says where its interval is in custom properties, in per cent of its width, and the style sheet draws it: a row
costs forty bytes, and the noise floor runs as one line through rows of any height.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from .axis import Axis, Span

_INSET = 5.0  # per cent of the cell left free at either end, for arrows and round ends


@dataclass(frozen=True)
class Drawn:
    """Where a row's interval is drawn.

    Attributes:
        at: of its value, its lower and its upper end, in per cent of the cell.
        kind: classes: `out`, the value is beyond the axis; `lt` and `gt`, an end is, and gets an arrow.
    """

    at: tuple[float, float, float]
    kind: str

    @property
    def style(self) -> str:
        value, lo, hi = (f"{x:.1f}".removesuffix(".0") for x in self.at)
        return f"--v:{value};--l:{lo};--h:{hi}"


def drawn(axis: Axis, row: Span) -> Drawn:
    """An interval on an axis; what lies beyond is clipped."""
    value, lo, hi = row
    kinds = [
        kind
        for kind, holds in (
            ("out", not axis.lo <= value <= axis.hi),
            ("lt", lo < axis.lo),
            ("gt", hi > axis.hi),
        )
        if holds
    ]
    ends = (0.0 if lo < axis.lo else place(axis, lo), 100.0 if hi > axis.hi else place(axis, hi))
    # What lies wholly beyond is a short arrow at the edge.
    if lo > axis.hi:
        ends = (100.0 - _INSET, 100.0)
    if hi < axis.lo:
        ends = (0.0, _INSET)
    return Drawn((place(axis, value), *ends), " ".join(kinds))


def place(axis: Axis, value: float) -> float:
    """Where a value is drawn, in per cent of the cell."""
    return round(_INSET + (100 - 2 * _INSET) * axis.at(value), 1)


def axis_svg(axis: Axis) -> Markup:
    """The ticks of an axis with their labels, for the head of the column."""
    parts = []
    for tick in axis.ticks():
        x = f"{place(axis, tick)}%"
        parts.append(Markup('<line x1="{0}" x2="{0}" y1="13" y2="17"/>').format(x))
        parts.append(Markup('<text x="{}" y="10">{}</text>').format(x, tick_text(tick)))
    return Markup('<svg class="ax" aria-hidden="true">{}</svg>').format(Markup("").join(parts))


def tick_text(tick: float) -> str:
    """
    >>> tick_text(0.5), tick_text(-20.0), tick_text(0.1 * 3)
    ('0.5', '−20', '0.3')
    """
    return f"{tick:.6g}".replace("-", "−")
