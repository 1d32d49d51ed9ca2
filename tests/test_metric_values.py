"""Values against independent implementations, closed forms and published figures; intervals against simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch
from genboard.benchmarks.metrics.distances import nearest
from genboard.benchmarks.metrics.frechet import frechet_distance
from genboard.benchmarks.metrics.inception_score import inception_score
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.metrics.nearest import nearest_ratio
from genboard.reference_stats.moments import Moments, symmetric_root
from metric_inputs import inputs_of, of_two

from genboard.core.errors import BadFeatures


def gaussian(seed: int, n: int, d: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    return torch.from_numpy(shift + scale * np.random.default_rng(seed).standard_normal((n, d)))


def by_square_root(x: np.ndarray, y: np.ndarray) -> float:
    """The Fréchet distance as it is written, with SciPy's general matrix square root."""
    r, g = (np.atleast_2d(np.cov(z, rowvar=False)) for z in (x, y))
    root = scipy.linalg.sqrtm(r @ g)
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(r + g - 2 * np.real(root)))


@pytest.mark.parametrize(("n", "d"), [(50, 1), (200, 5), (400, 32), (100, 64)])
def test_frechet_distance_equals_the_matrix_square_root(n, d):
    x, y = gaussian(1, n, d), gaussian(2, n + 7, d, shift=0.3, scale=1.2)
    assert frechet_distance(inputs_of(y, Moments.of(x))).value == pytest.approx(
        by_square_root(x.numpy(), y.numpy()), rel=1e-9
    )


def test_frechet_distance_of_shifted_gaussians_is_the_squared_shift():
    # The check that pytorch-fid publishes, means 0 and 1 and both covariances the identity, in 256 dimensions.
    d = 256
    corners = ((2 * d - 1) / 2) ** 0.5 * torch.eye(d).double()
    around_zero = torch.cat([corners, -corners])  # its mean is 0, its covariance the identity
    assert frechet_distance(inputs_of(around_zero + 1.0, Moments.of(around_zero))).value == pytest.approx(d, rel=1e-12)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_frechet_distance_is_right_with_fewer_samples_than_dimensions(n):
    # tr (R G)^(1/2) is the nuclear norm of the product of the centred features: no square root of a singular matrix.
    x, y = gaussian(3, n, 40), gaussian(4, n + 1, 40, shift=1.0)
    a, b = (x - x.mean(0)) / (len(x) - 1) ** 0.5, (y - y.mean(0)) / (len(y) - 1) ** 0.5
    traces = a.square().sum() + b.square().sum() - 2 * torch.linalg.svdvals(a @ b.T).sum()
    expected = float((x.mean(0) - y.mean(0)).square().sum() + traces)
    found = frechet_distance(inputs_of(y, Moments.of(x)))
    assert found.value == pytest.approx(expected, rel=1e-6)
    assert found.uncertainty is None
    assert str(n + 1) in (found.reason or "")


def test_frechet_distance_of_a_set_with_itself_is_zero_even_where_singular():
    x = gaussian(5, 20, 40)
    assert abs(frechet_distance(inputs_of(x, Moments.of(x))).value) < 1e-5


def test_frechet_bias_for_equal_gaussians_is_the_closed_form():
    # With an exact reference S = I: (1/n) [1.25 tr S + sum_ij l_i l_j / (2 (l_i + l_j))] to first order.
    d, n = 4, 400
    exact = Moments(2, torch.zeros(d).double(), torch.eye(d).double())
    mean = np.mean([frechet_distance(inputs_of(gaussian(seed, n, d), exact)).value for seed in range(600)])
    assert mean == pytest.approx((1.25 * d + d * d / 4) / n, rel=0.06)


def test_kernel_distance_equals_the_double_loop():
    x, y = gaussian(6, 9, 3).numpy(), gaussian(7, 7, 3, shift=0.5).numpy()

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 3 + 1) ** 3)

    xx = np.mean([k(a, b) for a, b in itertools.permutations(x, 2)])
    yy = np.mean([k(a, b) for a, b in itertools.permutations(y, 2)])
    xy = np.mean([k(a, b) for a in x for b in y])
    found = kernel_distance(inputs_of(torch.from_numpy(y), torch.from_numpy(x)))
    assert found.value == pytest.approx(xx + yy - 2 * xy, rel=1e-10)


def test_kernel_distance_is_unbiased():
    values = [kernel_distance(inputs_of(gaussian(2 * i + 1, 30, 3), gaussian(2 * i, 30, 3))).value for i in range(500)]
    assert abs(np.mean(values)) < 3 * np.std(values) / len(values) ** 0.5


def test_inception_score_equals_the_mean_entropy_difference():
    p = np.random.default_rng(8).dirichlet(np.ones(10), size=50)
    expected = np.exp(scipy.stats.entropy(p.mean(0)) - np.mean([scipy.stats.entropy(row) for row in p]))
    assert inception_score(inputs_of(None, logits=torch.from_numpy(np.log(p)))).value == pytest.approx(
        expected, rel=1e-10
    )


@pytest.mark.parametrize("classes", [2, 10, 1008])
def test_inception_score_runs_from_one_to_the_number_of_classes(classes):
    assert inception_score(inputs_of(None, logits=1e3 * torch.eye(classes))).value == pytest.approx(classes)
    assert inception_score(inputs_of(None, logits=torch.zeros(5, classes))).value == pytest.approx(1.0)


def test_nearest_equals_brute_force_and_a_copy_is_at_zero():
    x, y = gaussian(9, 40, 6) + 1e4, gaussian(10, 30, 6) + 1e4
    distances, indices = nearest(x, torch.cat([y, x[:3]]))
    gaps = np.linalg.norm(y.numpy()[:, None] - x.numpy()[None], axis=2)
    np.testing.assert_allclose(distances[:30], gaps.min(1), rtol=1e-12)
    assert indices[:30].tolist() == gaps.argmin(1).tolist()
    assert distances[30:].tolist() == [0.0, 0.0, 0.0]


def test_nearest_ratio_is_one_for_fresh_real_images_and_zero_for_copies():
    train, real, fresh = gaussian(11, 400, 4), gaussian(12, 400, 4), gaussian(13, 4000, 4)
    assert nearest_ratio(inputs_of(fresh, train=train, reference=real)).value == pytest.approx(1.0, abs=0.1)
    assert nearest_ratio(inputs_of(train[:50], train=train, reference=real)).value == 0.0
    with pytest.raises(BadFeatures, match="equals a training image"):
        nearest_ratio(inputs_of(fresh, train=train, reference=train[:10]))


def test_the_symmetric_root_squares_to_the_matrix_and_refuses_what_is_no_covariance():
    cov = Moments.of(gaussian(14, 30, 8)).cov
    root = symmetric_root(cov)
    torch.testing.assert_close(root @ root, cov)
    torch.testing.assert_close(root, root.T)
    with pytest.raises(BadFeatures, match="eigenvalue"):
        symmetric_root(torch.diag(torch.tensor([1.0, -0.5])))


CELLS = {
    # metric of (reference, samples), on draws of 200 samples; `shift` moves them away from the reference
    "fd, far": (lambda r, y: frechet_distance(inputs_of(y, Moments.of(r))), 0.7),
    "fd, equal": (lambda r, y: frechet_distance(inputs_of(y, Moments.of(r))), 0.0),
    "kid, far": (of_two(kernel_distance), 0.7),
    "kid, equal": (of_two(kernel_distance), 0.0),
    "is": (lambda _, y: inception_score(inputs_of(None, logits=2 * y)), 0.3),
}


@pytest.mark.parametrize("cell", CELLS)
def test_conditional_intervals_hold_their_target(cell):
    """The target is the statistic's mean over fresh draws, the reference fixed; 400 draws know it well enough."""
    metric, shift = CELLS[cell]
    reference = gaussian(100, 300, 4)
    estimates = [metric(reference, gaussian(1000 + i, 200, 4, shift=shift)) for i in range(400)]
    target = np.mean([e.value for e in estimates])
    intervals = [e.uncertainty for e in estimates]
    covered = np.mean([i.lo <= target <= i.hi for i in intervals])
    spread = np.std([e.value for e in estimates], ddof=1)
    claimed = np.mean([i.se for i in intervals])
    # Three Monte-Carlo errors below 0.95 are 0.917. Where the distance vanishes the interval may be too wide, not too
    # narrow; elsewhere its width is right.
    assert covered >= 0.917
    assert claimed / spread >= 0.9
    if "equal" not in cell:
        assert claimed / spread <= 1.15
