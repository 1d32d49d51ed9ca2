"""Precision, recall, density and coverage: their closed forms, and intervals that hold their target."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.inputs import MetricInputs
from genboard.benchmarks.metrics.manifold import coverage, density, expected_coverage, precision, recall
from genboard.benchmarks.neighbours import count_neighbours, identity_resample
from hostile_sets import X, Y, normal
from metric_inputs import inputs_of


def test_density_and_coverage_of_equal_distributions_are_the_closed_forms():
    draws = [[torch.from_numpy(normal(n, 3, 2 * i + j)) for j, n in enumerate((80, 100))] for i in range(60)]
    counts = [count_neighbours(real, fake, 5, [identity_resample(80, 100)])[0] for real, fake in draws]
    for k in (1, 3, 5):
        dens = [float(c.pairs[k - 1]) / (k * 100) for c in counts]
        cover = [float(c.reached_real[k - 1]) / 80 for c in counts]
        assert np.mean(dens) == pytest.approx(1.0, abs=4 * np.std(dens) / 60**0.5)
        assert np.mean(cover) == pytest.approx(expected_coverage(80, 100, k), abs=4 * np.std(cover) / 60**0.5)


@pytest.fixture(scope="module")
def draws() -> list[MetricInputs]:
    """Fresh draws of samples against one reference, some way off."""
    reference = torch.from_numpy(normal(150, 4, 100))
    return [inputs_of(torch.from_numpy(normal(150, 4, 200 + i)) + 0.6, reference, k=5) for i in range(60)]


@pytest.mark.slow
@pytest.mark.parametrize("metric", [precision, recall, density, coverage], ids=lambda m: m.__name__)
def test_conditional_intervals_hold_their_target(metric, draws):
    estimates = [metric(inputs) for inputs in draws]
    target = np.mean([e.value for e in estimates])
    intervals = [e.uncertainty for e in estimates]
    # Four Monte-Carlo errors of 60 draws below 0.95.
    assert np.mean([i.lo <= target <= i.hi for i in intervals]) >= 0.84
    spread = np.std([e.value for e in estimates], ddof=1)
    assert np.mean([i.se for i in intervals]) / spread == pytest.approx(1.0, abs=0.35)


def test_too_few_samples_for_half_samples_have_no_interval():
    found = recall(inputs_of(torch.from_numpy(Y[:8]), torch.from_numpy(X), k=5))
    assert found.uncertainty is None
    assert "at least 12 are needed" in (found.reason or "")


@pytest.mark.slow
def test_the_interval_of_coverage_is_not_too_wide_near_full_cover():
    reference = torch.from_numpy(normal(150, 4, 300))
    estimates = [coverage(inputs_of(torch.from_numpy(normal(150, 4, 400 + i)), reference, k=5)) for i in range(60)]
    values, intervals = [e.value for e in estimates], [e.uncertainty for e in estimates]
    assert np.mean(values) > 0.95
    assert np.mean([i.lo <= np.mean(values) <= i.hi for i in intervals]) >= 0.84
    # The spread over half-samples is twice that of fresh draws here.
    assert 0.7 <= np.mean([i.se for i in intervals]) / np.std(values, ddof=1) <= 1.5


def test_full_and_empty_cover_have_intervals_that_end_there():
    x = torch.from_numpy(X)
    full, empty = (coverage(inputs_of(y, x, k=5)) for y in (x.repeat(4, 1) + 1e-3, x + 1e3))
    assert full.value == full.uncertainty.hi == 1.0
    assert empty.value == empty.uncertainty.lo == 0.0
    assert 0 < full.uncertainty.se < 1 - full.uncertainty.lo < 0.1
    assert 0 < empty.uncertainty.se < empty.uncertainty.hi < 0.1
