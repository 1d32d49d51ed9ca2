"""The ranking at the track's number of samples N beside that for N → ∞, and the rank reversals between them.

A Fréchet distance at N is biased upwards by an amount that depends on the generator, so the order at N need not be the
order for N → ∞. Neither replaces the other; both are shown, and the pairs whose order is reversed are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .ranking import Ranked, ScoredColumn, rank, separated

LIMITS = {"fd": "fd_debiased"}


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
    """

    at_n: str
    column: str | None
    places: tuple[Ranked, ...]
    reversals: tuple[RankReversal, ...]
    reason: str | None

    def place(self, name: str) -> Ranked | None:
        return next((place for place in self.places if place.name == name), None)

    def reverses(self, name: str) -> bool:
        return any(name in (one.ahead, one.behind) for one in self.reversals)

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "reason": self.reason, "reversals": [one.to_json() for one in self.reversals]}


def limit_of(primary: str, columns: Sequence[ScoredColumn]) -> Limit:
    """The ranking for N → ∞ of the column that ranks the board."""
    at_n = next(column for column in columns if column.key == primary)
    wanted = LIMITS.get(at_n.metric)
    if wanted is None:
        return Limit(primary, None, (), (), f"{at_n.metric} has no bias that grows as the samples get fewer")
    if not at_n.rows:
        return Limit(primary, None, (), (), "nothing is ranked")
    like = (at_n.extractor, at_n.against)
    there = {c.metric: c for c in columns if (c.extractor, c.against) == like and c.rows and c.better}
    column = there.get(wanted)
    if column is None:
        return Limit(primary, None, (), (), f"{wanted} was not measured")
    assert column.better
    places = tuple(rank(column.rows, column.better))
    return Limit(primary, column.key, places, _reversals(at_n, column), None)


def _reversals(at_n: ScoredColumn, limit: ScoredColumn) -> tuple[RankReversal, ...]:
    sign = 1 if at_n.better == "lower" else -1
    before = {row.name: sign * row.value for row in at_n.rows}
    after = {row.name: sign * row.value for row in limit.rows}
    clear, clear_after = separated(at_n.rows), separated(limit.rows)
    order = sorted(before.keys() & after.keys(), key=lambda name: (before[name], name))
    return tuple(
        RankReversal(a, b, frozenset((a, b)) in clear, frozenset((a, b)) in clear_after)
        for a, b in combinations(order, 2)
        if before[a] < before[b] and after[a] > after[b]
    )
