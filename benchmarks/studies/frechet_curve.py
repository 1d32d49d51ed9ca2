"""The Fréchet distance of many nested subsets, for little more than the eigenvalues of each.

With y' = (x - m)' F, m and R = F F' being the reference's mean and covariance, the covariance of a subset's y is
F' G F, whose eigenvalues the distance needs; and covariances of nested subsets are merged, not made anew.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...lanes import on_all_cores
from ...reference_stats.moments import Gaussian, Moments
from ..metrics.triangles import outer_square, times_lower
from .design import SINGLE, Design

LARGE = 1  # orders looked at where a single distance takes half a second or more
SMALL = 4  # and where, of features as wide, it takes a quarter of one


def frechet_curve(real: Gaussian, features: Tensor, design: Design) -> list[list[float]]:
    """The distance of each subset: for each size, of each order. Wide features have fewer orders, large subsets one."""
    d = features.shape[1]
    gaps = features.to(torch.float64) - real.mean
    mapped = gaps @ real.root if real.lower is None else times_lower(gaps, real.lower)
    squares = torch.linalg.vector_norm(gaps, dim=1).square()
    cells: list[tuple[int, float, Tensor]] = []  # place of the size, the distance but for the roots, the inner matrix
    for number, order in enumerate(design.orders):
        if d > SINGLE and number >= SMALL:
            break
        state, gap, square, before = Moments.empty(d), torch.zeros_like(real.mean), 0.0, 0
        for place, size in enumerate(design.sizes):
            if number >= design.drawn(size) or (d > SINGLE and number >= LARGE and size > d):
                break
            rows = order[before:size]
            gap, square = gap + gaps[rows].sum(dim=0), square + float(squares[rows].sum())
            shift = gap / size
            spread = (square - size * float(shift @ shift)) / (size - 1)
            if size > d:
                own = mapped[order[state.n : size]]
                mean = own.mean(dim=0)
                own -= mean
                state = state.merge(Moments(len(own), mean, outer_square(own.T)))
                inner = state.cov  # its lower triangle, which is what is read of it
            else:
                own = mapped[order[:size]]
                own -= own.mean(dim=0)
                inner = outer_square(own) / (size - 1)  # has the same eigenvalues, but for zeros
            cells.append((place, float(shift @ shift) + real.variance + spread, inner))
            before = size
    found: list[list[float]] = [[] for _ in design.sizes]
    for (place, rest, _), roots in zip(cells, on_all_cores(_roots, [inner for *_, inner in cells]), strict=True):
        found[place].append(rest - 2 * roots)
    return found


def _roots(inner: Tensor) -> float:
    """The sum of the roots of its eigenvalues. One of zero comes out as rounding noise of either sign."""
    return float(torch.linalg.eigvalsh(inner).clamp(min=0).sqrt().sum())
