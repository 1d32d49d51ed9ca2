"""Ranks with honest intervals: which rows can be told apart, and which cannot.

Every pair of rows is compared by the standard error of its own difference. Given the track's fixed reference, errors
of independent samples add in quadrature; where rows share seeds they correlate positively and this errs on the wide
side. The chance that any rank interval of the board misses its row's true rank is held below 5 %: the step-down max-t
method of Mogstad, Romano, Shaikh and Wilhelm 2024 (Review of Economic Studies 91, 476-518) over all pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import hypot, inf
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..registry.metrics import Better

Floats: TypeAlias = NDArray[np.floating]

ALPHA = 0.05
DRAWS = 10_000  # of the errors: the critical value is off by a hundredth or so
SEED = 1
BLOCK = 400_000  # simulated differences held at once: they stay in the cache


@dataclass(frozen=True)
class Scored:
    """A row to be ranked: its value and the standard error, or none where there is no honest one."""

    name: str
    value: float
    se: float | None


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


def separated(rows: Sequence[Scored], alpha: float = ALPHA) -> frozenset[frozenset[str]]:
    """The pairs that are told apart, by the step-down max-t method over all ordered pairs.

    Each step finds how large the largest standardised difference would be if no open pair differed, and closes the
    pairs beyond; only the open ones count in the next. The errors are simulated, with one seed.
    """
    return _separated(tuple(sorted((row for row in rows if row.se is not None), key=lambda row: row.name)), alpha)


def clearly_better(rows: Sequence[Scored], better: Better, alpha: float = ALPHA) -> frozenset[tuple[str, str]]:
    """The pairs (a, b) of which a is clearly better; with a chance of 1 - alpha no such claim is wrong."""
    sign = 1 if better == "lower" else -1
    order = sorted(rows, key=lambda row: sign * row.value)
    apart = separated(rows, alpha)
    return frozenset(
        (a.name, b.name) for i, a in enumerate(order) for b in order[i + 1 :] if frozenset((a.name, b.name)) in apart
    )


@lru_cache(maxsize=1024)  # one board asks for the same columns again: its ranks, its fronts, its agreement
def _separated(known: tuple[Scored, ...], alpha: float) -> frozenset[frozenset[str]]:
    if len(known) < 2:
        return frozenset()
    values, errors = np.array([(row.value, row.se) for row in known]).T
    gap, error = values[:, None] - values, np.hypot(errors[:, None], errors)
    certain = np.copysign(np.where(gap == 0, 0.0, inf), gap)
    uncertain = error > np.finfo(float).tiny
    t = np.divide(gap, error, out=certain, where=uncertain)
    weights = np.divide(1.0, error, out=np.zeros_like(error), where=uncertain)
    # Antithetic draws: mirrored values give mirrored ranks, to the bit.
    noise = np.random.Generator(np.random.Philox(SEED)).standard_normal((DRAWS // 2, len(known))) * errors
    above = np.zeros(t.shape, bool)
    while True:
        # Of a claimed pair the other direction stays open: that hypothesis was not rejected.
        critical = np.quantile(_largest(noise, np.where(above, 0.0, weights)), 1 - alpha, method="higher")
        closed = above | (t > critical)
        if (closed == above).all():
            return frozenset(frozenset((known[i].name, known[j].name)) for i, j in np.argwhere(above).tolist())
        above = closed


def _largest(noise: Floats, weights: Floats) -> Floats:
    """The largest weighted difference (z_i - z_j) w_ij of each draw and of its mirror image, shape (2 draws,).

    Args:
        noise: one draw z a row, shape (draws, rows).
        weights: shape (rows, rows); 0 leaves an ordered pair out.
    """
    weighed = weights[weights > 0]
    if weighed.size:
        # A power of two brings any unit near 1 without changing a bit.
        _, unit = np.frexp(weighed.max())
        noise, weights = np.ldexp(noise, unit), np.ldexp(weights, -unit)
    narrow = weighed.size and weighed.max() < 1e6 * weighed.min()  # within float32, at twice the speed
    z, w = (a.astype(np.float32 if narrow else np.float64) for a in (noise, weights))
    found = []
    for block in np.array_split(z, -(-len(z) * w.size // BLOCK)):
        d = (block[:, :, None] - block[:, None, :]) * w
        found += [d.max(axis=(1, 2)), -d.min(axis=(1, 2))]
    return np.concatenate(found)


def rank(rows: Sequence[Scored], better: Better, alpha: float = ALPHA) -> list[Ranked]:
    """The rows in the order of their values, each with the ranks it may have."""
    sign = 1 if better == "lower" else -1
    order = sorted(rows, key=lambda row: (sign * row.value, row.name))
    apart = separated(rows, alpha)
    ranked = []
    for row in order:
        others = [other for other in order if other is not row]
        clear = {other.name for other in others if frozenset((row.name, other.name)) in apart}
        above = sum(sign * other.value < sign * row.value for other in others if other.name in clear)
        tied = tuple(other.name for other in others if other.name not in clear)
        ranked.append(Ranked(row.name, row.value, 1 + above, len(rows) - (len(clear) - above), tied))
    return ranked
