"""Intervals whose overlap says what the comparison of two rows says, as far as one length for all of them can.

The interval of one row alone does not show it: two rows whose 95% intervals overlap may differ significantly, since the
error of a difference is less than the sum of two errors. So all intervals are shortened or lengthened by one factor,
until bars overlap exactly where two rows do not differ significantly. The idea of comparison intervals is that of
Goldstein and Healy 1995, J. R. Statist. Soc. A 158, 175-177, who choose the factor by the average error rate; here the
decisions are known, and the factor is one that agrees with most of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import inf, sqrt

from ...benchmarks.uncertainty import Z
from .scored import Scored

USUAL = 1 / sqrt(2)  # the factor where two errors are equal and one pair is compared


@dataclass(frozen=True)
class Compared:
    """Comparison intervals of some rows.

    Attributes:
        spans: of each row its value, lower and upper end, in the order of the rows; a row without an error is a point.
        exceptions: pairs of names whose bars say something else than their comparison: each with whether they differ.
    """

    spans: tuple[tuple[float, float, float], ...]
    exceptions: tuple[tuple[str, str, bool], ...]


def comparison_intervals(rows: Sequence[Scored], differ: Callable[[Scored, Scored], bool]) -> Compared:
    """The intervals, and the pairs that they cannot show.

    Args:
        rows: with 95% intervals, or with none.
        differ: whether two of the rows differ significantly.

    >>> pair = [Scored("a", 0.0, 1.0), Scored("b", 3.0, 1.0)]
    >>> [round(hi - value, 2) < 1.5 for value, _, hi in comparison_intervals(pair, lambda a, b: True).spans]
    [True, True]
    """
    known = [row for row in rows if row.se is not None]
    touches = [(_touching(*_ordered(a, b)), differ(a, b)) for a, b in combinations(known, 2)]
    factor = _factor([(touch, apart) for touch, apart in touches if touch < inf])
    spans = tuple(_span(row, factor) for row in rows)
    at = {row.name: span for row, span in zip(rows, spans, strict=True)}
    exceptions = tuple(
        (a.name, b.name, apart)
        for (a, b), (_, apart) in zip(combinations(known, 2), touches, strict=True)
        if _overlap(at[a.name], at[b.name]) == apart
    )
    return Compared(spans, exceptions)


def _ordered(a: Scored, b: Scored) -> tuple[Scored, Scored]:
    return (a, b) if a.value <= b.value else (b, a)


def _touching(below: Scored, above: Scored) -> float:
    """The factor at which the two intervals touch: those of a larger one overlap."""
    reach = _halves(below)[1] + _halves(above)[0]
    return (above.value - below.value) / reach if reach > 0 else inf


def _factor(touches: Sequence[tuple[float, bool]]) -> float:
    """The factor next to the usual one, of those that agree with most comparisons; halfway between two that decide."""
    ends = sorted({touch for touch, _ in touches})
    if not ends:
        return 1.0
    middles = [sqrt(a * b) if a > 0 else b / 2 for a, b in pairwise(ends)]
    candidates = [USUAL, *([ends[0] / 2] if ends[0] > 0 else []), *middles, ends[-1] * 2 or 1.0]

    def wrong(factor: float) -> int:
        return sum((factor >= touch) == apart for touch, apart in touches)

    return min(candidates, key=lambda factor: (wrong(factor), abs(factor - USUAL)))


def _span(row: Scored, factor: float) -> tuple[float, float, float]:
    if row.se is None:
        return row.value, row.value, row.value
    down, up = _halves(row)
    return row.value, row.value - factor * down, row.value + factor * up


def _halves(row: Scored) -> tuple[float, float]:
    """How far the ends of a row's 95% interval are below and above its value."""
    down, up = row.halves
    return Z * down, Z * up


def _overlap(a: tuple[float, float, float], b: tuple[float, float, float]) -> bool:
    return a[1] <= b[2] and b[1] <= a[2]
