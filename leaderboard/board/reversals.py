"""The ranking at the track's number of samples N beside that for N → ∞, and the rank reversals between them.

A Fréchet distance at N is biased upwards by an amount that depends on the generator, so the order at N need not be the
order for N → ∞. Neither replaces the other; both are shown, and the pairs whose order is reversed are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .ranking import Ranked, rank
from .scored import ScoredColumn
from .separation import separated

LIMITS = {"fd": "fd_debiased"}
LISTED = 1_000  # reversals, the significant ones first: of thousands of rows there are millions


@dataclass(frozen=True)
class RankReversal:
    """Two rows whose order is reversed.

    Attributes:
        ahead: the one that is ahead at N.
        clear_at_n: whether the two differ significantly at N.
        clear_in_limit: whether they do for N → ∞.
    """

    ahead: str
    behind: str
    clear_at_n: bool
    clear_in_limit: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "ahead_at_n": self.ahead,
            "ahead_in_limit": self.behind,
            "told_apart_at_n": self.clear_at_n,
            "told_apart_in_limit": self.clear_in_limit,
        }


@dataclass(frozen=True)
class Limit:
    """The ranking for N → ∞, by a bias-corrected estimate, or the reason there is none.

    Attributes:
        at_n: the column that ranks the board.
        column: the one that estimates its limit; none where there is none.
        places: of the rows that have a value there, best first.
        reversals: at most `LISTED` of them, the significant ones before the others, in the order of the board.
        count: how many there are.
        significant: how many of them are pairs that differ significantly at N or for N → ∞.
        reversed: the rows that are in any.
    """

    at_n: str
    column: str | None
    places: tuple[Ranked, ...]
    reversals: tuple[RankReversal, ...] = ()
    count: int = 0
    significant: int = 0
    reversed: frozenset[str] = frozenset()
    reason: str | None = None

    @cached_property
    def _by_name(self) -> dict[str, Ranked]:
        return {place.name: place for place in self.places}

    def place(self, name: str) -> Ranked | None:
        return self._by_name.get(name)

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "reason": self.reason,
            "count": self.count,
            "significant": self.significant,
            "reversals": [one.to_json() for one in self.reversals],
        }


def limit_of(primary: str, columns: Sequence[ScoredColumn]) -> Limit:
    """The ranking for N → ∞ of the column that ranks the board."""
    at_n = next(column for column in columns if column.key == primary)
    wanted = LIMITS.get(at_n.metric)
    if wanted is None:
        return Limit(primary, None, (), reason=f"{at_n.metric} has no bias that grows as the samples get fewer")
    if not at_n.rows:
        return Limit(primary, None, (), reason="nothing is ranked")
    like = (at_n.extractor, at_n.against)
    there = {c.metric: c for c in columns if (c.extractor, c.against) == like and c.rows and c.better}
    column = there.get(wanted)
    if column is None:
        return Limit(primary, None, (), reason=f"{wanted} was not measured")
    assert column.better
    places = tuple(rank(column.rows, column.better))
    return Limit(primary, column.key, places, *_reversals(at_n, column))


def _reversals(at_n: ScoredColumn, limit: ScoredColumn) -> tuple[tuple[RankReversal, ...], int, int, frozenset[str]]:
    """Those that are listed, how many there are, how many of them are significant, and the rows that have any."""
    sign = 1 if at_n.better == "lower" else -1
    before = {row.name: sign * row.value for row in at_n.rows}
    after = {row.name: sign * row.value for row in limit.rows}
    order = sorted(before.keys() & after.keys(), key=lambda name: (before[name], name))
    first, then = (np.array([values[name] for name in order]) for values in (before, after))
    turned = (first[:, None] < first) & (then[:, None] > then)  # [i, j]: row i is ahead at N and behind for N → ∞
    apart = [(found | found.T) & turned for found in (separated(c.rows).among(order) for c in (at_n, limit))]
    pairs, significant = np.argwhere(turned), (apart[0] | apart[1])[turned]
    listed = np.sort(np.argsort(~significant, kind="stable")[:LISTED])
    told = [
        RankReversal(order[i], order[j], bool(apart[0][i, j]), bool(apart[1][i, j])) for i, j in pairs[listed].tolist()
    ]
    rows = np.flatnonzero(turned.any(axis=0) | turned.any(axis=1))
    return tuple(told), len(pairs), int(significant.sum()), frozenset(order[i] for i in rows)
