"""The nearest rows of a set equal a brute force in float64, and so does the realism that asks for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.realism import realism, realism_scores
from genboard.benchmarks.neighbours import distances, members_within, nearest_rows, to_other_rows
from genboard.errors import BadFeatures
from hostile_sets import HOSTILE, X, Y, squared


def test_realism_equals_its_definition():
    real, fake = torch.from_numpy(X).double(), torch.from_numpy(Y).double() * 1.2
    within = torch.cdist(real, real).fill_diagonal_(torch.inf)
    radius = within.sort(dim=1).values[:, 2]
    kept = radius <= radius.median()
    expected = (radius[kept, None] / torch.cdist(real[kept], fake)).amax(dim=0)
    torch.testing.assert_close(
        realism_scores(torch.from_numpy(X), torch.from_numpy(Y) * 1.2, 3).float(), expected.float()
    )
    found = realism(torch.from_numpy(X), torch.from_numpy(Y) * 1.2, 3)
    assert found.value == pytest.approx(float(expected.quantile(0.5)), rel=1e-5)
    assert found.uncertainty is not None
    assert np.mean((expected.numpy() > found.uncertainty.lo) & (expected.numpy() < found.uncertainty.hi)) < 0.3


def test_realism_of_copies_is_infinite_and_said_to_be():
    copies = torch.from_numpy(np.concatenate([X[:80], Y[:60]]))
    scores = realism_scores(torch.from_numpy(X), copies)
    assert bool(scores[:80].isinf().float().mean() > 0.4)
    with pytest.raises(BadFeatures, match="realism is infinite"):
        realism(torch.from_numpy(X), torch.from_numpy(np.repeat(X[np.argsort(np.abs(X).sum(1))[:5]], 10, axis=0)))


@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_nearest_row_equals_brute_force(name, narrow, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    bank, queries = HOSTILE[name]
    found, index = nearest_rows(torch.from_numpy(bank), torch.from_numpy(queries))
    expected = squared(queries, bank)
    np.testing.assert_allclose(found.numpy() ** 2, expected.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(expected[np.arange(len(queries)), index], expected.min(axis=1), rtol=1e-12)


@pytest.mark.parametrize("k", [1, 3, 20])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_distance_to_the_kth_other_row_equals_brute_force(name, narrow, k, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    bank = HOSTILE[name][0]
    rows = np.random.default_rng(0).permutation(len(bank))[:25]
    expected = squared(bank[rows], bank)
    expected[np.arange(25), rows] = np.inf
    found = to_other_rows(torch.from_numpy(bank), torch.from_numpy(rows), k)
    np.testing.assert_allclose(found, np.sort(expected, axis=1)[:, k - 1], rtol=1e-12)


@pytest.mark.parametrize("most", [3, 1000])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_members_within_own_radii_equal_brute_force(name, narrow, most, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    bank, queries = HOSTILE[name]
    across = squared(bank, queries)
    # Between two distances, for those are known to the last bit here and there only where they tie.
    squares = np.sort(across, axis=1)[:, 5:7].mean(axis=1)
    rank = np.random.default_rng(1).permutation(len(queries))
    pairs = members_within(*map(torch.from_numpy, (bank, queries, squares, rank)), most)
    expected = []
    for i, row in enumerate(across <= squares[:, None]):
        inside = row.nonzero()[0]
        expected += [(i, int(j)) for j in inside[np.argsort(rank[inside])][:most]]
    assert sorted(zip(*(p.tolist() for p in pairs), strict=True)) == sorted(expected)
