"""The nearest rows of a set equal a brute force in float64, and so does the realism that asks for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.realism import realism, realism_scores
from genboard.benchmarks.neighbours import distances, members_within, nearest_rows, to_other_rows
from hostile_sets import HOSTILE, X, Y, squared
from metric_inputs import inputs_of

from genboard.core.errors import BadFeatures


def test_realism_equals_its_definition():
    real, fake = torch.from_numpy(X).double(), torch.from_numpy(Y).double() * 1.2
    within = torch.cdist(real, real).fill_diagonal_(torch.inf)
    radius = within.sort(dim=1).values[:, 2]
    kept = radius <= radius.median()
    expected = (radius[kept, None] / torch.cdist(real[kept], fake)).amax(dim=0)
    torch.testing.assert_close(
        realism_scores(torch.from_numpy(X), torch.from_numpy(Y) * 1.2, 3).float(), expected.float()
    )
    found = realism(inputs_of(torch.from_numpy(Y) * 1.2, torch.from_numpy(X)), k=3)
    assert found.value == pytest.approx(float(expected.quantile(0.5)), rel=1e-5)
    assert found.uncertainty is not None
    assert np.mean((expected.numpy() > found.uncertainty.lo) & (expected.numpy() < found.uncertainty.hi)) < 0.3


def brute_realism(real: np.ndarray, fake: np.ndarray, k: int) -> np.ndarray:
    """The definition, in float64; 0 / 0 is infinite."""
    within = squared(real, real)
    np.fill_diagonal(within, np.inf)
    radii = np.sort(within, axis=1)[:, k - 1]
    kept = radii <= np.sort(radii)[(len(radii) - 1) // 2]
    across = squared(fake, real[kept])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(across > 0, radii[kept] / across, np.inf)
    return np.sqrt(ratio.max(axis=1))


def frames(seed: int, n: int, spots: int) -> np.ndarray:
    """Frames of eight still scenes of 16x16 pixels, a few of which are off by one grey level."""
    scenes = np.random.default_rng(0).integers(1, 255, (8, 256))
    rng = np.random.default_rng(seed)
    found = scenes[np.arange(n) % 8]
    for frame in found:
        frame[rng.integers(0, 256, spots)] += rng.choice([-1, 1], spots)
    return (found / 255).astype(np.float32)


DEEP = {
    **HOSTILE,
    "still scenes": (frames(1, 240, 5), frames(2, 160, 5)),
    "fivefold": (np.repeat(X[:60], 5, axis=0), X[:60]),
    "small": (X * np.float32(1e-9), Y * np.float32(1e-9)),
    "huge": (X * np.float32(1e9), Y * np.float32(1e9)),
    "radii of all sizes": (X * np.geomspace(1e-9, 1e3, len(X), dtype=np.float32)[:, None], Y),
}


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", DEEP)
def test_realism_equals_brute_force(name, narrow, k, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    real, fake = DEEP[name]
    found = realism_scores(torch.from_numpy(real), torch.from_numpy(fake), k)
    np.testing.assert_allclose(found, brute_realism(real, fake, k), rtol=1e-12)


def test_realism_of_copies_of_what_occurs_five_times_is_infinite():
    real, fake = (torch.from_numpy(x) for x in DEEP["fivefold"])
    assert bool(realism_scores(real, fake).isinf().all())
    with pytest.raises(BadFeatures, match="so the median is infinite"):
        realism(inputs_of(fake, real))
    # Balls without a radius hold nothing else.
    assert realism_scores(real, fake + 1).max() == 0


def test_realism_of_copies_is_infinite_and_said_to_be():
    copies = torch.from_numpy(np.concatenate([X[:80], Y[:60]]))
    scores = realism_scores(torch.from_numpy(X), copies)
    assert bool(scores[:80].isinf().float().mean() > 0.4)
    with pytest.raises(BadFeatures, match="so the median is infinite"):
        realism(
            inputs_of(torch.from_numpy(np.repeat(X[np.argsort(np.abs(X).sum(1))[:5]], 10, axis=0)), torch.from_numpy(X))
        )


@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_nearest_row_equals_brute_force(name, narrow, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    reference, queries = HOSTILE[name]
    found, index = nearest_rows(torch.from_numpy(reference), torch.from_numpy(queries))
    expected = squared(queries, reference)
    np.testing.assert_allclose(found.numpy() ** 2, expected.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(expected[np.arange(len(queries)), index], expected.min(axis=1), rtol=1e-12)


@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_nearest_row_in_units_of_its_own_equals_brute_force(name, narrow, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    reference, queries = HOSTILE[name]
    _, kind = np.unique(reference, axis=0, return_inverse=True)
    squares = np.random.default_rng(0).lognormal(sigma=3.0, size=len(reference))[kind.reshape(-1)]
    found, index = nearest_rows(*map(torch.from_numpy, (reference, queries, squares)))
    expected = squared(queries, reference) / squares
    np.testing.assert_allclose(found.numpy() ** 2, expected.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(expected[np.arange(len(queries)), index], expected.min(axis=1), rtol=1e-12)


@pytest.mark.parametrize("k", [1, 3, 20])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_distance_to_the_kth_other_row_equals_brute_force(name, narrow, k, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    reference = HOSTILE[name][0]
    rows = np.random.default_rng(0).permutation(len(reference))[:25]
    expected = squared(reference[rows], reference)
    expected[np.arange(25), rows] = np.inf
    found = to_other_rows(torch.from_numpy(reference), torch.from_numpy(rows), k)
    np.testing.assert_allclose(found, np.sort(expected, axis=1)[:, k - 1], rtol=1e-12)


@pytest.mark.parametrize("most", [3, 1000])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_members_within_own_radii_equal_brute_force(name, narrow, most, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    reference, queries = HOSTILE[name]
    across = squared(reference, queries)
    # Between two distances, for those are known to the last bit here and there only where they tie.
    squares = np.sort(across, axis=1)[:, 5:7].mean(axis=1)
    rank = np.random.default_rng(1).permutation(len(queries))
    pairs = members_within(*map(torch.from_numpy, (reference, queries, squares, rank)), most)
    expected = []
    for i, row in enumerate(across <= squares[:, None]):
        inside = row.nonzero()[0]
        expected += [(i, int(j)) for j in inside[np.argsort(rank[inside])][:most]]
    assert sorted(zip(*(p.tolist() for p in pairs), strict=True)) == sorted(expected)
