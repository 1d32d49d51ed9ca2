"""Intervals that rest on parts of the samples: the order of the rows, repeats, unequal clusters and last bits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from few_partitions import few_partitions
from genboard.benchmarks.metrics.cmmd import cmmd
from genboard.benchmarks.metrics.inception_score import inception_score
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.metrics.manifold import coverage, density, precision, recall
from genboard.benchmarks.metrics.typicality import alpha_precision, beta_recall
from genboard.benchmarks.metrics.vendi import vendi_score
from genboard.benchmarks.uncertainty import Estimate
from metric_inputs import inputs_of, of_two
from torch import Tensor

METRICS: dict[str, Callable[[Tensor, Tensor], Estimate]] = {
    "kid": of_two(kernel_distance),
    "cmmd": of_two(cmmd),
    "is": lambda _, y: inception_score(inputs_of(None, logits=y)),
    "precision": lambda x, y: precision(inputs_of(y, x, k=5)),
    "recall": lambda x, y: recall(inputs_of(y, x, k=5)),
    "density": lambda x, y: density(inputs_of(y, x, k=5)),
    "coverage": lambda x, y: coverage(inputs_of(y, x, k=5)),
    "alpha_precision": of_two(alpha_precision),
    "beta_recall": of_two(beta_recall),
    "vendi": lambda _, y: vendi_score(inputs_of(y)),
}
every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))


def gaussian(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    return rng.standard_normal((n, d))


def clustered(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    centres = 3 * np.random.default_rng(8).standard_normal((5, d))
    return centres[rng.choice(5, n, p=[0.5, 0.25, 0.15, 0.07, 0.03])] + 0.5 * rng.standard_normal((n, d))


def heavy(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    return rng.standard_normal((n, d)) / np.sqrt(rng.chisquare(5, (n, 1)) / 5)


def rectified(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    return np.maximum(rng.standard_normal((n, d)), 0)


def repeated(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(10).standard_normal((n // 2, d))[rng.integers(0, n // 2, n)]


DRAWN = {f.__name__: f for f in (gaussian, clustered, heavy, rectified, repeated)}


def sets(kind: str, n: int, d: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A reference and samples; repeats are among the samples only."""
    real = DRAWN["gaussian" if kind == "repeated" else kind](np.random.default_rng(1), n, d)
    return tuple(torch.from_numpy(x.astype(np.float32)) for x in (real, DRAWN[kind](np.random.default_rng(seed), n, d)))


def width(estimate: Estimate) -> float:
    return estimate.uncertainty.hi - estimate.uncertainty.lo


@pytest.mark.parametrize(("kind", "n"), [("gaussian", 200), ("clustered", 300), ("repeated", 300)])
@pytest.mark.parametrize("name", ["coverage", "recall", "beta_recall", "kid", "alpha_precision"])
def test_the_order_of_rows_hardly_moves_an_interval(name, kind, n):
    real, fake = sets(kind, n, 8)
    found = [METRICS[name](real, fake[np.random.default_rng(i).permutation(n)]) for i in range(10)]
    assert np.ptp([e.value for e in found]) <= 1e-9 * max(1.0, abs(found[0].value))
    assert max(map(width, found)) / min(map(width, found)) <= 1.05


def nudged(x: Tensor, seed: int) -> Tensor:
    """Each number one float32 up or down at random, equal rows alike."""
    rows, kind = np.unique(x.numpy(), axis=0, return_inverse=True)
    up = np.random.default_rng(seed).integers(0, 2, rows.shape) > 0
    moved = np.nextafter(rows, np.where(up, np.inf, -np.inf).astype(np.float32))
    return torch.from_numpy(moved[kind.reshape(-1)])


@every_metric
@pytest.mark.parametrize("kind", DRAWN)
def test_a_last_bit_moves_nothing(metric, kind):
    real, fake = sets(kind, 200, 16)
    with few_partitions():
        before = metric(real, fake)
        moved = [metric(nudged(real, seed), nudged(fake, seed + 50)) for seed in range(3)]
    for after in moved:
        for end in ("lo", "hi"):
            gap = abs(getattr(after.uncertainty, end) - getattr(before.uncertainty, end))
            assert gap <= 1e-4 * before.uncertainty.se
        assert abs(after.value - before.value) <= 1e-4 * before.uncertainty.se


@every_metric
@pytest.mark.parametrize("kind", DRAWN)
def test_one_sample_less_moves_no_value_by_a_standard_error(metric, kind):
    real, fake = sets(kind, 120, 16)
    with few_partitions():
        before = metric(real, fake)
        less = [metric(real, torch.cat([fake[:i], fake[i + 1 :]])) for i in range(0, 120, 12)]
    for after in less:
        assert abs(after.value - before.value) <= before.uncertainty.se


@pytest.mark.parametrize("name", ["kid", "cmmd", "is", "precision", "density", "alpha_precision", "vendi"])
def test_the_influences_have_the_variance_that_is_claimed(name):
    real, fake = sets("gaussian", 400, 8)
    found = METRICS[name](real, 1.3 * fake + 0.5)
    assert found.influence.shape == (400,)
    assert found.influence.dtype == torch.float64
    assert float(found.influence.std(correction=1)) / 20 == pytest.approx(found.uncertainty.se, rel=0.1)


@pytest.mark.parametrize("name", ["kid", "cmmd", "is", "precision", "density", "alpha_precision", "vendi"])
def test_an_influence_is_what_a_sample_moves(name):
    real, fake = sets("gaussian", 200, 8)
    fake = 1.3 * fake + 0.5
    found = METRICS[name](real, fake)
    moved = [found.value - METRICS[name](real, torch.cat([fake[:i], fake[i + 1 :]])).value for i in range(40)]
    assert np.corrcoef(moved, found.influence[:40])[0, 1] > 0.9


@pytest.mark.parametrize(
    ("name", "kind", "shift", "draws"),
    [
        ("kid", "clustered", 0.0, 400),
        ("kid", "heavy", 0.3, 400),
        ("beta_recall", "gaussian", 0.0, 120),
        ("beta_recall", "heavy", 0.0, 120),
    ],
)
def test_intervals_hold_their_target_and_are_not_far_too_wide(name, kind, shift, draws):
    with few_partitions(words=64):
        found = [
            METRICS[name](*(x if i == 0 else x * (1 + shift / 2) + shift for i, x in enumerate(sets(kind, 200, 4, s))))
            for s in range(2, draws + 2)
        ]
    target = np.mean([e.value for e in found])
    held = np.mean([e.uncertainty.lo <= target <= e.uncertainty.hi for e in found])
    assert held >= 0.95 - 4 * (0.95 * 0.05 / draws) ** 0.5
    if name == "beta_recall":
        spread = np.std([e.value for e in found], ddof=1)
        # Student's quantile of too few degrees of freedom would be 2.5.
        assert np.mean([width(e) for e in found]) / 2 / spread < 2.4
