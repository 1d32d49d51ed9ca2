"""Standard errors and intervals by themselves, and within labels whose numbers the protocol fixes."""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import pytest
import scipy.stats
import torch
from few_partitions import few_partitions
from genboard.benchmarks.metrics.authenticity import authenticity
from genboard.benchmarks.metrics.cmmd import cmmd
from genboard.benchmarks.metrics.copying import copying_score
from genboard.benchmarks.metrics.frechet import frechet_distance
from genboard.benchmarks.metrics.frechet_debiased import fd_debiased
from genboard.benchmarks.metrics.inception_score import inception_score
from genboard.benchmarks.metrics.inputs import MetricInputs
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.metrics.manifold import coverage, density, precision, recall
from genboard.benchmarks.metrics.nearest import nearest_ratio
from genboard.benchmarks.metrics.typicality import alpha_precision, beta_recall
from genboard.benchmarks.uncertainty import (
    FEWEST,
    Estimate,
    effect_of_labels,
    effective_df,
    normal,
    quantile,
    skewed,
    variance_within,
    wilson,
)
from metric_inputs import inputs_of


def gaussian(seed: int, n: int, d: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))


@pytest.mark.parametrize("df", [1, 2, 3, 4.5, FEWEST, 8, 20, 100, 1e6])
def test_the_quantile_is_students(df):
    assert quantile(df) == pytest.approx(scipy.stats.t.ppf(0.975, df), rel=1e-12)
    assert quantile(math.inf) == pytest.approx(scipy.stats.norm.ppf(0.975), rel=1e-12)


def test_normal_values_have_about_as_many_degrees_as_there_are():
    assert effective_df(gaussian(0, 10_000, 1)[:, 0]) == pytest.approx(10_000, rel=0.1)
    assert effective_df(gaussian(0, 10_000, 1)[:, 0] ** 3) < 1000
    assert effective_df(torch.eye(1000)[0]) == FEWEST
    assert effective_df(torch.ones(10)) == math.inf


def test_an_interval_without_skewness_is_the_plain_one():
    influence = torch.cat([x := gaussian(6, 50, 1)[:, 0], -x])
    found, plain = skewed(3.0, 0.5, influence, ""), normal(3.0, 0.5, "", df=effective_df(influence))
    assert (found.lo, found.hi) == pytest.approx((plain.lo, plain.hi), rel=1e-9)


def test_an_interval_of_a_skewed_mean_covers_better_than_the_plain_one():
    # Means of 30 log-normal values, whose mean is e^(1/2).
    draws = [np.random.default_rng(i).lognormal(size=30) for i in range(1500)]
    held = {"skewed": 0, "plain": 0}
    for x in draws:
        mean, se = x.mean(), x.std(ddof=1) / 30**0.5
        found, plain = skewed(mean, se, torch.from_numpy(x), ""), normal(mean, se, "")
        held["skewed"] += found.lo <= np.exp(0.5) <= found.hi
        held["plain"] += plain.lo <= np.exp(0.5) <= plain.hi
        assert found.hi - mean > mean - found.lo
    assert held["plain"] / 1500 < 0.90 < held["skewed"] / 1500


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (7, 20), (20, 20)])
def test_wilson_equals_the_quadratic(hits, n):
    found = wilson(hits, n)
    expected = scipy.stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert (found.lo, found.hi) == pytest.approx(tuple(expected), abs=1e-12)
    assert 0 < found.se < found.hi - found.lo


def test_the_effect_stands_for_fewer_or_more_independent_draws():
    half, plain = wilson(30, 100, effect=2.0), wilson(15, 50)
    assert (half.lo, half.hi, half.se) == pytest.approx((plain.lo, plain.hi, plain.se), rel=1e-12)
    same = wilson(30, 100, effect=0.0)
    assert same.lo == same.hi == 0.3
    assert wilson(30, 100, df=5).hi > wilson(30, 100).hi


def test_the_variance_within_labels_is_that_of_each_label():
    x, labels = gaussian(1, 60, 1)[:, 0], torch.arange(60) % 3 * 5
    expected = np.mean([np.var(x[labels == label].numpy(), ddof=1) for label in (0, 5, 10)])
    assert variance_within(x + 100 * labels, labels) == pytest.approx(expected, rel=1e-9)
    assert variance_within(x, torch.zeros(60)) == pytest.approx(variance_within(x), rel=1e-12)
    # Labels that have one sample each say nothing, so nothing is taken off.
    assert variance_within(x, torch.arange(60)) == pytest.approx(variance_within(x), rel=1e-12)


def test_the_effect_of_labels_is_the_share_that_varies_within():
    hits = torch.cat([torch.ones(500), torch.zeros(500)]).bool()
    assert effect_of_labels(hits, None) == 1.0
    assert effect_of_labels(hits, torch.zeros(1000)) == pytest.approx(1.0, rel=1e-12)
    assert 0 < effect_of_labels(hits, torch.arange(1000) // 500) < 0.02
    assert effect_of_labels(hits, torch.arange(1000) % 2) == pytest.approx(1.0, abs=0.01)
    assert effect_of_labels(torch.ones(10).bool(), torch.arange(10) % 2) == 1.0


REFERENCE, TRAIN = gaussian(2, 150, 3), gaussian(3, 150, 3)


@cache
def around(y: torch.Tensor, labels: torch.Tensor | None) -> MetricInputs:
    """The inputs of these very tensors, with one pass for the metrics that share it."""
    return inputs_of(y, REFERENCE, train=TRAIN, reference=REFERENCE, logits=y, labels=labels, k=5)


# Each metric of samples and their labels.
METRICS = {
    "fd": frechet_distance,
    "fd_debiased": fd_debiased,
    "kid": kernel_distance,
    "cmmd": cmmd,
    "is": inception_score,
    "precision": precision,
    "recall": recall,
    "density": density,
    "coverage": coverage,
    "alpha_precision": alpha_precision,
    "beta_recall": beta_recall,
    "authenticity": authenticity,
    "nn_ratio": nearest_ratio,
    "c_t": copying_score,
}
every_metric = pytest.mark.parametrize("name", METRICS)


@cache
def stratified(seed: int, n: int = 120) -> tuple[torch.Tensor, torch.Tensor]:
    """Three labels, as many samples of each: close to the reference, off to one side, and far away."""
    labels = torch.arange(n) % 3
    return gaussian(seed, n, 3) * 0.6 + 1.6 * labels[:, None], labels


@every_metric
def test_one_label_for_all_changes_nothing_but_the_partitions(name):
    y, _ = stratified(4)
    plain, labelled = METRICS[name](around(y, None)), METRICS[name](around(y, torch.zeros(len(y))))
    assert plain.value == labelled.value
    # The partition into parts takes other random numbers where there are labels.
    assert labelled.uncertainty.se == pytest.approx(plain.uncertainty.se, rel=0.2)


@every_metric
def test_intervals_within_labels_hold_their_target_and_are_narrower(name):
    found: list[tuple[Estimate, Estimate]] = []
    with few_partitions(words=64):
        for i in range(40):
            y, labels = stratified(100 + i)
            found.append((METRICS[name](around(y, labels)), METRICS[name](around(y, None))))
    values = [within.value for within, _ in found]
    assert values == [plain.value for _, plain in found]
    intervals = [within.uncertainty for within, _ in found]
    # Four Monte-Carlo errors of 40 draws below 0.95.
    assert np.mean([i.lo <= np.mean(values) <= i.hi for i in intervals]) >= 0.81
    spread = np.std(values, ddof=1)
    claimed = np.mean([i.se for i in intervals])
    assert 0.7 <= claimed / spread <= 1.7
    plainly = np.mean([plain.uncertainty.se for _, plain in found])
    # These two hardly differ by label here.
    assert claimed < plainly * (1.05 if name in ("is", "recall") else 0.98)


def test_every_order_of_labels_is_as_good():
    y, labels = stratified(5)
    for order in itertools.permutations(range(3)):
        renamed = torch.tensor(order)[labels]
        found, plain = (nearest_ratio(around(y, x)).uncertainty.se for x in (renamed, labels))
        assert found == pytest.approx(plain, rel=1e-9)
