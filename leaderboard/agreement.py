"""Do the metrics agree on the order? Kendall's tau between the columns of a board, with what their errors allow.

No mean rank over metrics is taken: it would mix unlike numbers, and whoever enters the same model twice moves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ranking import ALPHA, ScoredColumn, clearly_better

LEAST = 3  # rows, below which an order says nothing


@dataclass(frozen=True)
class Pair:
    """How far two columns order the rows alike.

    Attributes:
        tau: Kendall's tau-b of the values as measured: 1 is the same order from good to bad, -1 the reverse.
        lo: lower end of the 95 % interval for tau of the true values: pairs of rows that a column cannot tell apart
            count as they harm most.
        hi: upper end, where they count as they help most.
        reason: why there is no tau.
    """

    a: str
    b: str
    n: int
    tau: float | None
    lo: float | None
    hi: float | None
    reason: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": [self.a, self.b],
            "rows": self.n,
            "tau": self.tau,
            "lo": self.lo,
            "hi": self.hi,
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
    pairs = tuple(_pair(a, b, alpha) for a, b in combinations(directed, 2))
    left_out = {column.key: "has no better end" for column in columns if column.better is None}
    return Agreement(tuple(column.key for column in directed), pairs, left_out)


def kendall_tau(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Kendall's tau-b: 1 is the same order, -1 the reverse. None where one side is all ties.

    >>> kendall_tau([1, 2, 3], [1, 3, 2])
    0.3333333333333333
    """
    a, b = (np.sign(np.subtract.outer(values, values)).astype(int) for values in (np.asarray(x), np.asarray(y)))
    left, right = np.count_nonzero(a), np.count_nonzero(b)
    return int((a * b).sum()) / sqrt(left * right) if left and right else None


def _pair(a: ScoredColumn, b: ScoredColumn, alpha: float) -> Pair:
    first, second = ({row.name: row.value for row in column.rows} for column in (a, b))
    names = sorted(first.keys() & second.keys())
    if len(names) < LEAST:
        reason = f"{len(names)} ranked rows have a value in both, {LEAST} are needed"
        return Pair(a.key, b.key, len(names), None, None, None, reason)
    turn = 1 if a.better == b.better else -1
    tau = kendall_tau([first[name] for name in names], [turn * second[name] for name in names])
    if tau is None:
        flat = a.key if len({first[name] for name in names}) == 1 else b.key
        return Pair(a.key, b.key, len(names), None, None, None, f"all values of {flat} are the same")
    assert a.better
    assert b.better
    # Half of the error in each column, so that the interval holds however the two depend on each other.
    known = (_told(a, alpha / 2, tuple(names)) * _told(b, alpha / 2, tuple(names)))[np.triu_indices(len(names), 1)]
    sure, open_, pairs = int(known.sum()), int((known == 0).sum()), len(known)
    return Pair(a.key, b.key, len(names), tau, (sure - open_) / pairs, (sure + open_) / pairs, None)


@lru_cache(maxsize=256)  # every pair of columns asks for both of its columns
def _told(column: ScoredColumn, alpha: float, names: tuple[str, ...]) -> NDArray[np.int_]:
    """Of each two rows which one is clearly better: 1 the first, -1 the second, 0 neither; shape (names, names)."""
    place = {name: i for i, name in enumerate(names)}
    signs = np.zeros((len(names), len(names)), int)
    assert column.better
    for ahead, behind in clearly_better(column.rows, column.better, alpha):
        if ahead in place and behind in place:
            signs[place[ahead], place[behind]], signs[place[behind], place[ahead]] = 1, -1
    return signs
