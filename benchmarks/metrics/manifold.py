"""Precision, recall, density and coverage: two manifolds, each the union of balls around the rows of a set.

A row's ball reaches to its k-th nearest other row of the same set. All four come from one pass
(`benchmarks.neighbours`), whose counts equal those of a brute force in float64. Balls are open (`d < radius`), as in
Naeem et al.'s code; `Neighbours(closed=True)` gives `d <= radius`, as in Kynkäänniemi et al.'s. That matters for ties
and duplicates only: of a set against its own copy, open balls of duplicated rows are empty.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..neighbours import Counts, Neighbours
from ..uncertainty import Estimate, normal, wilson


def precision(neighbours: Neighbours, k: int = 3) -> Estimate:
    """Share of samples inside the real manifold, 0 to 1. Higher is better: samples look like real images.

    Given the reference each sample is in or out on its own, so Wilson's interval holds.

    Source: Kynkäänniemi et al. 2019, arXiv:1904.06991.
    """
    hits, n = int(neighbours.counts[0].covered_fake[k - 1]), len(neighbours.fake)
    return Estimate(hits / n, wilson(hits, n))


def recall(neighbours: Neighbours, k: int = 3) -> Estimate:
    """Share of real images inside the samples' manifold, 0 to 1. Higher is better: samples cover the real images.

    Source: Kynkäänniemi et al. 2019, arXiv:1904.06991.
    """
    return _by_halves(neighbours, lambda c: float(c.covered_real[k - 1]) / c.cell.n_real)


def density(neighbours: Neighbours, k: int = 5) -> Estimate:
    """Mean number of real balls that a sample is in, over k. Of equal distributions 1; neither end is best.

    Below 1 samples stray from the real images; above 1 they crowd where those are dense.

    Source: Naeem et al. 2020, arXiv:2002.09797.
    """
    return _by_halves(neighbours, lambda c: float(c.pairs[k - 1]) / (k * c.cell.n_fake))


def coverage(neighbours: Neighbours, k: int = 5) -> Estimate:
    """Share of real images whose ball holds a sample, 0 to 1. Higher is better.

    Of equal distributions with N real images and M samples 1 - prod_{j=1..k} (N - j) / (N + M - j), not 1.

    Source: Naeem et al. 2020, arXiv:2002.09797.
    """
    return _by_halves(neighbours, lambda c: float(c.reached_real[k - 1]) / c.cell.n_real)


def expected_coverage(n_real: int, n_fake: int, k: int) -> float:
    """Coverage of two sets from one distribution.

    >>> round(expected_coverage(10_000, 10_000, 5), 4)
    0.9688
    """
    none = 1.0
    for j in range(1, k + 1):
        none *= (n_real - j) / (n_real + n_fake - j)
    return 1 - none


def _by_halves(neighbours: Neighbours, statistic: Callable[[Counts], float]) -> Estimate:
    """The statistic, with the spread over half-samples without replacement as its standard error.

    A half-sample has twice the variance, of which drawing without replacement takes away half. With replacement,
    duplicated rows would shrink the balls.
    """
    whole, halves = neighbours.counts
    value = statistic(whole)
    if not halves:
        least = 2 * (neighbours.k + 1)
        return Estimate(value, None, f"no interval: {len(neighbours.fake)} samples, half-samples need {least}")
    se = float(torch.tensor([statistic(c) for c in halves], dtype=torch.float64).std(correction=1))
    return Estimate(value, normal(value, se, f"spread over {len(halves)} half-samples"))
