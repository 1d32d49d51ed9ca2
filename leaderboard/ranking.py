"""Ranks with honest intervals: which rows can be told apart, and which cannot.

Every pair of rows is compared by the standard error of its own difference. Given the track's fixed reference, errors
of independent samples add in quadrature; where rows share seeds they correlate positively and this errs on the wide
side. Holm's step-down method holds the chance of any false separation on the whole board below 5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import hypot, inf
from statistics import NormalDist

from ..registry.metrics import Better

ALPHA = 0.05


@dataclass(frozen=True)
class Scored:
    """A row to be ranked: its value and the standard error, or none where there is no honest one."""

    name: str
    value: float
    se: float | None


@dataclass(frozen=True)
class Ranked:
    """A row's place.

    Attributes:
        first: the best rank it may have, 1 + the number of rows that are clearly better.
        last: the worst, the number of rows less those that are clearly worse.
        tied: names of the rows it is not distinguished from, best first. Not 'equal': not told apart.
    """

    name: str
    value: float
    first: int
    last: int
    tied: tuple[str, ...]


def p_value(a: Scored, b: Scored) -> float:
    """Two-sided p-value of a difference; 1 where a standard error is missing, so that nothing is claimed."""
    if a.se is None or b.se is None:
        return 1.0
    gap, se = abs(a.value - b.value), hypot(a.se, b.se)
    if gap == 0:
        return 1.0
    z = gap / se if se > 0 else inf
    return 2 * NormalDist().cdf(-z)


def separated(rows: Sequence[Scored], alpha: float = ALPHA) -> set[frozenset[str]]:
    """The pairs that are told apart, by Holm's method over all pairs."""
    p = {frozenset((a.name, b.name)): p_value(a, b) for a, b in combinations(rows, 2)}
    found: set[frozenset[str]] = set()
    for done, pair in enumerate(sorted(p, key=lambda pair: (p[pair], sorted(pair)))):
        if p[pair] > alpha / (len(p) - done):
            break
        found.add(pair)
    return found


def rank(rows: Sequence[Scored], better: Better, alpha: float = ALPHA) -> list[Ranked]:
    """The rows in the order of their values, each with the ranks it may have."""
    sign = 1 if better == "lower" else -1
    order = sorted(rows, key=lambda row: (sign * row.value, row.name))
    apart = separated(rows, alpha)
    ranked = []
    for row in order:
        others = [other for other in order if other is not row]
        clear = [other for other in others if frozenset((row.name, other.name)) in apart]
        above = sum(sign * other.value < sign * row.value for other in clear)
        tied = tuple(other.name for other in others if other not in clear)
        ranked.append(Ranked(row.name, row.value, 1 + above, len(rows) - (len(clear) - above), tied))
    return ranked
