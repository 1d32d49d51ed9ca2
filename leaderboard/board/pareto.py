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

import numpy as np

from .scored import ALPHA, ScoredColumn
from .separation import ahead

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
    names, values, goods, clear = sorted(both), [], [], []
    for column in (fidelity, diversity):
        assert column.better
        shared = [row for row in column.rows if row.name in both]
        by_name = {row.name: row.value for row in shared}
        values.append([by_name[name] for name in names])
        goods.append(np.array(values[-1]) * (1 if column.better == "higher" else -1))
        clear.append(ahead(shared, column.better, names, alpha / 2))
    beaten = clear[0] & clear[1]  # [i, j]: row i is clearly better than j in both
    rival = ~(clear[0] | clear[1])  # [i, j]: row j may be better than i in both
    np.fill_diagonal(rival, False)
    larger = (goods[0][:, None] > goods[0]) & (goods[1][:, None] > goods[1])
    rows = []
    for i in sorted(range(len(names)), key=lambda i: (-goods[0][i], names[i])):
        beaten_by = tuple(names[j] for j in np.flatnonzero(beaten[:, i]))
        side: Side = "off" if beaten_by else "open" if rival[i].any() else "on"
        rivals = tuple(names[j] for j in np.flatnonzero(rival[i])) if side == "open" else ()
        at_values = not larger[:, i].any()
        rows.append(FrontPoint(names[i], values[0][i], values[1][i], at_values, side, beaten_by, rivals))
    return Front(fidelity.key, diversity.key, tuple(rows), None)
