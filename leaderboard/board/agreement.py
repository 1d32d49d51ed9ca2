"""Do the metrics agree on the order? For how many pairs of rows two columns agree, disagree, or leave it open.

Kendall's tau of the values stands beside the counts, without an interval: one that holds for the true values is as wide
as the open pairs allow, and bootstraps of tau fail where rows are close. No mean rank over metrics is taken: it would
mix unlike numbers, and whoever enters the same model twice moves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...benchmarks.studies.spread import tau as kendall_tau
from .scored import ALPHA, ScoredColumn
from .separation import ahead

LEAST = 3  # rows, below which an order says nothing


@dataclass(frozen=True)
class Pair:
    """How far two columns order the rows alike.

    Attributes:
        n: rows that have a value in both.
        same: pairs of rows that differ significantly in both columns, in the same order.
        reversed: pairs that differ significantly in both, in opposite order. With a chance of 95% none of these two
            counts holds a pair whose true values say otherwise.
        open: the other pairs: in at least one of the columns they do not differ significantly.
        tau: Kendall's tau-b of the values as measured: 1 is the same order from good to bad, -1 the reverse.
        reason: why there is none of it.
    """

    a: str
    b: str
    n: int
    same: int | None
    reversed: int | None
    open: int | None
    tau: float | None
    reason: str | None

    @property
    def tau_ends(self) -> tuple[float, float] | None:
        """Between which values Kendall's tau of the true values is, with a chance of 95%: open pairs may go either way.

        >>> Pair("fd:x", "kid:x", 15, 77, 1, 27, 0.96, None).tau_ends
        (0.4666666666666667, 0.9809523809523809)
        """
        if self.same is None or self.reversed is None or self.open is None:
            return None
        clear, pairs = self.same - self.reversed, self.same + self.reversed + self.open
        return (clear - self.open) / pairs, (clear + self.open) / pairs

    def in_words(self) -> str:
        """
        >>> Pair("fd:x", "kid:x", 15, 77, 1, 27, 0.96, None).in_words()
        '77 pairs in the same order, 1 reversed, 27 open'
        """
        if self.same is None:
            return self.reason or ""
        pairs = "1 pair" if self.same == 1 else f"{self.same} pairs"
        return f"{pairs} in the same order, {self.reversed} reversed, {self.open} open"

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": [self.a, self.b],
            "rows": self.n,
            "same": self.same,
            "reversed": self.reversed,
            "open": self.open,
            "tau": self.tau,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Agreement:
    """All pairs of columns that have a better end; the others are named with the reason."""

    columns: tuple[str, ...]
    pairs: tuple[Pair, ...]
    left_out: Mapping[str, str]

    def pair(self, a: str, b: str) -> Pair | None:
        return next((pair for pair in self.pairs if {pair.a, pair.b} == {a, b}), None)

    def to_json(self) -> dict[str, Any]:
        return {"pairs": [pair.to_json() for pair in self.pairs], "left_out": dict(self.left_out)}


def agreement(columns: Sequence[ScoredColumn], alpha: float = ALPHA) -> Agreement:
    """The agreement of every two columns over the rows that have a value in both."""
    directed = [column for column in columns if column.better is not None]
    pairs = tuple(pair_of(a, b, alpha) for a, b in combinations(directed, 2))
    left_out = {column.key: "has no better end" for column in columns if column.better is None}
    return Agreement(tuple(column.key for column in directed), pairs, left_out)


def pair_of(a: ScoredColumn, b: ScoredColumn, alpha: float = ALPHA) -> Pair:
    """How far two columns with a better end order the rows alike that have a value in both."""
    first, second = ({row.name: row.value for row in column.rows} for column in (a, b))
    names = sorted(first.keys() & second.keys())
    if len(names) < LEAST:
        reason = f"{len(names)} ranked rows have a value in both, {LEAST} are needed"
        return Pair(a.key, b.key, len(names), None, None, None, None, reason)
    turn = 1 if a.better == b.better else -1
    tau = kendall_tau([first[name] for name in names], [turn * second[name] for name in names])
    if tau is None:
        flat = a.key if len({first[name] for name in names}) == 1 else b.key
        return Pair(a.key, b.key, len(names), None, None, None, None, f"all values of {flat} are the same")
    assert a.better
    assert b.better
    # Half of the error in each column, so that the counts hold however the two depend on each other.
    known = (_signs(a, alpha / 2, tuple(names)) * _signs(b, alpha / 2, tuple(names)))[np.triu_indices(len(names), 1)]
    same, reversed_, open_ = (int((known == sign).sum()) for sign in (1, -1, 0))
    return Pair(a.key, b.key, len(names), same, reversed_, open_, tau, None)


@lru_cache(maxsize=256)  # every pair of columns asks for both of its columns
def _signs(column: ScoredColumn, alpha: float, names: tuple[str, ...]) -> NDArray[np.int8]:
    """Of each two rows which one is clearly better: 1 the first, -1 the second, 0 neither; shape (names, names)."""
    assert column.better
    clear = ahead(column.rows, column.better, names, alpha).astype(np.int8)
    return clear - clear.T
