"""An interval drawn to scale: in a cell of a board's table, and as a chart of rows under one axis.

A cell says where its interval is in custom properties, in per cent of its width, and the style sheet draws it: a row
costs forty bytes, fits any width, and a reference runs as one line through rows of any height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .axis import Axis, Span, tick_text
from .labels import shortened
from .theme import page_of

_INSET = 5.0  # per cent of the cell left free at either end, for arrows and round ends
_LONGEST = 34  # letters of a name before it is cut


@dataclass(frozen=True)
class Drawn:
    """Where a row's interval is drawn.

    Attributes:
        at: of its value, its lower and its upper end, in per cent of the cell.
        kind: classes: `out`, the value is beyond the axis; `lt` and `gt`, the lower or upper end is: an arrow.
    """

    at: tuple[float, float, float]
    kind: str

    @property
    def style(self) -> str:
        value, lo, hi = (f"{x:.1f}".removesuffix(".0") for x in self.at)
        return f"--v:{value};--l:{lo};--h:{hi}"


@dataclass(frozen=True)
class IntervalRow:
    """A row of a chart.

    Attributes:
        words: what is read out for the interval.
        family: class that gives it a colour, see `families`; the accent without one.
        note: what stands beside it.
        flag: a word of warning beside its name.
        linked: whether its name is that of a generator, and leads to its page.
    """

    name: str
    span: Span
    words: str
    family: str = ""
    note: str = ""
    flag: str = ""
    linked: bool = False


def interval_chart(rows: Sequence[IntervalRow], axis: Axis, heads: Sequence[str], reference: float | None) -> str:
    """The rows from top to bottom, as HTML that `theme.inline` puts on a page; nothing without rows.

    Args:
        heads: over the names, over the axis and, where rows have notes, over these.
        reference: a value that a dashed line marks in every row.
    """
    if not rows:
        return ""
    style = "" if reference is None else Markup(' style="--floor:{}%"').format(place(axis, reference))
    head = Markup('<th scope="col">{}</th><th scope="col" class="drawn">{}{}</th>').format(*heads[:2], axis_svg(axis))
    head += Markup("").join(Markup('<th scope="col">{}</th>').format(text) for text in heads[2:])
    body = Markup("").join(_row(row, axis, len(heads) > 2) for row in rows)
    table = '<table class="intervals"{}><thead><tr>{}</tr></thead><tbody>{}</tbody></table>'
    return str(Markup(table).format(style, head, body))


def _row(row: IntervalRow, axis: Axis, noted: bool) -> Markup:
    name: str | Markup = shortened(row.name, _LONGEST)
    if row.linked:
        name = Markup('<a href="{}">{}</a>').format(page_of(row.name), name)
    if row.flag:
        name = Markup('{} <span class="tag warn">{}</span>').format(name, row.flag)
    at = drawn(axis, row.span)
    cell = Markup('<td class="{}" style="{}"><span class="vh">{}</span></td>').format(at.kind, at.style, row.words)
    note = Markup("<td>{}</td>").format(row.note) if noted else ""
    return Markup('<tr class="{}"><th scope="row">{}</th>{}{}</tr>').format(row.family, name, cell, note)


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
