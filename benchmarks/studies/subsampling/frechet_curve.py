"""The Fréchet distance of many nested subsets, for little more than the eigenvalues of each.

With y' = (x - m)' F, m and R = F F' being the reference's mean and covariance, the covariance of a subset's y is
F' G F, whose eigenvalues the distance needs; and covariances of nested subsets are merged, not made anew.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ....core.parallel import on_all_cores
from ....reference_stats.moments import Gaussian, Moments
from ...metrics.frechet import DIGITS, distance
from ...metrics.frechet_spectrum import rounding_of_roots
from ...metrics.triangles import outer_square, times_lower
from .design import SINGLE, Design

LARGE = 1  # orders looked at where a single distance takes half a second or more
SMALL = 4  # and where, of features as wide, it takes a quarter of one
FEWER_DIGITS = 1e-5  # that do there: standard errors are a hundred times that and more


class Subset(NamedTuple):
    """A subset's distance but for the roots."""

    place: int  # of its size among the sizes
    rows: Tensor  # which samples it is of
    apart: float  # the squared distance of the means and both variances
    spread: float  # its own variance
    inner: Tensor  # F' G F, or a matrix with the same eigenvalues but for zeros; its lower triangle counts


def frechet_curve(real: Gaussian, features: Tensor, design: Design) -> list[list[float]]:
    """The distance of each subset: for each size, of each order. Wide features have fewer orders, large subsets one.

    Where the rounding of the eigenvalues would show, as it may where a covariance is singular, a subset is measured as
    the metric measures it.
    """
    digits = FEWER_DIGITS if features.shape[1] > SINGLE else DIGITS
    noise = torch.finfo(torch.float64).eps * float(torch.linalg.matrix_norm(real.cov))

    def roots(subset: Subset) -> tuple[float, float]:
        """Of the eigenvalues: their sum, and a bound on its error."""
        values = torch.linalg.eigvalsh(subset.inner)
        # One of zero comes out as noise of either sign. The variance is no less than the norm of the covariance.
        return float(values.clamp(min=0).sqrt().sum()), rounding_of_roots(values, noise * subset.spread)

    found: list[list[float]] = [[] for _ in design.sizes]
    subsets = _subsets(real, features, design)
    for subset, (total, rounding) in zip(subsets, on_all_cores(roots, subsets), strict=True):
        value = subset.apart - 2 * total
        if 2 * rounding > digits * value:
            own = features[subset.rows]
            value = distance(real, Moments.of(own), own)
        found[subset.place].append(value)
    return found


def _subsets(real: Gaussian, features: Tensor, design: Design) -> list[Subset]:
    d = features.shape[1]
    gaps = features.to(torch.float64) - real.mean
    mapped = gaps @ real.root if real.lower is None else times_lower(gaps, real.lower)
    squares = torch.linalg.vector_norm(gaps, dim=1).square()
    found: list[Subset] = []
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
            apart = float(shift @ shift)
            spread = (square - size * apart) / (size - 1)
            if size > d:
                own = mapped[order[state.n : size]]
                mean = own.mean(dim=0)
                own -= mean
                state = state.merge(Moments(len(own), mean, outer_square(own.T)))
                inner = state.cov  # its lower triangle, which is what is read of it
            else:
                own = mapped[order[:size]]
                own -= own.mean(dim=0)
                inner = outer_square(own) / (size - 1)
            found.append(Subset(place, order[:size], apart + real.variance + spread, spread, inner))
            before = size
    return found
