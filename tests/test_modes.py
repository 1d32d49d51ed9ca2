"""Modes counted among samples: values beside SciPy's entropy, and intervals that hold what fresh draws give."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.modes import modes, modes_kl
from genboard.benchmarks.metrics.occupancy import means, variance
from genboard.benchmarks.scoring import score
from genboard.benchmarks.uncertainty import Estimate
from genboard.registry.metrics import find_metric
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.special import xlogy

from genboard.core.errors import BadFeatures

Counts = NDArray[np.int64]
METRICS = {"modes": modes, "modes_kl": modes_kl}
counted = st.lists(st.integers(0, 30), min_size=2, max_size=12).filter(any)


def samples(counts: Counts | list[int]) -> MetricInputs:
    """So many samples that are taken for each class, by a classifier that is never quite sure."""
    labels = np.repeat(np.arange(len(counts)), counts)
    logits = np.random.default_rng(len(labels)).uniform(0, 1, (len(labels), len(counts)))
    logits[np.arange(len(labels)), labels] += 1.5
    return MetricInputs(FeatureSet(logits=torch.from_numpy(logits)))


@given(counts=counted)
def test_values_are_those_of_numpy_and_scipy(counts):
    assert modes(samples(counts)).value == np.count_nonzero(counts)
    expected = stats.entropy(counts, np.full(len(counts), sum(counts) / len(counts)))
    assert modes_kl(samples(counts)).value == pytest.approx(expected, abs=1e-12)


@given(counts=counted, seed=st.integers(0, 2**32 - 1))
def test_what_classes_are_called_does_not_matter(counts, seed):
    renamed = np.random.default_rng(seed).permutation(counts)
    for metric in METRICS.values():
        one, other = metric(samples(counts)), metric(samples(renamed))
        assert one.value == pytest.approx(other.value, abs=1e-12)
        assert interval(one) == pytest.approx(interval(other), abs=1e-9)


@given(counts=counted)
def test_both_stay_between_their_ends(counts):
    found, uneven = modes(samples(counts)), modes_kl(samples(counts))
    lo, hi = interval(found)
    assert 1 <= found.value <= min(len(counts), sum(counts))
    assert lo < found.value < hi
    assert 0 <= uneven.value <= math.log(len(counts)) + 1e-12


def test_an_even_and_a_collapsed_distribution():
    assert modes_kl(samples([20] * 10)).value == 0
    assert modes_kl(samples([200, *[0] * 9])).value == pytest.approx(math.log(10))
    assert modes(samples([200, *[0] * 9])).value == 1


def interval(found: Estimate) -> tuple[float, float]:
    assert found.uncertainty is not None
    return found.uncertainty.lo, found.uncertainty.hi


def shares(kind: str, k: int, n: int) -> NDArray[np.float64]:
    rank = np.arange(k)
    weights = {
        "even": np.ones(k),
        "steep": 1 / (1.0 + rank) ** 1.5,
        "dropped": (rank < k // 10) + 1e-9,
        "rare": np.where(rank < k // 100 + 1, 1.0, 2.0 / (n * k)),  # about two samples of all those of the rest
        "uneven": np.random.default_rng(k).dirichlet(np.ones(k)),
    }[kind]
    return np.asarray(weights / weights.sum())


SETTINGS = [(10, 300), *(pytest.param(*many, marks=pytest.mark.slow) for many in ((100, 500), (1000, 2000)))]


@pytest.mark.parametrize("kind", ["even", "steep", "dropped", "rare", "uneven"])
@pytest.mark.parametrize(("k", "n"), SETTINGS)
def test_intervals_hold_the_mean_of_fresh_draws(kind, k, n):
    p, rng, draws = shares(kind, k, n), np.random.default_rng([k, n]), 500
    drawn = rng.multinomial(n, p, size=draws)
    many = rng.multinomial(n, p, size=20_000)
    uneven = np.log(k) + xlogy(many / n, many / n).sum(axis=1)
    # The first is known in closed form.
    targets = {"modes": float((1 - (1 - p) ** n).sum()), "modes_kl": float(uneven.mean())}
    spread = {"modes": float((many > 0).sum(axis=1).std()), "modes_kl": float(uneven.std())}
    for name, metric in METRICS.items():
        found = [metric(samples(counts)) for counts in drawn]
        held = np.mean([lo <= targets[name] <= hi for lo, hi in map(interval, found)])
        assert held >= 0.92, name  # three Monte-Carlo errors of 500 draws below 0.95
        errors = [one.uncertainty.se for one in found if one.uncertainty is not None]
        assert np.mean(errors) >= 0.9 * spread[name], name


def test_standard_errors_of_many_classes_are_not_too_large_either():
    p, rng = shares("uneven", 1000, 3000), np.random.default_rng(4)
    drawn = rng.multinomial(3000, p, size=2000)
    for f, values in (
        (lambda n: np.minimum(n, 1.0), (drawn > 0).sum(axis=1)),
        (lambda n: xlogy(n / 3000, n / 3000), xlogy(drawn / 3000, drawn / 3000).sum(axis=1)),
    ):
        claimed = np.mean([variance(counts, f) for counts in drawn[:50]])
        assert claimed == pytest.approx(values.var(), rel=0.12)


def test_the_variance_of_the_number_of_samples_is_none():
    assert variance(np.array([3, 0, 8, 1, 40]), lambda n: 2 * n + 1) == pytest.approx(0, abs=1e-9)


def test_the_mixture_keeps_the_mean_and_what_is_not_there():
    counts = np.array([0] * 90 + [50] * 10)
    grid, share = means(counts)
    assert share.sum() == pytest.approx(1)
    assert share @ grid == pytest.approx(counts.mean(), rel=0.03)  # by a step of the grid
    assert share[grid < 1].sum() == pytest.approx(0.9, abs=1e-3)


def test_the_influence_is_that_of_one_sample_more():
    counts = np.array([5000, 3000, 1500, 500])
    found = modes_kl(samples(counts.tolist()))
    assert found.influence is not None
    n, labels = counts.sum(), np.repeat(np.arange(4), counts)
    for c in range(4):
        more = modes_kl(samples((counts + np.eye(4, dtype=np.int64)[c]).tolist())).value
        first = found.influence[int(np.flatnonzero(labels == c)[0])] - found.influence.mean()
        assert (more - found.value) * n == pytest.approx(float(first), abs=2e-3)


def test_few_samples_of_many_classes_are_uneven_by_chance_as_stated():
    drawn = np.random.default_rng(2).multinomial(10_000, np.full(1000, 1e-3), size=200)
    values = np.log(1000) + xlogy(drawn / 1e4, drawn / 1e4).sum(axis=1)
    assert values.mean() == pytest.approx(999 / 2e4, rel=0.03)


@pytest.mark.parametrize("name", METRICS)
def test_without_a_classifier_there_is_a_reason(name):
    record = score(find_metric(name), MetricInputs(FeatureSet(torch.randn(9, 3)))).record
    assert record.value is None
    assert "fake.logits" in str(record.reason)


@pytest.mark.parametrize("metric", METRICS.values())
def test_one_class_and_numbers_that_are_none_are_refused(metric):
    with pytest.raises(BadFeatures, match="a classifier of 1 class tells no modes apart"):
        metric(MetricInputs(FeatureSet(logits=torch.ones(5, 1))))
    with pytest.raises(BadFeatures, match="the logits contain NaN or infinity"):
        metric(MetricInputs(FeatureSet(logits=torch.full((5, 3), torch.nan))))
