"""The inner products that are made of distances are those of the rows as they were given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.neighbours import (
    count_neighbours,
    distances,
    identity_resample,
    real_lists,
    show_across,
    show_within,
)
from hostile_sets import HOSTILE, Array, normal
from torch import Tensor


class Seen:
    """Keeps all it is shown, and leaves nothing of the blocks behind."""

    def __init__(self, own: int, real: int = 0) -> None:
        self.own = torch.full((own, own), torch.nan, dtype=torch.float64)
        self.crossed = torch.full((real, own), torch.nan, dtype=torch.float64)

    def within(self, start: int, products: Tensor) -> None:
        self.own[start : start + len(products), start:] = products.double()
        products.fill_(torch.nan)

    def across(self, start: int, products: Tensor) -> None:
        self.crossed[start : start + len(products)] = products.double()
        products.fill_(torch.nan)


def assert_shown(shown: Tensor, x: Array, y: Array, kind: np.dtype, triangle: bool) -> None:
    """Each product of two different rows, up to the rounding of numbers about as large as the rows of either set."""
    wide = x.astype(np.float64), y.astype(np.float64)
    wanted = wide[0] @ wide[1].T
    squares = [(side**2).sum(axis=1) for side in wide]
    size = squares[0][:, None] + squares[1][None] + 16 * max(np.median(s) for s in squares)
    error = np.abs(shown.numpy() - wanted) / np.maximum(size, 1e-300)
    looked = np.triu(np.ones(error.shape, bool), 1) if triangle else np.ones(error.shape, bool)
    assert looked.any()
    assert np.nanmax(error[looked]) <= 8 * np.finfo(kind).eps
    assert not np.isnan(shown.numpy()[looked]).any()


@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_products_are_those_of_the_rows(name: str, narrow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "ROWS", 17)
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    real, fake = HOSTILE[name]
    kind = np.dtype(np.float64 if real.shape[1] <= distances.NARROW else np.float32)
    of_real, of_fake = torch.from_numpy(real), torch.from_numpy(fake)
    resamples = [identity_resample(len(real), len(fake))]
    alone, both = Seen(len(real)), Seen(len(fake), len(real))
    lists = real_lists(of_real, 4, [len(real)], alone)
    counted = count_neighbours(of_real, of_fake, 4, resamples, lists=lists, watch=both)
    assert_shown(alone.own, real, real, kind, triangle=True)
    assert_shown(both.own, fake, fake, kind, triangle=True)
    assert_shown(both.crossed, real, fake, kind, triangle=False)
    # The counts are the same whether anybody watches or not.
    (one,), (other,) = counted, count_neighbours(of_real, of_fake, 4, resamples)
    for field in ("covered_fake", "covered_real", "pairs", "reached_real"):
        assert torch.equal(getattr(one, field), getattr(other, field)), field
    # A pass for the products alone shows the same.
    again = Seen(len(fake), len(real))
    show_within(of_fake, again)
    show_across(of_real, of_fake, again)
    assert_shown(again.own, fake, fake, kind, triangle=True)
    assert_shown(again.crossed, real, fake, kind, triangle=False)


def test_products_of_wide_rows_far_from_the_origin() -> None:
    """As near as a product in float32 of the rows themselves comes."""
    real, fake = normal(200, 2048, 1) + np.float32(3), normal(180, 2048, 2) + np.float32(3)
    seen = Seen(180, 200)
    show_across(torch.from_numpy(real), torch.from_numpy(fake), seen)
    wanted = real.astype(np.float64) @ fake.astype(np.float64).T
    plain = np.abs(real @ fake.T - wanted)
    assert np.abs(seen.crossed.numpy() - wanted).mean() <= 2 * plain.mean()
