"""The metrics of training images hold on every machine: the last bits of the features move none of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from genboard.benchmarks.metrics.authenticity import authenticity
from genboard.benchmarks.metrics.copying import copying_score
from genboard.benchmarks.metrics.nearest import nearest_ratio
from genboard.benchmarks.metrics.realism import realism
from genboard.benchmarks.uncertainty import Estimate
from genboard.reference_stats.centres import cell_centres, cells_of
from last_bits import KINDS, features, moved
from metric_inputs import inputs_of
from sklearn.cluster import KMeans
from torch import Tensor

METRICS: dict[str, Callable[[Tensor, Tensor, Tensor], Estimate]] = {
    "c_t": lambda train, reference, fake: copying_score(inputs_of(fake, train=train, reference=reference)),
    "nn_ratio": lambda train, reference, fake: nearest_ratio(inputs_of(fake, train=train, reference=reference)),
    "authenticity": lambda train, _, fake: authenticity(inputs_of(fake, train=train)),
    "realism": lambda _, reference, fake: realism(inputs_of(fake, reference)),
}
DRAWS = 12
TOLERANCE = 1e-4  # of a standard error


def ends(estimate: Estimate) -> Tensor:
    """The value and the ends of its interval."""
    assert estimate.uncertainty is not None
    return torch.tensor([estimate.value, estimate.uncertainty.lo, estimate.uncertainty.hi], dtype=torch.float64)


@pytest.mark.parametrize("d", [16, 64, 512])
@pytest.mark.parametrize("kind", KINDS)
def test_no_last_bit_moves_a_metric_of_training_images(kind, d):
    sets = [features(kind, 300, d, seed) for seed in (1, 2, 3)]
    before = {name: metric(*sets) for name, metric in METRICS.items()}
    for draw in range(DRAWS):
        changed = moved(sets, draw)
        assert not torch.equal(changed[0], sets[0])
        for name, metric in METRICS.items():
            found = before[name]
            assert found.uncertainty is not None
            apart = float((ends(metric(*changed)) - ends(found)).abs().max())
            assert apart <= TOLERANCE * found.uncertainty.se, (name, draw)


def structureless(n: int, d: int, seed: int) -> Tensor:
    """Multiples of 1/255, as pixels are."""
    return torch.randint(256, (n, d), generator=torch.Generator().manual_seed(seed)).float() / 255


@pytest.mark.parametrize("d", [16, 64, 512])
@pytest.mark.parametrize("kind", ["structureless", "isotropic", "clustered"])
def test_centres_move_as_little_as_the_features(kind, d):
    x = structureless(800, d, 1) if kind == "structureless" else features(kind, 800, d, 1)
    centres = cell_centres(x)
    spread = float((x - x.mean(dim=0)).square().sum(dim=1).mean().sqrt())
    for draw in range(DRAWS):
        (changed,) = moved([x], draw)
        found = cell_centres(changed)
        assert float((found - centres).norm(dim=1).max()) <= 1e-6 * spread
        assert float((found - centres).abs().max()) > 0


@pytest.mark.parametrize("kind", ["structureless", "isotropic", "clustered", "rectified"])
def test_cells_are_nearly_as_tight_as_those_of_k_means(kind):
    x = structureless(800, 32, 1) if kind == "structureless" else features(kind, 800, 32, 1)
    centres = cell_centres(x)
    squares = float((x - centres[cells_of(x, centres)]).square().sum())
    whole = float((x - x.mean(dim=0, dtype=torch.float64)).square().sum())
    best = float(KMeans(3, n_init=10, random_state=0).fit(x.numpy()).inertia_)
    assert squares <= 1.1 * best
    assert squares < 0.99 * whole
    assert len(cells_of(x, centres).unique()) == 3


def test_centres_do_not_depend_on_the_order_of_rows_and_depend_on_the_seed():
    x = features("isotropic", 300, 8, 1)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(cell_centres(x[order]), cell_centres(x), rtol=1e-9, atol=1e-12)
    assert float((cell_centres(x, seed=1) - cell_centres(x)).abs().max()) > 0.01


def test_centres_far_from_zero_are_those_moved_there():
    x = features("clustered", 300, 8, 1).double()
    torch.testing.assert_close(cell_centres(x + 1e6) - 1e6, cell_centres(x), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_no_single_sample_moves_a_metric_of_training_images_by_more_than_its_standard_error(kind):
    train, reference, samples = (features(kind, 120, 16, seed) for seed in (1, 2, 3))
    for name, metric in METRICS.items():
        whole = metric(train, reference, samples)
        assert whole.uncertainty is not None
        for i in range(0, 120, 5):
            left = metric(train, reference, torch.cat([samples[:i], samples[i + 1 :]]))
            assert abs(left.value - whole.value) <= whole.uncertainty.se, (name, i)


@pytest.mark.parametrize("name", ["c_t", "nn_ratio", "authenticity"])
def test_the_influence_has_the_variance_that_the_standard_error_says(name):
    found = METRICS[name](*(features("clustered", 400, 16, seed) for seed in (1, 2, 3)))
    assert found.influence is not None
    assert found.influence.shape == (400,)
    assert found.influence.dtype == torch.float64
    assert found.uncertainty is not None
    assert float(found.influence.var() / 400) ** 0.5 == pytest.approx(found.uncertainty.se, rel=0.02)
