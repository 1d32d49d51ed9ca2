"""The Fréchet distance where it is delicate, CMMD, and the variance of the kernel distance."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.cmmd import cmmd
from genboard.benchmarks.metrics.frechet import DIGITS, distance, frechet_distance
from genboard.benchmarks.metrics.frechet_spectrum import spectrum
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.metrics.triangles import congruence, lower_times, outer_square, times_lower
from genboard.reference_stats.moments import Moments
from metric_inputs import inputs_of, of_two
from published_protocols import inception_score_splits, kernel_distance_subsets, kernel_distance_variance

from genboard.core.errors import BadFeatures


def gaussian(seed: int, n: int, d: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    return torch.from_numpy(shift + scale * np.random.default_rng(seed).standard_normal((n, d)))


def decaying(seed: int, n: int, d: int, decades: float, turned: bool = False) -> torch.Tensor:
    """Gaussian features whose standard deviations fall over so many decades, along one set of axes or another."""
    axes = torch.linalg.qr(gaussian(98 if turned else 99, d, d))[0]
    return gaussian(seed, n, d) * torch.logspace(0, -decades, d).double() @ axes


def by_singular_values(x: torch.Tensor, y: torch.Tensor) -> float:
    """The distance with the nuclear norm of the product of the centred features: no root of anything singular."""
    a, b = (x - x.mean(0)) / (len(x) - 1) ** 0.5, (y - y.mean(0)) / (len(y) - 1) ** 0.5
    traces = a.square().sum() + b.square().sum() - 2 * torch.linalg.svdvals(a @ b.T).sum()
    return float((x.mean(0) - y.mean(0)).square().sum() + traces)


@pytest.mark.parametrize("d", [1, 5, 256, 300, 520])
def test_products_of_triangles_equal_the_plain_products(d):
    a, lower, x = gaussian(1, d, d), gaussian(2, d, d).tril(), gaussian(3, 7, d)
    symmetric = a + a.T
    torch.testing.assert_close(congruence(symmetric, lower).tril(), (lower.T @ symmetric @ lower).tril())
    torch.testing.assert_close(times_lower(x, lower), x @ lower)
    torch.testing.assert_close(lower_times(lower, x.T), lower @ x.T)
    torch.testing.assert_close(outer_square(a).tril(), (a @ a.T).tril())


@pytest.mark.parametrize("decades", [0, 2, 4, 6, 8, 12])
@pytest.mark.parametrize("turned", [False, True])
def test_the_bound_on_rounding_holds_and_decides_the_route(decades, turned):
    x, y = decaying(1, 200, 48, decades), decaying(2, 190, 48, decades, turned)
    real, generated = Moments.of(x), Moments.of(y)
    apart = float((real.mean - generated.mean).square().sum() + real.cov.trace() + generated.cov.trace())
    found = spectrum(real, generated, vectors=False)
    exact = by_singular_values(x, y)
    assert abs(2 * float(found.roots.sum()) - (apart - exact)) <= 2 * found.rounding + 1e-13 * apart
    assert distance(real, generated, y) == pytest.approx(exact, rel=2 * DIGITS, abs=1e-13)


@pytest.mark.parametrize("metric", [frechet_distance, cmmd])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
@pytest.mark.parametrize(("n", "d"), [(100, 2), (100, 64), (100, 300), (400, 16)])
@pytest.mark.parametrize("centre", [0.0, 50.0])
def test_equal_sets_in_any_order_are_at_zero_and_others_are_not(metric, kind, n, d, centre):
    x = (gaussian(n + d, n, d) + centre).to(kind)
    for y in (x, x.flip(0), x[torch.randperm(n, generator=torch.Generator().manual_seed(d))]):
        assert repr(of_two(metric)(x, y).value) == "0.0"
    moved = x.clone()
    moved[:, 0] += 1e-3
    assert of_two(metric)(x, moved).value > 0


@pytest.mark.parametrize(("n", "alive"), [(20, 40), (400, 40), (400, 25)])
def test_a_set_against_itself_is_at_zero_even_where_singular(n, alive):
    x = gaussian(5, n, 40) * (torch.arange(40) < alive) @ torch.linalg.qr(gaussian(99, 40, 40))[0]
    assert abs(frechet_distance(inputs_of(x, Moments.of(x))).value) < 1e-9


def test_dead_features_do_not_disturb_the_distance_or_its_standard_error():
    x, y = gaussian(6, 300, 6), gaussian(7, 300, 6, shift=0.4, scale=1.3)
    dead = torch.zeros(300, 3).double()
    plain = frechet_distance(inputs_of(y, Moments.of(x)))
    padded = frechet_distance(inputs_of(torch.cat([y, dead], 1), Moments.of(torch.cat([x, dead], 1))))
    assert padded.value == pytest.approx(plain.value, rel=1e-7)
    assert padded.uncertainty.se == pytest.approx(plain.uncertainty.se, rel=1e-6)
    assert "lies where" not in padded.uncertainty.method


def test_reference_variance_outside_the_samples_range_is_named():
    x, y = gaussian(6, 300, 4), gaussian(7, 300, 4)
    y[:, 3] = 0.0
    found = frechet_distance(inputs_of(y, Moments.of(x)))
    assert found.value == pytest.approx(by_singular_values(x, y), rel=1e-7)
    share = float(Moments.of(x).cov[3, 3] / Moments.of(x).cov.trace())
    assert f"{share:.0%}"[:-1] in found.uncertainty.method
    assert "lies where the samples have none" in found.uncertainty.method


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e12])
def test_the_standard_error_is_the_same_in_both_precisions(scale):
    x, y = decaying(8, 400, 12, 2).float() * scale, decaying(9, 400, 12, 2, turned=True).float() * scale
    short, long = frechet_distance(inputs_of(y, Moments.of(x))), frechet_distance(inputs_of(y.double(), Moments.of(x)))
    assert short.value == long.value
    assert short.uncertainty.se == pytest.approx(long.uncertainty.se, rel=1e-5)


@pytest.mark.parametrize("metric", [of_two(metric) for metric in (frechet_distance, kernel_distance, cmmd)])
def test_what_is_not_a_finite_number_is_refused(metric):
    x, y = gaussian(10, 20, 3), gaussian(11, 20, 3)
    y[4, 1] = math.nan
    with pytest.raises(BadFeatures, match="NaN or infinity"):
        metric(x, y)


def test_cmmd_equals_the_published_formula():
    x, y = gaussian(17, 9, 5).numpy(), gaussian(18, 7, 5, shift=0.5).numpy()
    x, y = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in (x, y))

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return math.exp(-float(((a - b) ** 2).sum()) / (2 * 10.0**2))

    means = [np.mean([k(a, b) for a, b in itertools.product(p, q)]) for p, q in ((x, x), (y, y), (x, y))]
    found = cmmd(inputs_of(torch.from_numpy(y), torch.from_numpy(3 * x)))
    assert found.value == pytest.approx(1000 * (means[0] + means[1] - 2 * means[2]), rel=1e-9)


def test_cmmd_of_opposite_points_and_of_a_set_with_itself():
    one = torch.ones(3, 2)
    assert cmmd(inputs_of(-one, one)).value == pytest.approx(1000 * (2 - 2 * math.exp(-4 / 200)), rel=1e-9)
    assert cmmd(inputs_of(5 * one, one)).value == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(BadFeatures, match="no direction"):
        cmmd(inputs_of(torch.zeros(3, 2), one))


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_the_interval_of_cmmd_holds_its_target(shift):
    reference = gaussian(19, 300, 4)
    found = [cmmd(inputs_of(gaussian(3000 + i, 200, 4, shift), reference)) for i in range(300)]
    target, spread = np.mean([e.value for e in found]), np.std([e.value for e in found], ddof=1)
    covered = np.mean([e.uncertainty.lo <= target <= e.uncertainty.hi for e in found])
    claimed = np.mean([e.uncertainty.se for e in found]) / spread
    assert covered >= 0.91
    assert 0.9 <= claimed <= (1.5 if shift == 0 else 1.12)


def test_the_variance_of_the_kernel_distance_is_unbiased_over_every_possible_draw():
    # Two values a side, each draw as likely as any other: the mean and the variance over all draws are exact.
    a, b = torch.tensor([0.3, -1.1]).double(), torch.tensor([0.9, 0.1]).double()
    draws = [
        (torch.stack([a[i] for i in xs])[:, None], torch.stack([b[i] for i in ys])[:, None])
        for xs in itertools.product((0, 1), repeat=4)
        for ys in itertools.product((0, 1), repeat=5)
    ]
    values = [kernel_distance(inputs_of(y, x)).value for x, y in draws]
    estimates = [kernel_distance_variance(x, y) for x, y in draws]
    assert np.mean(estimates) == pytest.approx(np.var(values), rel=1e-10)
    assert min(estimates) < 0  # as its docstring says


def test_a_kernel_distance_redrawn_on_both_sides_varies_as_estimated():
    pairs = [(gaussian(2 * i, 60, 3), gaussian(2 * i + 1, 40, 3, shift=0.5)) for i in range(600)]
    spread = np.var([kernel_distance(inputs_of(y, x)).value for x, y in pairs], ddof=1)
    assert np.mean([kernel_distance_variance(x, y) for x, y in pairs]) == pytest.approx(spread, rel=0.2)


def test_protocols_refuse_too_few():
    x = gaussian(20, 5, 2)
    with pytest.raises(BadFeatures, match="at least 1000 real images"):
        kernel_distance_subsets(x, x)
    with pytest.raises(BadFeatures, match="at least 4 real images"):
        kernel_distance_variance(x[:3], x)
    with pytest.raises(BadFeatures, match="10 parts"):
        inception_score_splits(x)
