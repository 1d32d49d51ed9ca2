"""The Pareto front of fidelity against diversity, with what is known of it.

A row is off the front if some other row is clearly better in both columns, and on it if every other row is clearly
worse in one of them; between the two it is open. In each column the differences are judged together by the step-down
max-t method at half of 5%, so the chance that any row of the board is wrongly called on or off is below 5%, however
the two columns depend on each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .ranking import ALPHA, ScoredColumn, clearly_better

PAIRS = (("precision", "recall"), ("precision", "coverage"), ("density", "coverage"))  # fidelity, diversity
Side = Literal["on", "open", "off"]


@dataclass(frozen=True)
class FrontPoint:
    """Where a row stands.

    Attributes:
        at_values: whether no other row is better in both, taking the values as they are.
        beaten_by: the rows that are clearly better in both.
        rivals: the rows that keep an open row from being on the front: they may be better in both.
    """

    name: str
    fidelity: float
    diversity: float
    at_values: bool
    side: Side
    beaten_by: tuple[str, ...]
    rivals: tuple[str, ...]


@dataclass(frozen=True)
class Front:
    """The front in one pair of columns, or the reason there is none."""

    fidelity: str
    diversity: str
    rows: tuple[FrontPoint, ...] | None
    reason: str | None

    def names(self, side: Side) -> list[str]:
        return [row.name for row in self.rows or () if row.side == side]

    def to_json(self) -> dict[str, Any]:
        rows = self.rows and [
            {
                "generator": row.name,
                "front": row.side,
                "on_front_of_values": row.at_values,
                "beaten_by": list(row.beaten_by),
                "rivals": list(row.rivals),
            }
            for row in self.rows
        ]
        return {"fidelity": self.fidelity, "diversity": self.diversity, "rows": rows or None, "reason": self.reason}


def fronts(columns: Sequence[ScoredColumn]) -> tuple[Front, ...]:
    """The front of every pair of fidelity and diversity that the columns hold, feature space by feature space."""
    found = []
    reference = [column for column in columns if column.against == "reference"]
    for extractor in dict.fromkeys(column.extractor for column in reference):
        named = {column.metric: column for column in reference if column.extractor == extractor}
        found += [front(named[a], named[b]) for a, b in PAIRS if a in named and b in named]
    return tuple(found)


def front(fidelity: ScoredColumn, diversity: ScoredColumn, alpha: float = ALPHA) -> Front:
    """The front in two columns, over the rows that have a value in both."""
    both = {row.name for row in fidelity.rows} & {row.name for row in diversity.rows}
    reason = next((f"{c.key} has no better end" for c in (fidelity, diversity) if c.better is None), None)
    if reason is None and not both:
        reason = "no ranked row has a value in both"
    if reason is not None:
        return Front(fidelity.key, diversity.key, None, reason)
    values, goods, ahead = [], [], []
    for column in (fidelity, diversity):
        assert column.better
        shared = [row for row in column.rows if row.name in both]
        sign = 1 if column.better == "higher" else -1
        values.append({row.name: row.value for row in shared})
        goods.append({row.name: sign * row.value for row in shared})
        ahead.append(clearly_better(shared, column.better, alpha / 2))
    rows = []
    for name in sorted(both, key=lambda n: (-goods[0][n], n)):
        others = sorted(both - {name})
        at_values = not any(all(good[o] > good[name] for good in goods) for o in others)
        beaten_by = tuple(o for o in others if (o, name) in ahead[0] and (o, name) in ahead[1])
        rivals = tuple(o for o in others if (name, o) not in ahead[0] and (name, o) not in ahead[1])
        side: Side = "off" if beaten_by else "open" if rivals else "on"
        if side != "open":
            rivals = ()
        rows.append(FrontPoint(name, values[0][name], values[1][name], at_values, side, beaten_by, rivals))
    return Front(fidelity.key, diversity.key, tuple(rows), None)
