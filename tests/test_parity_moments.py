"""Fréchet distance, kernel distance and Inception score against the peers themselves, on the same features."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.frechet import distance, frechet_distance
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.reference_stats.moments import Moments
from metric_inputs import inputs_of
from published_protocols import inception_score_splits, kernel_distance_subsets
from pytorch_fid.fid_score import calculate_frechet_distance
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

pytestmark = pytest.mark.filterwarnings(
    # pytorch-fid asks SciPy for an error estimate that SciPy means to drop.
    "ignore:The `disp` argument is deprecated:DeprecationWarning"
)


def features(seed: int, n: int, d: int, shift: float = 0.0) -> torch.Tensor:
    """Correlated, with variances that fall off as those of real features do; float32."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(7).standard_normal((d, d)) * np.arange(1, d + 1) ** -0.5
    return torch.from_numpy((shift + rng.standard_normal((n, d)) @ mixing).astype(np.float32))


@pytest.mark.parametrize(("n", "d"), [(400, 8), (500, 64), (300, 256)])
def test_frechet_distance_equals_pytorch_fid_and_torchmetrics_from_the_same_moments(n, d):
    x, y = features(1, n, d), features(2, n + 50, d, shift=0.3)
    real, generated = Moments.of(x), Moments.of(y)
    found = frechet_distance(inputs_of(y, real)).value
    assert found == pytest.approx(distance(real, generated, y), rel=1e-12)
    moments = (real.mean, real.cov, generated.mean, generated.cov)
    assert found == pytest.approx(calculate_frechet_distance(*[m.numpy() for m in moments]), rel=1e-8)
    assert found == pytest.approx(float(_compute_fid(*moments)), rel=1e-8)


@pytest.mark.parametrize("n", [500, 30])
def test_frechet_distance_equals_torch_fidelity_from_the_same_features(n):
    # Its mean is summed in float32, and with 30 samples its eigenvalues include 34 of rounding noise: 1e-5.
    x, y = features(1, 500, 64), features(2, n, 64, shift=0.3)
    theirs = fid_statistics_to_metric(fid_features_to_statistics(x), fid_features_to_statistics(y), verbose=False)
    assert frechet_distance(inputs_of(y, Moments.of(x))).value == pytest.approx(
        theirs["frechet_inception_distance"], rel=1e-5
    )


@pytest.mark.parametrize("size", [50, 270])  # pair by pair, and from the kernel of all pairs
@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_kernel_distance_of_subsets_equals_torch_fidelity(shift, size):
    # Both multiply in float32: the kernel is of size 1 to 10 here, so 1e-5 of that.
    x, y = features(3, 300, 32), features(4, 280, 32, shift)
    theirs = kid_features_to_metric(y, x, kid_subsets=20, kid_subset_size=size, rng_seed=2020, verbose=False)
    ours = kernel_distance_subsets(x, y, subsets=20, size=size)
    assert ours.mean == pytest.approx(theirs["kernel_inception_distance_mean"], abs=1e-5)
    assert ours.spread == pytest.approx(theirs["kernel_inception_distance_std"], abs=1e-5)


def test_kernel_distance_equals_torchmetrics_on_all_pairs():
    # Its function takes equally many on both sides; float64 in, so only the order of summation differs.
    x, y = features(5, 200, 32).double(), features(6, 200, 32, shift=0.3).double()
    assert kernel_distance(inputs_of(y, x)).value == pytest.approx(float(poly_mmd(x, y)), rel=1e-10)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("n", [200, 207])
def test_inception_score_of_splits_equals_torch_fidelity(n, shuffle):
    logits = 2 * features(8, n, 10)
    theirs = isc_features_to_metric(logits, splits=10, shuffle=shuffle, rng_seed=2020)
    ours = inception_score_splits(logits, splits=10, shuffle=2020 if shuffle else None)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-12)
    assert ours.spread == pytest.approx(theirs["inception_score_std"], rel=1e-9)
