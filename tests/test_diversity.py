"""Diversity by all pairs: against a brute force, its influences, and its intervals by simulation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics import diversity
from genboard.benchmarks.metrics.diversity import feature_diversity, squared_diversity
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.uncertainty import Estimate
from scipy.spatial.distance import cosine, euclidean, sqeuclidean
from torch import Tensor

from genboard.core.errors import BadFeatures

KINDS: dict[str, tuple[Callable[[MetricInputs], Estimate], Callable[[np.ndarray, np.ndarray], float]]] = {
    "euclidean": (feature_diversity, euclidean),
    "cosine": (partial(feature_diversity, kind="cosine"), cosine),
    "squared": (squared_diversity, sqeuclidean),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def of(features: Tensor, labels: Tensor | None = None) -> MetricInputs:
    return MetricInputs(FeatureSet(features, labels=labels))


def brute(x: np.ndarray, apart: Callable[[np.ndarray, np.ndarray], float]) -> float:
    return float(np.mean([apart(a, b) for a, b in combinations(x, 2)]))


@every_kind
@pytest.mark.parametrize("block", [4, 1024])
def test_it_is_the_mean_over_all_pairs(kind, block, monkeypatch):
    monkeypatch.setattr(diversity, "BLOCK", block)
    metric, apart = KINDS[kind]
    x = np.random.default_rng(3).normal(1, 1, (21, 4))
    labels = np.arange(21) % 3 // 2  # 14 and 7
    assert metric(of(torch.from_numpy(x))).value == pytest.approx(brute(x, apart), rel=1e-10)
    expected = (14 * brute(x[labels == 0], apart) + 7 * brute(x[labels == 1], apart)) / 21
    assert metric(of(torch.from_numpy(x), torch.from_numpy(labels))).value == pytest.approx(expected, rel=1e-10)


@every_kind
def test_copies_of_one_image_have_none(kind):
    metric, _ = KINDS[kind]
    found = metric(of(torch.rand(1, 7).repeat(30, 1) + 5))
    assert found.value == pytest.approx(0, abs=1e-14)
    assert found.value == 0 or kind == "cosine"


@every_kind
def test_its_influences_are_what_leaving_a_sample_out_does(kind):
    metric, _ = KINDS[kind]
    x = torch.from_numpy(np.random.default_rng(4).gamma(2, 1, (200, 3)))
    whole = metric(of(x))
    centred = whole.influence - whole.influence.mean()
    for i in range(0, 200, 29):
        without = metric(of(torch.cat([x[:i], x[i + 1 :]]))).value
        assert whole.value - without == pytest.approx(float(centred[i]) / 200, rel=0.03, abs=1e-5)


@every_kind
@pytest.mark.parametrize("labelled", [False, True])
def test_its_intervals_hold_their_target(kind, labelled):
    metric, _ = KINDS[kind]
    rng, labels = np.random.default_rng(5), np.repeat(np.arange(4), 15)
    centres = rng.normal(0, 2, (4, 6))

    def draw() -> Tensor:
        own = labels if labelled else rng.integers(4, size=60)
        return torch.from_numpy(centres[own] + (1 + own[:, None]) * rng.standard_t(7, (60, 6)))

    found = [metric(of(draw(), torch.from_numpy(labels) if labelled else None)) for _ in range(600)]
    values = np.array([f.value for f in found])
    held = np.mean([f.uncertainty.lo <= values.mean() <= f.uncertainty.hi for f in found])
    assert 0.92 <= held <= 0.99
    claimed = np.mean([f.uncertainty.se for f in found]) / values.std()
    assert 0.9 <= claimed <= 1.3


def test_a_class_of_one_sample_has_no_pair():
    labels = torch.tensor([0, 0, 3, 0])
    with pytest.raises(BadFeatures, match="class 3 has 1 sample, and a distance needs two"):
        feature_diversity(of(torch.rand(4, 2), labels))


def test_what_has_no_direction_has_no_cosine():
    with pytest.raises(BadFeatures, match="all zeros"):
        feature_diversity(of(torch.zeros(4, 2)), kind="cosine")
    with pytest.raises(BadFeatures, match="kind = 'l1'"):
        feature_diversity(of(torch.rand(4, 2)), kind="l1")
    with pytest.raises(BadFeatures, match="NaN or infinity"):
        squared_diversity(of(torch.rand(4, 2) / 0))
