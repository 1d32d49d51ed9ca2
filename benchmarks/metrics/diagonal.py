"""How far a curve P(a) on [0, 1] runs from the diagonal, P(a) being the share of some levels that lie below a.

The curve is a step function and everything is integrated exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sqrt

import torch
from torch import Tensor

from ..uncertainty import variance_within

# n times the variance of the agreement at equal distributions: 4 times that of the area under a Brownian bridge's
# absolute value.
OF_EQUALS = 4 * (7 / 60 - pi / 32)
APART = 0.4  # area between curve and diagonal, times sqrt(n), up to which the sign of their difference may be noise


@dataclass(frozen=True)
class Curve:
    """The curve of n levels.

    Attributes:
        edges: where its n + 1 steps begin and end, 0 and 1 being the outer ones, shape (n + 2,).
        left, right: P(a) - a at both ends of each step, shape (n + 1,).
    """

    edges: Tensor
    left: Tensor
    right: Tensor

    @staticmethod
    def of(levels: Tensor) -> Curve:
        n = len(levels)
        ends = levels.new_tensor([0.0, 1.0])
        edges = torch.cat([ends[:1], levels.sort().values, ends[1:]])
        share = torch.arange(n + 1, dtype=levels.dtype, device=levels.device) / n
        return Curve(edges, share - edges[:-1], share - edges[1:])

    def agreement(self) -> float:
        """1 - 2 times the integral over a of |P(a) - a|."""
        # -x |x| / 2 is an antiderivative of |P - a|, with x = P - a.
        return float(1 - (self.left * self.left.abs() - self.right * self.right.abs()).sum())

    def signs(self) -> Tensor:
        """The integral of the sign of P(a) - a over each step, shape (n + 1,)."""
        return self.left.abs() - self.right.abs()

    def gain(self, levels: Tensor) -> Tensor:
        """2 times the integral of that sign from 0 to each level: its influence on the agreement, up to a constant."""
        below = torch.cat([self.left.new_zeros(1), self.signs().cumsum(0)])
        step = (torch.searchsorted(self.edges, levels, right=True) - 1).clamp(0, len(self.left) - 1)
        width = self.edges[step + 1] - self.edges[step]
        part = torch.where(width > 0, (levels - self.edges[step]) / torch.where(width > 0, width, 1.0), 0.0)
        return 2 * torch.lerp(below[step], below[step + 1], part)


def share_below(reference: Tensor, found: Tensor) -> Tensor:
    """The level of each found distance: the share of the reference's own distances that are smaller."""
    return torch.searchsorted(reference.sort().values, found).to(reference.dtype) / len(reference)


def standard_error(levels: Tensor, labels: Tensor | None) -> float:
    """Standard error of the agreement of these levels, one a sample, where each is drawn on its own.

    That of the influence function. Where the curve runs along the diagonal its sign is noise: so there its part in the
    influence is reduced, and the variance at equal distributions is added, in proportion to how much of it does.
    """
    n, order, curve = len(levels), levels.argsort(stable=True), Curve.of(levels)
    width, middle = curve.edges.diff(), (curve.edges[:-1] + curve.edges[1:]) / 2
    # z being P - a over its standard error at equal distributions, exp(-z^2 / 2) has the mean 1 / sqrt(2) there.
    squared = torch.where(width > 0, n * (curve.left + curve.right).square() / (8 * middle * (1 - middle)), 0.0)
    unsure = 2**0.5 * float((width * torch.exp(-squared / 2)).sum())
    near = exp(-(((1 - curve.agreement()) / 2 * n**0.5 / APART) ** 4))
    reduced = curve.signs() * (1 - torch.exp(-squared))
    first = near * _variance(reduced, order, labels) + (1 - near) * _variance(curve.signs(), order, labels)
    return sqrt((first + OF_EQUALS * unsure) / n)


def _variance(signs: Tensor, order: Tensor, labels: Tensor | None) -> float:
    """Variance of the influence: of a level, the integral of the sign below it."""
    below = 2 * signs.cumsum(0)
    influence = torch.empty_like(below[:-1])
    influence[order] = below[:-1]
    # Two more levels at either end, as in Agresti and Coull's interval of a share: a curve that never leaves 0 or 1
    # has no variance of its own.
    padded = torch.cat([influence, below.new_zeros(2), below[-1:].expand(2)])
    more = float(padded.var(correction=1)) - variance_within(influence)
    return more + variance_within(influence, labels)
