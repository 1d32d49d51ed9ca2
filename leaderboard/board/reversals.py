"""The ranking at the track's number of samples beside that by the bias-corrected limit, and where they disagree.

A Fréchet distance at N is biased upwards by an amount that depends on the generator, so the order at N is not the order
in the limit of many samples. Neither replaces the other; both are shown, and pairs whose order turns round are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .ranking import Ranked, ScoredColumn, rank, separated

LIMITS = {"fd": "fd_debiased"}


@dataclass(frozen=True)
class Flip:
    """Two rows whose order turns round.

    Attributes:
        ahead: the one that is ahead at N.
        clear_at_n: whether the two are told apart at N.
        clear_in_limit: whether they are told apart in the limit.
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
    """The ranking by the bias-corrected limit, or the reason there is none.

    Attributes:
        at_n: the column that ranks the board.
        column: the one that estimates its limit; none where there is none.
        places: of the rows that have a value there, best first.
    """

    at_n: str
    column: str | None
    places: tuple[Ranked, ...]
    flips: tuple[Flip, ...]
    reason: str | None

    def place(self, name: str) -> Ranked | None:
        return next((place for place in self.places if place.name == name), None)

    def flipped(self, name: str) -> bool:
        return any(name in (flip.ahead, flip.behind) for flip in self.flips)

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "reason": self.reason, "flips": [flip.to_json() for flip in self.flips]}


def limit_of(primary: str, columns: Sequence[ScoredColumn]) -> Limit:
    """The ranking by the limit of the column that ranks the board."""
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
    return Limit(primary, column.key, places, _flips(at_n, column), None)


def _flips(at_n: ScoredColumn, limit: ScoredColumn) -> tuple[Flip, ...]:
    sign = 1 if at_n.better == "lower" else -1
    before = {row.name: sign * row.value for row in at_n.rows}
    after = {row.name: sign * row.value for row in limit.rows}
    clear, clear_after = separated(at_n.rows), separated(limit.rows)
    order = sorted(before.keys() & after.keys(), key=lambda name: (before[name], name))
    return tuple(
        Flip(a, b, frozenset((a, b)) in clear, frozenset((a, b)) in clear_after)
        for a, b in combinations(order, 2)
        if before[a] < before[b] and after[a] > after[b]
    )
