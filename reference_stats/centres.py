"""Cells of real features, for metrics that compare sets cell by cell: a k-means that no last bit decides.

The usual k-means begins at random rows, several times, and keeps the tightest cells: where there is no structure
several are equally tight, and the last bits of the features decide between them. Here it begins once, at means over
many rows, and takes a fixed number of steps, so centres move as little as the features do. The order of the
rows does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ..core.errors import BadFeatures

CELLS = 3
SEED = 0
STEPS = 10  # of Lloyd's algorithm: three times as many bring the centres' sum of squares down by less than 0.1%
TURNS = 2  # products with the covariance, which turn a random direction towards where the features are spread
ROWS = 256  # rows made float64 at once: what stays in the cache is read quickly the second time


def cell_centres(features: Tensor, cells: int = CELLS, seed: int = SEED) -> Tensor:
    """Centres of so many cells of features, float64, shape (cells, d).

    The features are cut into slabs of like size along a random direction turned towards their spread; Lloyd's steps
    start at the means of the slabs.

    Args:
        features: shape (n, d).
        seed: of the direction.

    Raises:
        BadFeatures: fewer distinct features than cells.
    """
    few = BadFeatures(
        f"{len(features)} training images do not make {cells} cells", "give more distinct ones, or fewer cells"
    )
    if len(features) < cells:
        raise few
    centres = occupied_centres(features, cells, seed)
    if len(centres) < cells:
        raise few
    return centres


def occupied_centres(features: Tensor, cells: int, seed: int = SEED) -> Tensor:
    """The centres of at most so many cells, those that hold features, float64, shape (cells, d).

    Args:
        features, seed: as of `cell_centres`.
    """
    mean = sum((block.sum(dim=0) for block in _blocks(features)), start=_zeros(features, 1)[0]) / len(features)
    order = _along(features, mean, seed).argsort(stable=True)
    slab = torch.empty_like(order)
    for number, rows in enumerate(order.tensor_split(cells)):
        slab[rows] = number
    centres = _means(features, slab, _zeros(features, cells))
    for _ in range(STEPS):
        centres = _means(features, cells_of(features, centres), centres)
    return centres[torch.bincount(cells_of(features, centres), minlength=cells) > 0]


def stored_centres(features: Tensor) -> Tensor | None:
    """The centres that reference statistics keep, of the usual cells; none of too few distinct features."""
    try:
        return cell_centres(features)
    except BadFeatures:
        return None


def cells_of(features: Tensor, centres: Tensor) -> Tensor:
    """The cell of each feature, that of the nearest centre, int64, shape (n,)."""
    origin = centres.mean(dim=0)  # lest a mean far from zero take the digits of the products
    moved = centres - origin
    square = moved.square().sum(dim=1)
    return torch.cat([(square - 2 * (block - origin) @ moved.T).argmin(dim=1) for block in _blocks(features)])


def _along(features: Tensor, mean: Tensor, seed: int) -> Tensor:
    """Where each feature lies along the direction, float64, shape (n,)."""
    drawn = np.random.default_rng(seed).standard_normal(len(mean))
    direction = torch.from_numpy(drawn).to(mean.device)
    for _ in range(TURNS):
        turned = torch.zeros_like(direction)
        for block in _blocks(features):
            centred = block - mean
            turned += centred.T @ (centred @ direction)
        length = turned.norm()
        direction = turned / length if bool(length > 0) else direction
    return torch.cat([(block - mean) @ direction for block in _blocks(features)])


def _means(features: Tensor, cell: Tensor, before: Tensor) -> Tensor:
    """The mean of each cell's features; an empty cell keeps the centre that it had."""
    total, count = torch.zeros_like(before), torch.bincount(cell, minlength=len(before))
    numbers = torch.arange(len(before), device=cell.device)[:, None]
    for block, own in zip(_blocks(features), cell.split(ROWS), strict=True):
        total += (own == numbers).to(block) @ block
    return torch.where(count[:, None] > 0, total / count.clamp(min=1)[:, None], before)


def _zeros(features: Tensor, rows: int) -> Tensor:
    return torch.zeros(rows, features.shape[1], dtype=torch.float64, device=features.device)


def _blocks(features: Tensor) -> Iterator[Tensor]:
    return (block.to(torch.float64) for block in features.split(ROWS))
