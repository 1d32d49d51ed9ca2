"""Precision, recall, density and coverage: two manifolds, each the union of balls around the rows of a set.

A row's ball reaches to its k-th nearest other row of the same set. All four come from one pass
(`benchmarks.neighbours`), whose counts equal those of a brute force in float64. Balls are open (`d < radius`), as in
Naeem et al.'s code; `Neighbours(closed=True)` gives `d <= radius`, as in Kynkäänniemi et al.'s. That matters for ties
and duplicates only: of a set against its own copy, open balls of duplicated rows are empty.
"""

from __future__ import annotations

from math import sqrt

from ..neighbours import Members, Neighbours
from ..uncertainty import Estimate, effect_of_labels, effective_df, normal, variance_within, wilson
from .coverage_interval import FEWEST, clustering
from .inputs import MetricInputs
from .recall_interval import half_samples


def precision(inputs: MetricInputs, *, k: int = 3) -> Estimate:
    """Share of samples inside the real manifold, 0 to 1. Higher is better: samples look like real images.

    Given the reference each sample is in or out on its own, so Wilson's interval holds; where the numbers of the labels
    are fixed, with the variance within labels.

    Source: Kynkäänniemi et al. 2019, arXiv:1904.06991.
    """
    neighbours = inputs.neighbours(k)
    inside = _members(neighbours).balls[:, k - 1] > 0
    effect = effect_of_labels(inside, neighbours.labels)
    method = "Wilson" if neighbours.labels is None else "Wilson, variance within labels"
    hits, n = int(inside.sum()), len(inside)
    return Estimate(hits / n, wilson(hits, n, effect, method=method), influence=inside.double())


def recall(inputs: MetricInputs, *, k: int = 3) -> Estimate:
    """Share of real images inside the samples' manifold, 0 to 1. Higher is better: samples cover the real images.

    Source: Kynkäänniemi et al. 2019, arXiv:1904.06991. Standard error: the spread over half-samples, see
    `recall_interval`. Which those are depends on the places of the rows and the seed; there are so many that it moves
    the interval by 1%.
    """
    neighbours = inputs.neighbours(k)
    whole = neighbours.counts
    value = float(whole.covered_real[k - 1]) / whole.cell.n_real
    if whole.places is None:
        least = 2 * (neighbours.k + 1)
        return Estimate(value, None, f"no interval: {len(neighbours.fake)} samples, at least {least} are needed")
    some = half_samples(whole.places, whole.cell.n_real, k, neighbours.labels, neighbours.seed)
    return Estimate(value, normal(value, float(some.std(ddof=1)), f"spread over {len(some)} half-samples"))


def density(inputs: MetricInputs, *, k: int = 5) -> Estimate:
    """Mean number of real balls that a sample is in, over k. Of equal distributions 1; neither end is best.

    Below 1 samples stray from the real images; above 1 they crowd where those are dense. Given the reference each
    sample has its number on its own: a mean, with the standard error of one.

    Source: Naeem et al. 2020, arXiv:2002.09797.
    """
    neighbours = inputs.neighbours(k)
    balls = _members(neighbours).balls[:, k - 1]
    value, n = float(balls.sum()) / (k * len(balls)), len(balls)
    if n < 2:
        return Estimate(value, None, "no interval: a single sample")
    se = sqrt(variance_within(balls, neighbours.labels) / n) / k
    interval = normal(value, se, "standard error of a mean", df=effective_df(balls))
    return Estimate(value, interval, influence=balls.double() / k)


def coverage(inputs: MetricInputs, *, k: int = 5) -> Estimate:
    """Share of real images whose ball holds a sample, 0 to 1. Higher is better.

    Of equal distributions with N real images and M samples 1 - prod_{j=1..k} (N - j) / (N + M - j), not 1.

    Source: Naeem et al. 2020, arXiv:2002.09797. Interval: Wilson's, with the effect of `coverage_interval`.
    """
    neighbours = inputs.neighbours(k)
    whole = neighbours.counts
    hits, n = int(whole.reached_real[k - 1]), whole.cell.n_real
    if whole.cell.n_fake < FEWEST:
        return Estimate(hits / n, None, f"no interval: {whole.cell.n_fake} samples, at least {FEWEST} are needed")
    effect, df = clustering(_members(neighbours), n, whole.cell.n_fake, k, neighbours.labels, neighbours.seed)
    return Estimate(hits / n, wilson(hits, n, effect, df, "Wilson, variance from halves and quarters"))


def _members(neighbours: Neighbours) -> Members:
    found = neighbours.counts.members
    assert found is not None
    return found


def expected_coverage(n_real: int, n_fake: int, k: int) -> float:
    """Coverage of two sets from one distribution.

    >>> round(expected_coverage(10_000, 10_000, 5), 4)
    0.9688
    """
    none = 1.0
    for j in range(1, k + 1):
        none *= (n_real - j) / (n_real + n_fake - j)
    return 1 - none
