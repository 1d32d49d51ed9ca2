"""Euclidean distances as the metrics of copies count them: summed from differences in float64, so that a copy has 0."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..neighbours import nearest_rows, to_other_rows


def nearest(bank: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Euclidean distance of each feature to its nearest in the bank, float64 (n,), and that one's index (n,).

    Distances are summed from differences, not expanded into products: a copy is at distance 0, not at 1e-4.
    """
    if bank.shape[1] != features.shape[1]:
        raise BadFeatures(f"the bank's features are {bank.shape[1]} wide, the samples' {features.shape[1]}")
    return nearest_rows(bank, features)


def to_other(bank: Tensor, rows: Tensor, k: int = 1) -> Tensor:
    """Distance of these rows of the bank to their k-th nearest other row of it, float64, shape of `rows`."""
    return to_other_rows(bank, rows, k).sqrt()


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances of all pairs of rows, summed from differences in float64, shape (len(a), len(b))."""
    return torch.cdist(a.to(torch.float64), b.to(torch.float64), compute_mode="donot_use_mm_for_euclid_dist")
