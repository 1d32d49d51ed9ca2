"""Inner products of the rows as they were given, made of the distances: what kernels need is not multiplied again."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from .distances import PointSet, lower_bounds, point_sets, slope


class Watch(Protocol):
    """Who has a use for the inner products while they go by, block after block. A block may be overwritten."""

    def within(self, start: int, products: Tensor) -> None:
        """Within one set: of the rows from `start` on with all from there on."""

    def across(self, start: int, products: Tensor) -> None:
        """Between two sets: of the real rows from `start` on with all generated ones."""


FAR = 16  # squared distance of rows from their common centre, over that from the origin, that costs few digits


def faithful(*sets: PointSet) -> bool:
    """Whether products made of these sets' distances are about as exact as products of the rows themselves.

    They are not where the common centre is far off, as an outlier may pull it.
    """
    return all(float((c.length / c.scale).square().median()) <= FAR * float(c.square.median()) for c in sets)


def show_within(rows: Tensor, watch: Watch) -> None:
    """The products within one set, shape (n, d), by a pass of their own."""
    points, _ = point_sets(rows, rows, origin=True)
    for start, block in lower_bounds(points, points, triangle=True):
        watch.within(start, inner_products(points, points, start, block))


def show_across(real: Tensor, fake: Tensor, watch: Watch) -> None:
    """The products of real rows, shape (n, d), with generated ones, shape (m, d), by a pass of their own."""
    x, y = point_sets(real, fake, origin=True)
    for start, block in lower_bounds(x, y):
        watch.across(start, inner_products(x, y, start, block))


def inner_products(x: PointSet, y: PointSet, start: int, block: Tensor) -> Tensor:
    """A block of `lower_bounds` turned into inner products of the originals, in place.

    From |x - y|^2 = |x|^2 + |y|^2 - 2 x.y, for as much as the rounding of the block allows: what the bound is below the
    distance is added again.
    """
    rows, columns = slice(start, start + len(block)), slice(len(y) - block.shape[1], None)
    half = 0.5 / x.scale**2
    a, b = x.length[rows], y.length[columns]
    ours = torch.stack([a, x.square[rows] / 2 - half * x.beta * a.square(), torch.ones_like(a)], dim=1)
    theirs = torch.stack([-half * slope(x) * b, torch.ones_like(b), y.square[columns] / 2 - half * x.beta * b.square()])
    return block.addmm_(ours.to(block.dtype), theirs.to(block.dtype), beta=-half)
