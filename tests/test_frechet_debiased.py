"""The closed form of the bias-corrected Fréchet distance: its formulas, its bias and its interval."""

from __future__ import annotations

from math import log, pi

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.frechet import distance, frechet_distance
from genboard.benchmarks.metrics.frechet_debiased import fd_debiased
from genboard.benchmarks.metrics.frechet_sampling import lift, nodes, sampling
from genboard.benchmarks.metrics.frechet_spectrum import spectrum
from genboard.reference_stats.moments import Given, Moments, symmetric_root
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_inputs import inputs_of
from numpy.typing import NDArray
from scipy.integrate import quad

from genboard.core.errors import BadFeatures

Floats = NDArray[np.float64]


def exact(mean: Floats, cov: Floats) -> Given:
    """A reference whose moments are known, not estimated."""
    matrix = torch.from_numpy(np.asarray(cov, dtype=np.float64))
    return Given(torch.from_numpy(np.asarray(mean, dtype=np.float64)), matrix, symmetric_root(matrix))


def true_distance(real: Given, mean: Floats, cov: Floats) -> float:
    inner = real.root @ torch.from_numpy(np.asarray(cov)) @ real.root
    cross = torch.linalg.eigvalsh(inner).clamp(min=0).sqrt().sum()
    gap = real.mean - torch.from_numpy(np.asarray(mean))
    return float(gap @ gap + real.cov.trace() + np.trace(cov) - 2 * cross)


def by_brute_force(x: Floats, root: Floats) -> float:
    """The bias from its definition: every sample left out by itself, every integral by adaptive quadrature."""
    n, _ = x.shape
    df, u = n - 1, n / (n - 1) ** 2
    z = (x - x.mean(0)) @ root
    a = z.T @ z / df
    values = np.linalg.eigvalsh(a)

    def shares(tau: float) -> tuple[float, float, float]:
        share = values / (values + tau**2)
        mean, square = share.sum() / df, (share**2).sum() / df
        odds = 0.0
        for row in z:
            left_out = a - u * np.outer(row, row) + tau**2 * np.eye(len(a))
            odds += u * row @ np.linalg.solve(left_out, row) / n
        spare = (square - mean**2) / (1 - mean) ** 2
        return mean, square, odds - 2 * spare / ((1 - mean) * df)

    def integrand(at: float) -> float:
        tau = np.exp(at)
        mean, square, odds = shares(tau)
        leading = 8 * df * (mean - square) * (np.sqrt(odds / mean) - 1)
        return tau * (leading + np.log1p((square - mean**2) / (1 - mean) ** 2)) / pi

    middle = log(values.max()) / 2
    integral = quad(integrand, middle - 12, middle + 12, epsabs=0, epsrel=1e-7, limit=60)[0]
    return float(np.cov(x.T).trace() / n + integral)


def test_the_bias_equals_leaving_out_every_sample_by_itself():
    rng = np.random.default_rng(1)
    x = rng.standard_t(5, size=(40, 3)) * [1.0, 0.3, 2.0] + 1
    cov = np.array([[1.0, 0.2, 0.0], [0.2, 2.0, 0.1], [0.0, 0.1, 0.5]])
    real, y = exact(np.zeros(3), cov), torch.from_numpy(x)
    moments = Moments.of(y)
    found = sampling(real, moments, y, spectrum(real, moments, vectors=True))
    assert found.bias == pytest.approx(by_brute_force(x, real.root.numpy()), rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-4, 4), min_size=2, max_size=12, unique_by=lambda v: round(v, 1)),
    st.integers(5, 60),
)
def test_gaussian_odds_give_the_estimate_of_tiomoko_and_couillet(exponents, times):
    # Their integral runs over the intervals between the eigenvalues and the zeros of the Stieltjes transform.
    values = np.sort(np.exp(exponents))
    df = len(values) * times
    root = np.sqrt(values)
    zeros = np.linalg.eigvalsh(np.diag(values) - np.outer(root, root) / df)

    def stieltjes(x: float, j: int) -> float:
        # The singular factors (zero_j, value_j) are left to the substitution.
        others = np.arange(len(values)) != j
        return float(np.sqrt(np.prod((x - zeros[others]) / (x - values[others])) / x))

    total = 0.0
    for j, (low, high) in enumerate(zip(zeros, values, strict=True)):
        # x = low + (high - low) sin^2: ((x - low) / (high - x))^(1/2) dx = 2 (high - low) sin^2 d angle
        total += quad(
            lambda angle, low=low, high=high, j=j: (
                2 * (high - low) * np.sin(angle) ** 2 * stieltjes(low + (high - low) * np.sin(angle) ** 2, j)
            ),
            0,
            pi / 2,
            epsrel=1e-10,
        )[0]
    theirs = 2 * df / pi * total
    points = torch.from_numpy(values)
    tau, weights = nodes(points)
    share = points[:, None] / (points[:, None] + tau.square())
    mean, square = share.sum(0) / df, share.square().sum(0) / df
    ours = root.sum() + lift(df, weights, mean, square, mean / (1 - mean)) / 2
    assert ours == pytest.approx(theirs, rel=1e-7)


def test_the_influence_is_what_leaving_a_sample_out_does_to_the_distance():
    rng = np.random.default_rng(2)
    x = torch.from_numpy(rng.standard_t(6, size=(60, 4)) + 0.3)
    real = exact(np.zeros(4), np.diag([1.0, 2.0, 0.5, 1.0]))
    moments = Moments.of(x)
    found = sampling(real, moments, x, spectrum(real, moments, vectors=True)).influence
    whole = distance(real, moments, x)
    left = [distance(real, Moments.of(o := torch.cat([x[:i], x[i + 1 :]])), o) for i in range(60)]
    assert_one_line(found, 59 * (whole - torch.tensor(left, dtype=torch.float64)))


def test_the_limit_influence_is_what_leaving_a_sample_out_does_to_the_corrected_distance():
    rng = np.random.default_rng(3)
    x = torch.from_numpy(rng.standard_t(6, size=(120, 4)) + 0.3)
    real = exact(np.zeros(4), np.diag([1.0, 2.0, 0.5, 1.0]))
    whole = fd_debiased(inputs_of(x, real))
    left = [fd_debiased(inputs_of(torch.cat([x[:i], x[i + 1 :]]), real)).value for i in range(120)]
    assert_one_line(whole.influence, 119 * (whole.value - torch.tensor(left, dtype=torch.float64)))


def assert_one_line(influence: torch.Tensor, moved: torch.Tensor) -> None:
    """Leaving samples out one by one does what the influences say, but for a factor of 1 + O(1 / n)."""
    a, b = influence - influence.mean(), moved - moved.mean()
    assert float(a @ b / (a.norm() * b.norm())) > 0.999
    assert float(a @ b / (a @ a)) == pytest.approx(1, abs=0.04)


def white(rng: np.random.Generator, n: int, d: int) -> Floats:
    return rng.standard_normal((n, d))


def heavy(rng: np.random.Generator, n: int, d: int) -> Floats:
    """Student's t of 8 degrees of freedom in all directions at once, scaled to unit covariance."""
    return rng.standard_normal((n, d)) / np.sqrt(rng.chisquare(8, size=(n, 1)) / 6)


def clusters(rng: np.random.Generator, n: int, d: int) -> Floats:
    """A narrow cluster of 80% and a wide one of 20%, scaled to unit covariance."""
    wide = rng.random((n, 1)) < 0.2
    return rng.standard_normal((n, d)) * np.where(wide, 1.5, 0.5) / np.sqrt(0.8 * 0.25 + 0.2 * 2.25)


@pytest.mark.parametrize("draw", [white, heavy, clusters])
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_the_corrected_distance_holds_that_of_infinitely_many_samples(draw, shift):
    d, n = 24, 120
    real, target = exact(np.zeros(d), np.eye(d)), d * shift**2
    rng = np.random.default_rng(4)
    found, biased = [], []
    for _ in range(250):
        y = torch.from_numpy(draw(rng, n, d) + shift)
        found.append(fd_debiased(inputs_of(y, real)))
        biased.append(frechet_distance(inputs_of(y, real)).value)
    values = np.array([e.value for e in found])
    assert {e.uncertainty.target for e in found} == {"population"}
    assert abs(values.mean() - target) < 0.3 * values.std()
    assert abs(values.mean() - target) < 0.1 * (np.mean(biased) - target)
    assert np.mean([e.uncertainty.lo <= target <= e.uncertainty.hi for e in found]) >= 0.92


@pytest.mark.parametrize("pool", [40, 150])
def test_samples_that_repeat_are_corrected_too(pool):
    d, n = 16, 300
    rng = np.random.default_rng(5)
    images = rng.standard_normal((pool, d))
    real = exact(np.zeros(d), np.eye(d))
    target = true_distance(real, images.mean(0), np.cov(images.T, bias=True))
    found = [fd_debiased(inputs_of(torch.from_numpy(images[rng.integers(0, pool, n)]), real)) for _ in range(200)]
    values = np.array([e.value for e in found])
    assert abs(values.mean() - target) < 0.25 * values.std()
    assert np.mean([e.uncertainty.lo <= target <= e.uncertainty.hi for e in found]) >= 0.92


@pytest.mark.slow
def test_at_the_fields_own_size_there_is_an_interval_and_it_holds_zero():
    d, n = 2048, 10_000
    real = exact(np.zeros(d), np.eye(d))
    y = torch.from_numpy(np.random.default_rng(6).standard_normal((n, d), dtype=np.float32))
    found = fd_debiased(inputs_of(y, real))
    assert frechet_distance(inputs_of(y, real)).value > 100
    assert abs(found.value) < 1
    assert found.uncertainty.lo < 0 < found.uncertainty.hi
    assert found.uncertainty.se < 0.5


def test_below_four_samples_a_dimension_there_is_no_corrected_distance():
    real, rng = exact(np.zeros(8), np.eye(8)), np.random.default_rng(7)
    with pytest.raises(BadFeatures, match="31 samples of 8 features, the correction needs at least 32"):
        fd_debiased(inputs_of(torch.from_numpy(white(rng, 31, 8)), real))
    assert fd_debiased(inputs_of(torch.from_numpy(white(rng, 32, 8)), real)).uncertainty is not None


def test_a_copy_of_the_reference_has_an_interval_of_ordinary_width():
    # Its distance is zero, which no fresh draw has: the interval must not be wide by a division by nothing.
    y = torch.from_numpy(white(np.random.default_rng(8), 200, 6))
    for found in (fd_debiased(inputs_of(y, Moments.of(y))), frechet_distance(inputs_of(y, Moments.of(y)))):
        assert found.uncertainty.hi - found.uncertainty.lo < 1
        assert found.uncertainty.lo < found.value < found.uncertainty.hi


def test_a_sample_alone_in_its_direction_and_a_reference_without_spread_have_values():
    rng = np.random.default_rng(9)
    y = white(rng, 100, 4)
    y[:, 3] = 0
    y[17, 3] = 2.0
    lonely = fd_debiased(inputs_of(torch.from_numpy(y), exact(np.zeros(4), np.eye(4))))
    assert np.isfinite([lonely.value, lonely.uncertainty.lo, lonely.uncertainty.hi]).all()
    flat = fd_debiased(inputs_of(torch.from_numpy(white(rng, 4000, 4)), exact(np.ones(4), np.zeros((4, 4)))))
    assert flat.value == pytest.approx(4 + 4, abs=4 * flat.uncertainty.se)
    same = fd_debiased(inputs_of(torch.ones(20, 2).double(), exact(np.zeros(2), np.eye(2))))
    assert same.value == pytest.approx(2 + 2)
    assert same.uncertainty.se == 0


def test_features_that_hardly_ever_move_leave_finite_intervals():
    # Pixels at the border are black in all images but one: their directions hold a single sample each.
    rng = np.random.default_rng(10)
    x, y = (np.concatenate([white(rng, 400, 6), np.zeros((400, 12))], axis=1) for _ in range(2))
    y[range(12), range(6, 18)] = 10.0 ** -np.arange(12.0)
    for metric in (frechet_distance, fd_debiased):
        found = metric(inputs_of(torch.from_numpy(y), Moments.of(torch.from_numpy(x + y))))
        numbers = (found.value, found.uncertainty.se, found.uncertainty.lo, found.uncertainty.hi)
        assert np.isfinite(numbers).all()
        assert bool(found.influence.isfinite().all())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [1.0, 0.1, 0.03, 0.01, 0.006])
def test_a_feature_that_one_sample_has_leaves_the_interval_as_wide_as_without_it(size: float, seed: int):
    """A unit that is off for all images but one: rounding says that the sample has more than all of its direction."""
    rng = np.random.default_rng(seed)
    x, y = (torch.from_numpy(white(rng, 400, 12)) for _ in range(2))
    lone = torch.zeros(400, 1, dtype=torch.float64)
    lone[17] = size
    scaled = torch.from_numpy(rng.normal(size=(400, 1))) * size / 20
    without = fd_debiased(inputs_of(y.float(), Moments.of(x))).uncertainty
    with_it = inputs_of(torch.cat([y, lone], dim=1).float(), Moments.of(torch.cat([x, scaled], dim=1)))
    found = fd_debiased(with_it).uncertainty
    assert found.se == pytest.approx(without.se, rel=0.1)
    assert found.hi - found.lo == pytest.approx(without.hi - without.lo, rel=0.1)
