"""The nearest rows of each row in their exact order, which no rounding of a product has a part in."""

from __future__ import annotations

import torch
from torch import Tensor

from .distances import PointSet
from .lists import Lists, exact_distances

AT_ONCE = 8_000_000  # distances held at once


def nearest_in_order(points: PointSet, lists: Lists, depth: int) -> Tensor:
    """The `depth` nearest other rows of each row, by their distance in float64, those equally near by their index.

    Listed rows whose bounds overlap are measured. Where rows that are not listed may be as near, all are.

    Args:
        lists: of all rows, each longer than `depth` or complete.

    Returns:
        Shape (n, depth).
    """
    depth = min(depth, lists.index.shape[1])
    # All upper bounds so far are below the next lower bound: there a run of rows ends whose order is in question.
    apart = lists.low[:, 1:] > lists.high[:, :-1]
    run = torch.nn.functional.pad(apart.cumsum(dim=1), (1, 0))
    found = lists.index[:, :depth].clone()
    # Rows that are not listed may be as near as the last one. Mostly measuring tells, but not where many are equal.
    to_end = (run[:, depth - 1] == run[:, -1]) & lists.end.isfinite()
    unlisted = to_end & ((lists.low + lists.high)[:, depth - 1] / 2 >= lists.end)
    rows = ((~apart[:, :depth]).any(dim=1) & ~unlisted).nonzero()[:, 0]
    index, run = lists.index[rows], run[rows]
    asked = run <= run[:, depth - 1 : depth]
    alone = torch.nn.functional.pad(apart[rows], (1, 1), value=True)
    row, place = (asked & ~(alone[:, :-1] & alone[:, 1:])).nonzero(as_tuple=True)
    exact = torch.zeros_like(lists.low[rows])
    exact[row, place] = points.exact(rows[row], points, index[row, place]) * points.scale**2
    order = index.argsort(dim=1)
    for key in (exact, run):
        order = order.gather(1, key.gather(1, order).argsort(dim=1, stable=True))
    found[rows] = index.gather(1, order)[:, :depth]
    unlisted[rows] = to_end[rows] & (exact.gather(1, order)[:, depth - 1] >= lists.end[rows])
    if bool(unlisted.any()):
        found[unlisted] = _among_all(points, unlisted.nonzero()[:, 0], depth)
    return found


def _among_all(points: PointSet, rows: Tensor, depth: int) -> Tensor:
    """The same for a few rows, from their distances to all others; of equal rows one is measured."""
    first, kind = kinds = points.kinds
    met, of_row = kind[rows].unique(return_inverse=True)
    step = max(1, AT_ONCE // len(points))
    nearest = torch.cat(
        [
            exact_distances(points, some, points, kinds, kinds).argsort(dim=1, stable=True)[:, : depth + 1]
            for some in first[met].split(step)
        ]
    )[of_row]
    # A row stands among its own nearest, or behind as many that are equal to it.
    own = nearest == rows[:, None]
    own[:, depth] |= ~own.any(dim=1)
    return nearest[~own].view(len(rows), depth)
