"""Which rows of a board are significantly different, all pairs judged together.

Every pair of rows is compared by the error of its own difference, which comes from the two rows' own intervals
(`benchmarks/difference.py`) and from what their errors have in common (`dependence.py`). The chance that any claimed
pair is in truth equal or the other way round, and with it that any rank interval misses its row's true rank, is held
below 5%: the step-down max-t method of Mogstad, Romano, Shaikh and Wilhelm 2024 (Review of Economic Studies 91,
476-518) over all pairs. Its simulation grows with the square of the rows, so a board of more than `SIMULATED` rows is
judged by the step-down method of Holm 1979 (Scandinavian Journal of Statistics 6, 65-70): it claims somewhat less, and
holds however the errors hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...benchmarks.difference import joined
from ...registry.metrics import Better
from .dependence import correlations
from .scored import ALPHA, Scored

Floats: TypeAlias = NDArray[np.floating]
Flags: TypeAlias = NDArray[np.bool_]

SIMULATED = 300  # rows whose errors are simulated together
DRAWS = 10_000  # of the errors: the critical value is off by a hundredth or so
SEED = 1
BLOCK = 400_000  # simulated differences held at once: they stay in the cache


@dataclass(frozen=True, eq=False)
class Separation:
    """The pairs of rows that are significantly different.

    Attributes:
        names: of the rows that have a standard error, sorted.
        above: whether the value of a row is significantly larger than that of another, shape (rows, rows).
        quantile: how many errors wide the intervals of all differences are that hold together with a chance of
            1 - alpha: that of the first step, with every pair open. A later step may separate a pair whose interval
            still holds 0.
    """

    names: tuple[str, ...]
    above: Flags
    quantile: float

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def differ(self, a: str, b: str) -> bool:
        """Whether two rows are significantly different; a row without a standard error differs from none."""
        i, j = self._places.get(a), self._places.get(b)
        return i is not None and j is not None and bool(self.above[i, j] or self.above[j, i])

    def pairs(self) -> Iterator[tuple[str, str]]:
        """The pairs that are significantly different, the row of the larger value first."""
        return ((self.names[i], self.names[j]) for i, j in np.argwhere(self.above).tolist())

    def among(self, names: Sequence[str]) -> Flags:
        """`above` of these rows in this order, shape (names, names); a row without a standard error is above none."""
        known = [i for i, name in enumerate(names) if name in self._places]
        at = [self._places[names[i]] for i in known]
        found = np.zeros((len(names), len(names)), bool)
        found[np.ix_(known, known)] = self.above[np.ix_(at, at)]
        return found


def separated(rows: Sequence[Scored], alpha: float = ALPHA) -> Separation:
    """The pairs that are significantly different; with a chance of 1 - alpha no claim is wrong.

    Each step finds how large the largest standardised difference would be if no open pair differed, and closes the
    pairs beyond; only the open ones count in the next. Errors are simulated with one seed.
    """
    return _separated(tuple(sorted((row for row in rows if row.se is not None), key=lambda row: row.name)), alpha)


def ahead(rows: Sequence[Scored], better: Better, names: Sequence[str], alpha: float = ALPHA) -> Flags:
    """Whether a row is clearly better than another, shape (names, names); with a chance of 1 - alpha none is wrongly.

    Args:
        rows: those that are judged together.
        names: of the rows that are asked for, in the order of both axes.
    """
    above = separated(rows, alpha).among(names)
    return above.T if better == "lower" else above


@lru_cache(maxsize=1024)  # one board asks for the same columns again: its ranks, its fronts, its agreement
def _separated(known: tuple[Scored, ...], alpha: float) -> Separation:
    names = tuple(row.name for row in known)
    if len(known) < 2:
        return Separation(names, np.zeros((len(known), len(known)), bool), 0.0)
    values = np.array([row.value for row in known])
    down, up = np.array([row.halves for row in known]).T
    origins, errors = [row.origin for row in known], [row.se for row in known if row.se is not None]
    dependence = correlations(origins, errors)
    # Of an ordered pair (i, j): by how much i - j is too large, if it is.
    gap, error = values[:, None] - values, joined(down[:, None], up[None, :], dependence.used)
    certain = np.copysign(np.where(gap == 0, 0.0, inf), gap)
    uncertain = error > np.finfo(float).tiny
    t = np.divide(gap, error, out=certain, where=uncertain)
    critical = _simulated(down, up, dependence.known, uncertain, alpha) if len(known) <= SIMULATED else _holm(alpha)
    above, first = np.zeros(t.shape, bool), None
    while True:
        # Of a claimed pair the other direction stays open: that hypothesis was not rejected.
        beyond = critical(above)
        first = beyond if first is None else first
        closed = above | (t > beyond)
        if (closed == above).all():
            return Separation(names, above, first)
        above = closed


def _holm(alpha: float) -> Callable[[Flags], float]:
    """The critical value when some ordered pairs are closed: alpha is shared out among the open ones."""

    def critical(above: Flags) -> float:
        pairs = len(above) * (len(above) - 1)
        return NormalDist().inv_cdf(1 - alpha / (pairs - int(above.sum())))

    return critical


def _simulated(down: Floats, up: Floats, drawn: Floats, uncertain: Flags, alpha: float) -> Callable[[Flags], float]:
    """The same by simulated errors of these scales and correlations."""
    # Each simulated difference has the variance 1, whatever is not known of how the two errors hang together.
    spread = joined(down[:, None], up[None, :], drawn)
    weights = np.divide(1.0, spread, out=np.zeros_like(spread), where=uncertain & (spread > np.finfo(float).tiny))
    np.fill_diagonal(weights, 0.0)
    # Antithetic draws: mirrored values give mirrored ranks, to the bit.
    noise = np.random.Generator(np.random.Philox(SEED)).standard_normal((DRAWS // 2, len(down)))
    if drawn.any():
        noise = noise @ _root(drawn)

    def critical(above: Flags) -> float:
        largest = _largest(noise, down, up, np.where(above, 0.0, weights))
        return float(np.quantile(largest, 1 - alpha, method="higher"))

    return critical


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
