"""A value on a board with its error, and the comparison of two of them."""

from __future__ import annotations

from dataclasses import dataclass

from ...benchmarks import difference
from ...benchmarks.difference import halves, joined
from ...registry.metrics import Better
from .dependence import ALONE, Basis, Origin, correlation

ALPHA = 0.05


@dataclass(frozen=True)
class Scored:
    """A row to be ranked.

    Attributes:
        se: the standard error, or none where none is known.
        lo: lower end of the 95% interval; by default what a normal one of that standard error has.
        hi: upper end.
        origin: what its error may have in common with those of other rows.
    """

    name: str
    value: float
    se: float | None
    lo: float | None = None
    hi: float | None = None
    origin: Origin = ALONE

    @property
    def halves(self) -> tuple[float, float]:
        """How far the value may be too high, and too low, in the unit of a standard error."""
        assert self.se is not None
        return halves(self.value, self.se, self.lo, self.hi)


@dataclass(frozen=True)
class ScoredColumn:
    """A column of a board, ready for statistics.

    Attributes:
        better: which way is better; none for a column that is shown and not ranked.
        rows: the ranked rows that have a value here, in no order that means anything.
    """

    key: str
    metric: str
    extractor: str
    against: str
    better: Better | None
    rows: tuple[Scored, ...]


def p_value(a: Scored, b: Scored) -> float:
    """Two-sided p-value of a difference; 1 where a standard error is missing, so that nothing is claimed."""
    if a.se is None or b.se is None:
        return 1.0
    above, below = (a, b) if a.value >= b.value else (b, a)
    error = joined(above.halves[0], below.halves[1], dependence(a, b)[0])
    return difference.p_value(above.value - below.value, float(error))


def dependence(a: Scored, b: Scored) -> tuple[float, Basis]:
    """Correlation of the errors of two rows that have standard errors, and how it is known."""
    assert a.se is not None
    assert b.se is not None
    return correlation(a.origin, b.origin, (a.se, b.se))
