"""Sums over classes of a function of how many samples each has: by how much they vary from draw to draw.

The counts are taken as Poisson numbers whose means follow an unknown distribution over the known number of classes. It
is estimated without assuming a form (Kiefer and Wolfowitz 1956, Ann. Math. Statist. 27, 887-906; Robbins 1956, "An
empirical Bayes approach to statistics"): so a class without samples is neither taken for one that has none at all, nor
for one that was just missed. Then comes off what the fixed number of samples takes away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from ..uncertainty import LEVEL, Uncertainty, Z

Numbers: TypeAlias = NDArray[np.float64]

STEP = 0.25  # of the grid of means, between their square roots: half a standard deviation of a Poisson number's root
ITERATIONS = 200  # of expectation and maximisation, after which no standard error moves by a hundredth
FAR = 9.0  # standard deviations, beyond which a Poisson number has no probability to speak of
RARE = 1e-9  # share of the classes that is left out


def means(counts: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """A grid of means, and the estimated share of the classes at each, by maximum likelihood of the counts (k,)."""
    known, times = np.unique(counts, return_counts=True)
    grid = (np.arange(0, 4 * np.sqrt(known[-1]) + 8) * STEP) ** 2
    chance = _poisson(known[:, None].astype(np.float64), grid)
    shares = np.full(len(grid), 1 / len(grid))
    for _ in range(ITERATIONS):
        joint = chance * shares
        shares = times @ (joint / joint.sum(axis=1, keepdims=True)) / len(counts)
    return grid, shares


def variance(counts: NDArray[np.int64], of: Callable[[Numbers], Numbers]) -> float:
    """Variance over draws of as many samples of the sum of `of` each class's count, shape (k,).

    Of independent Poisson counts n the sum has the variance of f(n) summed; given their total, the square of the summed
    covariance of f(n) and n, over the total, comes off (Holst 1972, Ann. Math. Statist. 43, 1644-1651).
    """
    total = with_total = samples = 0.0
    for mean, share in zip(*means(counts), strict=True):
        if share < RARE:
            continue
        reach = FAR * (np.sqrt(mean) + 1)
        n = np.arange(max(0.0, np.floor(mean - reach)), mean + reach + 1)
        chance = _poisson(n, np.array(mean))
        f = of(n)
        gap = f - chance @ f
        total += share * (chance @ gap**2)
        with_total += share * (chance @ (gap * (n - mean)))
        samples += share * mean
    # Both of the mixture, whose mean the grid moves a little: so a multiple of the count itself does not vary at all.
    return float(max(0.0, len(counts) * (total - with_total**2 / samples)))


def interval(value: float, varies: float, jump: float, method: str) -> Uncertainty:
    """The interval of a sum that moves by `jump` where a sample is the first of its class.

    Where no such class was met, about z^2 might have been: a Poisson number that is 0 has the score interval from 0 to
    z^2. So wide it is at least, on both sides: classes that were met may have been rare ones too.

    Args:
        varies: variance of the value.
    """
    half = Z * np.sqrt(varies + (Z * jump / 2) ** 2) + Z**2 * jump / 2
    return Uncertainty("conditional", float(np.sqrt(varies + jump**2)), value - half, value + half, LEVEL, method)


def _poisson(n: Numbers, mean: Numbers) -> Numbers:
    """Probabilities of the numbers n, of all means at once."""
    found: Numbers = np.exp(xlogy(n, mean) - mean - gammaln(n + 1))
    return found
