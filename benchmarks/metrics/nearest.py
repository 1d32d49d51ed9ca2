"""Nearest training images: does a generator copy what it was trained on?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..neighbours import nearest_rows, to_other_rows
from ..uncertainty import Estimate, degrees_of, normal, variance_within

# (bank, features) to distances and indices, as `nearest` has it.
Search: TypeAlias = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def nearest(bank: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
    """Euclidean distance of each feature to its nearest in the bank, float64 (n,), and that one's index (n,).

    Distances are summed from differences, not expanded into products: a copy is at distance 0, not at 1e-4.
    """
    if bank.shape[1] != features.shape[1]:
        raise BadFeatures(f"the bank's features are {bank.shape[1]} wide, the samples' {features.shape[1]}")
    return nearest_rows(bank, features)


class Remembered:
    """`nearest`, which makes no search of the same two tensors twice."""

    def __init__(self) -> None:
        # With the tensors themselves, so that no other takes their place in memory, and with it their ids.
        self._found: dict[tuple[int, int], tuple[Tensor, Tensor, tuple[Tensor, Tensor]]] = {}

    def __call__(self, bank: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        key = id(bank), id(features)
        if key not in self._found:
            self._found[key] = bank, features, nearest(bank, features)
        return self._found[key][2]


def nearest_ratio(
    train: Tensor, real: Tensor, features: Tensor, labels: Tensor | None = None, search: Search = nearest
) -> Estimate:
    """Mean distance from a sample to its nearest training image, over that of fresh real images.

    1: as far from the training set as real images that were not in it. 0: copies. Neither end is best, so it is
    shown and not ranked.

    Args:
        train: features of the training images, shape (t, d).
        real: features of the reference bank, which training has not seen, shape (m, d).
        features: of the samples, shape (n, d).
        labels: of the samples, shape (n,), where there are so many of each in every draw.
        search: for the nearest rows.

    Raises:
        BadFeatures: different widths, or real images that are all in the training set.

    The standard error is that of the numerator's mean: the real images are fixed.
    """
    distances, _ = search(train, features)
    scale = float(search(train, real)[0].mean())
    if scale == 0:
        raise BadFeatures("every real image is in the training set: there is no distance to compare with")
    value = float(distances.mean()) / scale
    se = (variance_within(distances, labels) / len(distances)) ** 0.5 / scale
    uncertainty = normal(value, se, "standard error of a mean", degrees=degrees_of(distances))
    return Estimate(value, uncertainty, influence=distances / scale)


def to_other(bank: Tensor, rows: Tensor, k: int = 1) -> Tensor:
    """Distance of these rows of the bank to their k-th nearest other row of it, float64, shape of `rows`."""
    return to_other_rows(bank, rows, k).sqrt()


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances of all pairs of rows, summed from differences in float64, shape (len(a), len(b))."""
    return torch.cdist(a.to(torch.float64), b.to(torch.float64), compute_mode="donot_use_mm_for_euclid_dist")
