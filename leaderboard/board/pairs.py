"""Any two rows of a board: their difference in every column, its intervals, and whether it is significant.

Two ranked rows are judged together with all pairs of ranked rows, as ranks and letters are: at 5% in the column that
ranks, at half of it in the others. A pair with a row that is not ranked is judged alone. Values that are better than
those of real images are not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...benchmarks.difference import joined
from ...benchmarks.uncertainty import Z
from ...registry.metrics import Better
from .board import Board, Row
from .scored import ALPHA, Scored, ScoredColumn, dependence, p_value
from .separation import Separation, separated

Verdict = Literal["first", "second", "open", "suspicious", "no better end", "no interval"]


@dataclass(frozen=True)
class PairColumn:
    """A column with all that its pairs are judged by.

    Attributes:
        cells: the rows that have a value here.
        ranked: names of those whose pairs are judged together.
        beyond: of these, what is significantly better than real images.
        alpha: level of the joint test, by which an interval holds for all its pairs with a chance of 1 - alpha.
        separation: the pairs of ranked rows that differ significantly; none where no end is better.
    """

    key: str
    better: Better | None
    cells: Mapping[str, Scored]
    ranked: frozenset[str]
    beyond: frozenset[str]
    alpha: float
    separation: Separation | None

    def together(self, a: str, b: str) -> bool:
        """Whether two rows are judged together with all pairs of ranked rows."""
        return self.better is not None and {a, b} <= self.ranked

    def differ(self, a: str, b: str) -> bool:
        """Whether two rows that have a value differ significantly."""
        if self.together(a, b):
            return self.separation is not None and self.separation.differ(a, b)
        return p_value(self.cells[a], self.cells[b]) < ALPHA


@dataclass(frozen=True)
class Difference:
    """Value of one row less that of another.

    Attributes:
        alone: the 95% interval of this pair alone; none where a standard error is missing.
        joint: the interval that holds for all pairs of ranked rows together; none where the pair is judged alone.
    """

    gap: float
    alone: tuple[float, float] | None
    joint: tuple[float, float] | None
    verdict: Verdict


def pair_columns(board: Board) -> tuple[PairColumn, ...]:
    return tuple(_column(board, scored) for scored in board.scored)


def difference(column: PairColumn, a: str, b: str) -> Difference:
    """The difference of two rows that have a value in a column."""
    x, y = column.cells[a], column.cells[b]
    gap = x.value - y.value
    if x.se is None or y.se is None:
        return Difference(gap, None, None, "no interval" if column.better else "no better end")
    (down_a, up_a), (down_b, up_b), rho = x.halves, y.halves, dependence(x, y)[0]
    high, low = (
        float(joined(down_a, up_b, rho)),
        float(joined(up_a, down_b, rho)),
    )  # how far it may be too high, too low
    alone = (gap - Z * high, gap + Z * low)
    joint = None
    if column.separation and column.together(a, b):
        c = column.separation.quantile
        joint = (gap - c * high, gap + c * low)
    return Difference(gap, alone, joint, _verdict(column, a, b, gap))


def like_real(column: PairColumn, row: Row, floor: Row | None) -> bool:
    """Whether a row is not significantly different from held-out real images; the two are judged alone."""
    x, real = row.scored(column.key), floor.scored(column.key) if floor else None
    return bool(x and real and x.se is not None and real.se is not None and p_value(x, real) >= ALPHA)


def _column(board: Board, scored: ScoredColumn) -> PairColumn:
    key, alpha = scored.key, ALPHA if scored.key == board.track.primary else ALPHA / 2
    cells = {row.name: found for row in board.rows if (found := row.scored(key))}
    return PairColumn(
        key,
        scored.better,
        cells,
        frozenset(row.name for row in board.ranked if row.name in cells),
        frozenset(row.name for row in board.ranked if key in row.better_than_real),
        alpha,
        separated(scored.rows, alpha) if scored.better else None,
    )


def _verdict(column: PairColumn, a: str, b: str, gap: float) -> Verdict:
    if column.better is None:
        return "no better end"
    if {a, b} & column.beyond:
        return "suspicious"
    if not column.differ(a, b):
        return "open"
    return "first" if (gap < 0) == (column.better == "lower") else "second"
