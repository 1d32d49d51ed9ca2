"""Ranks with intervals: which rows are significantly different, and which are not.

Every pair of rows is compared by the error of its own difference, which comes from the two rows' own intervals
(`benchmarks/difference.py`) and from what their errors have in common (`dependence.py`). The chance that any rank
interval of the board misses its row's true rank is held below 5%: the step-down max-t method of Mogstad, Romano,
Shaikh and Wilhelm 2024 (Review of Economic Studies 91, 476-518) over all pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...benchmarks import difference
from ...benchmarks.difference import halves, joined
from ...registry.metrics import Better
from .dependence import ALONE, Basis, Origin, correlation

Floats: TypeAlias = NDArray[np.floating]

ALPHA = 0.05
DRAWS = 10_000  # of the errors: the critical value is off by a hundredth or so
SEED = 1
BLOCK = 400_000  # simulated differences held at once: they stay in the cache


@dataclass(frozen=True)
class Scored:
    """A row to be ranked.

    Attributes:
        se: the standard error, or none where none is known.
        lo: lower end of the 95% interval; by default what a normal one of that standard error has.
        hi: upper end.
        origin: what its error may have in common with those of other rows.
    """

    name: str
    value: float
    se: float | None
    lo: float | None = None
    hi: float | None = None
    origin: Origin = ALONE

    @property
    def halves(self) -> tuple[float, float]:
        """How far the value may be too high, and too low, in the unit of a standard error."""
        assert self.se is not None
        return halves(self.value, self.se, self.lo, self.hi)


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
        tied: names of the rows it is not significantly different from, best first; that does not make them equal.
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
    above, below = (a, b) if a.value >= b.value else (b, a)
    error = joined(above.halves[0], below.halves[1], dependence(a, b)[0])
    return difference.p_value(above.value - below.value, float(error))


def dependence(a: Scored, b: Scored) -> tuple[float, Basis]:
    """Correlation of the errors of two rows that have standard errors, and how it is known."""
    assert a.se is not None
    assert b.se is not None
    return correlation(a.origin, b.origin, (a.se, b.se))


def separated(rows: Sequence[Scored], alpha: float = ALPHA) -> frozenset[frozenset[str]]:
    """The pairs that are significantly different, by the step-down max-t method over all ordered pairs.

    Each step finds how large the largest standardised difference would be if no open pair differed, and closes the
    pairs beyond; only the open ones count in the next. The errors are simulated, with one seed.
    """
    return _separated(_known(rows), alpha)[0]


def joint_quantile(rows: Sequence[Scored], alpha: float = ALPHA) -> float:
    """How many errors wide the intervals of all differences are that hold together with a chance of 1 - alpha.

    The quantile of the first step, with every pair open: a later one may separate a pair whose interval still holds 0.
    Nothing is simulated that `separated` has not.
    """
    return _separated(_known(rows), alpha)[1]


def _known(rows: Sequence[Scored]) -> tuple[Scored, ...]:
    return tuple(sorted((row for row in rows if row.se is not None), key=lambda row: row.name))


def clearly_better(rows: Sequence[Scored], better: Better, alpha: float = ALPHA) -> frozenset[tuple[str, str]]:
    """The pairs (a, b) of which a is clearly better; with a chance of 1 - alpha no such claim is wrong."""
    sign = 1 if better == "lower" else -1
    order = sorted(rows, key=lambda row: sign * row.value)
    apart = separated(rows, alpha)
    return frozenset(
        (a.name, b.name) for i, a in enumerate(order) for b in order[i + 1 :] if frozenset((a.name, b.name)) in apart
    )


@lru_cache(maxsize=1024)  # one board asks for the same columns again: its ranks, its fronts, its agreement
def _separated(known: tuple[Scored, ...], alpha: float) -> tuple[frozenset[frozenset[str]], float]:
    if len(known) < 2:
        return frozenset(), 0.0
    values = np.array([row.value for row in known])
    down, up = np.array([row.halves for row in known]).T
    rho, drawn = _correlations(known)
    # Of an ordered pair (i, j): by how much i - j is too large, if it is.
    gap, error = values[:, None] - values, joined(down[:, None], up[None, :], rho)
    certain = np.copysign(np.where(gap == 0, 0.0, inf), gap)
    uncertain = error > np.finfo(float).tiny
    t = np.divide(gap, error, out=certain, where=uncertain)
    # Each simulated difference has the variance 1, whatever is not known of how the two errors hang together.
    spread = joined(down[:, None], up[None, :], drawn)
    weights = np.divide(1.0, spread, out=np.zeros_like(error), where=uncertain & (spread > np.finfo(float).tiny))
    np.fill_diagonal(weights, 0.0)
    # Antithetic draws: mirrored values give mirrored ranks, to the bit.
    noise = np.random.Generator(np.random.Philox(SEED)).standard_normal((DRAWS // 2, len(known)))
    if drawn.any():
        noise = noise @ _root(drawn)
    above, first = np.zeros(t.shape, bool), None
    while True:
        # Of a claimed pair the other direction stays open: that hypothesis was not rejected.
        critical = np.quantile(_largest(noise, down, up, np.where(above, 0.0, weights)), 1 - alpha, method="higher")
        first = float(critical) if first is None else first
        closed = above | (t > critical)
        if (closed == above).all():
            pairs = (frozenset((known[i].name, known[j].name)) for i, j in np.argwhere(above).tolist())
            return frozenset(pairs), first
        above = closed


def _correlations(known: Sequence[Scored]) -> tuple[Floats, Floats]:
    """Correlations of the rows' errors, shape (rows, rows): as the differences use them, and as far as they are known.

    A bound is no correlation: it is used, and not simulated.
    """
    used, drawn = np.zeros((2, len(known), len(known)))
    for i, j in combinations(range(len(known)), 2):
        rho, basis = dependence(known[i], known[j])
        used[i, j] = used[j, i] = rho
        drawn[i, j] = drawn[j, i] = rho if basis == "influences" else 0.0
    return used, drawn


def _root(correlations: Floats) -> Floats:
    """A matrix whose products with independent normal rows have these correlations, shape (rows, rows).

    Estimated entries need not belong to any matrix of correlations: what is negative in it is left out.
    """
    values, vectors = np.linalg.eigh(correlations + np.eye(len(correlations)))
    root = np.sqrt(values.clip(min=0.0))[:, None] * vectors.T
    found: Floats = root / np.sqrt((root**2).sum(axis=0))
    return found


def _largest(noise: Floats, down: Floats, up: Floats, weights: Floats) -> Floats:
    """The largest weighted difference (down_i z_i - up_j z_j) w_ij of each draw and of its mirror image.

    Args:
        noise: one draw z a row, shape (draws, rows).
        down: scale of a row's error where it is the larger one of two, shape (rows,).
        up: where it is the smaller one.
        weights: shape (rows, rows); 0 leaves an ordered pair out.

    Returns:
        Shape (2 draws,).
    """
    weighed = weights[weights > 0]
    if weighed.size:
        # A power of two brings any unit near 1 without changing a bit.
        _, unit = np.frexp(weighed.max())
        down, up, weights = np.ldexp(down, unit), np.ldexp(up, unit), np.ldexp(weights, -unit)
    narrow = weighed.size and weighed.max() < 1e6 * weighed.min()  # within float32, at twice the speed
    z, low, high, w = (a.astype(np.float32 if narrow else np.float64) for a in (noise, down, up, weights))
    found = []
    for block in np.array_split(z, -(-len(z) * w.size // BLOCK)):
        d = ((block * low)[:, :, None] - (block * high)[:, None, :]) * w
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
