"""MAUVE against another way of writing it down and against the published code, and what its cells make of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.mauve import area, mauve
from genboard.benchmarks.uncertainty import Estimate
from genboard.reference_stats.centres import cell_centres, cells_of, occupied_centres
from metric_inputs import inputs_of
from scipy.stats import entropy

from genboard.core.errors import BadFeatures

# Histograms of real images and of samples, c, and what mauve-text 0.4.0 gives for them. Of equal histograms it gives
# 0.75, as it sorts points that are equal; the area is 1.
PUBLISHED = [
    ([0.5, 0.5], [1.0, 0.0], 1.0, 0.8914650647340188),
    ([0.5, 0.5], [1.0, 0.0], 5.0, 0.2781137253672402),
    ([0.2, 0.3, 0.5], [0.5, 0.3, 0.2], 1.0, 0.9892481934339442),
    ([0.2, 0.3, 0.5], [0.5, 0.3, 0.2], 5.0, 0.8214099836116461),
    ([0.25] * 4, [0.97, 0.01, 0.01, 0.01], 5.0, 0.12300106794357105),
    ([0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1], 5.0, 0.6538536633533254),
]


def area_of(p: list[float], q: list[float], scale: float) -> float:
    return float(area(torch.tensor(p, dtype=torch.float64), torch.tensor([q], dtype=torch.float64), scale))


def by_hand(p: list[float], q: list[float], scale: float) -> float:
    """The same area from SciPy's divergences and NumPy's rule of trapezoids."""
    points = [(1.0, 0.0)]
    for w in np.linspace(1e-6, 1 - 1e-6, 25):
        r = w * np.array(p) + (1 - w) * np.array(q)
        points.append((float(np.exp(-scale * entropy(q, r))), float(np.exp(-scale * entropy(p, r)))))
    x, y = np.array([*points, (0.0, 1.0)]).T
    return float(np.trapezoid(y[::-1], x[::-1]))


@pytest.mark.parametrize(("p", "q", "scale", "published"), PUBLISHED)
def test_areas_are_those_of_the_published_code(p, q, scale, published):
    assert area_of(p, q, scale) == pytest.approx(published, rel=1e-12)
    assert by_hand(p, q, scale) == pytest.approx(published, rel=1e-9)


def test_areas_of_many_histograms_are_those_of_each_alone():
    rng = np.random.default_rng(1)
    p, *others = rng.dirichlet(np.ones(20), size=6)
    others[0] = np.where(np.arange(20) == 3, 0.0, others[0] / (1 - others[0][3]))
    together = area(torch.from_numpy(p), torch.from_numpy(np.array(others)), 5.0).tolist()
    for q, found in zip(others, together, strict=True):
        assert found == pytest.approx(area_of(list(p), list(q), 5.0), rel=1e-12)
        assert found == pytest.approx(by_hand(list(p), list(q), 5.0), rel=1e-9)


def clusters(n: int, shares: np.ndarray, seed: int) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    centres = 6 * np.random.default_rng(0).normal(size=(len(shares), 8))
    return torch.from_numpy(
        (centres[rng.choice(len(shares), n, p=shares)] + rng.normal(size=(n, 8))).astype(np.float32)
    )


def of(real: torch.Tensor, fake: torch.Tensor, **params: float) -> Estimate:
    return mauve(inputs_of(fake, real), **params)


EVEN = np.full(10, 0.1)


def test_equal_sets_have_one_and_sets_apart_nearly_nothing():
    real = clusters(400, EVEN, 1)
    same = of(real, real)
    assert same.value == pytest.approx(1.0, abs=1e-12)
    assert of(real, real + 1000).value < 0.05


def test_it_falls_with_what_is_lacking_and_with_what_is_beyond():
    real = clusters(400, EVEN, 1)
    fresh, fewer = clusters(400, EVEN, 2), clusters(400, np.array([0.2] * 5 + [0.0] * 5), 3)
    half_strange = torch.cat([clusters(200, EVEN, 4), clusters(200, EVEN, 5)[:, [1, 0, 3, 2, 5, 4, 7, 6]]])
    values = [of(real, x).value for x in (fresh, fewer, half_strange)]
    assert values[0] > 0.9
    assert max(values[1:]) < values[0] - 0.1


def test_cells_are_those_of_the_real_images_whatever_the_samples_are():
    real, fake = clusters(200, EVEN, 1), clusters(300, EVEN, 2)
    centres = occupied_centres(real, 20)
    p, q = (torch.bincount(cells_of(x, centres), minlength=len(centres)).double() / len(x) for x in (real, fake))
    assert of(real, fake).value == pytest.approx(float(area(p, q[None], 5.0)), rel=1e-12)
    assert bool((p > 0).all())


def test_cells_without_features_are_left_out():
    few = torch.tensor([[0.0], [0.0], [0.0], [1.0], [1.0], [5.0]])
    with pytest.raises(BadFeatures, match="do not make 5 cells"):
        cell_centres(few, 5)
    assert sorted(occupied_centres(few, 5).flatten().tolist()) == [0.0, 1.0, 5.0]


def test_the_error_is_that_of_leaving_out_each_sample():
    real, fake = clusters(100, EVEN, 1), clusters(60, np.array([0.3] + [0.1] * 6 + [0.1, 0.0, 0.0]), 2)
    found = of(real, fake)
    without = np.array([of(real, torch.cat([fake[:i], fake[i + 1 :]])).value for i in range(60)])
    assert found.uncertainty is not None
    expected = (59 / 60 * np.square(without - without.mean()).sum()) ** 0.5
    assert found.uncertainty.se == pytest.approx(expected, rel=1e-9)
    assert found.influence is not None
    assert found.influence.numpy() == pytest.approx(59 * (found.value - without), abs=1e-9)


def test_the_interval_holds_the_mean_over_draws():
    real, shares = clusters(200, EVEN, 1), np.array([0.25, 0.15] + [0.075] * 8)
    drawn = [of(real, clusters(200, shares, 100 + i)) for i in range(150)]
    mean = np.mean([d.value for d in drawn])
    held = np.mean([d.uncertainty.lo <= mean <= d.uncertainty.hi for d in drawn if d.uncertainty])
    assert held >= 0.92


def test_one_real_feature_and_other_widths_are_refused():
    with pytest.raises(BadFeatures, match="one cell only"):
        of(torch.zeros(50, 3), torch.randn(50, 3))
    with pytest.raises(BadFeatures):
        of(torch.randn(50, 3), torch.randn(50, 4))
    with pytest.raises(BadFeatures, match="NaN or infinity"):
        of(torch.randn(50, 3), torch.full((50, 3), torch.nan))


def test_labels_asked_for_take_out_what_they_fix():
    real, fake = clusters(200, EVEN, 1), clusters(200, EVEN, 2)
    labels = cells_of(fake, occupied_centres(real, 20))  # the class decides the cell
    by_class = mauve(inputs_of(fake, real, labels=labels)).uncertainty
    plain = of(real, fake).uncertainty
    assert by_class is not None
    assert plain is not None
    assert by_class.se < 0.1 * plain.se
