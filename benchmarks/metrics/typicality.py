"""Alpha-precision and beta-recall: is a set as typical of the other as that set is of itself?

Both ask, for each level between 0 and 1, which share of one set lies in the other's most typical part of that level,
and integrate how far that curve is from the diagonal. The curve is a step function and is integrated exactly.
"""

from __future__ import annotations

from math import pi

import torch
from torch import Tensor

from ...errors import BadFeatures
from ..uncertainty import Estimate, normal
from .nearest import BLOCK, distances, to_other

# n times the variance of alpha-precision at equal distributions: 4 times that of the area under a Brownian bridge's
# absolute value.
OF_EQUALS = 4 * (7 / 60 - pi / 32)


def alpha_precision(real: Tensor, features: Tensor) -> Estimate:
    """1 - 2 times the integral over alpha of |P(alpha) - alpha|, 0 to 1. Higher is better.

    P(alpha) is the share of samples that are no farther from the mean of the real features than the alpha-quantile of
    the real features' own distances from it, which is the least radius that holds a share alpha of them. It falls both
    where samples stray and where they crowd in the middle. It sees the distance from the centre alone. Of a set of m
    with itself it is 1 - 1/m; of n fresh real images less than 1 by about 0.6 / sqrt(n).

    Args:
        real: features of the reference bank, shape (m, d), taken as they are.
        features: of the samples, shape (n, d).

    The standard error is that of the influence function. Where the curve runs along the diagonal its sign is noise: so
    the variance at equal distributions is added, in proportion to how much of it does. There it errs on the wide side.

    Source: Alaa et al. 2022, arXiv:2102.08921. The authors' code sums over 30 levels, which is not bounded by [0, 1],
    interpolates the quantiles, and may map the features through a network of its own before.

    >>> square = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> alpha_precision(square, 2 * square).value
    0.0
    """
    centre = real.to(torch.float64).mean(dim=0, keepdim=True)
    levels = _level(distances(centre, real)[0], distances(centre, features)[0])
    value, se = _agreement(levels)
    return Estimate(value, normal(value, se, "influence function, widened near the diagonal"))


def beta_recall(real: Tensor, features: Tensor, k: int = 1) -> Estimate:
    """1 - 2 times the integral over beta of |R(beta) - beta|, 0 to 1. Shown, not ranked.

    R(beta) is the share of real images whose ball, reaching to their k-th nearest other real image, holds one of the
    samples no farther from the samples' mean than the beta-quantile of the samples' own distances from it. Neither end
    is best: fresh real images have 0.5 to 0.7 with k = 1, for about half of the balls are empty, and a copy of the
    reference little more, for a ball may hold a sample more typical than the copy. Read it beside the value of
    held-out images.

    Args:
        real: features of the reference bank, shape (m, d), taken as they are.
        features: of the samples, shape (n, d).

    Raises:
        BadFeatures: no more than k real images.

    Source: Alaa et al. 2022, arXiv:2102.08921. The authors' code differs: it looks at the nearest sample only, not at
    the nearest in the most typical part, takes its quantiles among those nearest samples, and sums over 30 levels.
    """
    if len(real) <= k:
        raise BadFeatures(f"{len(real)} real images have no {k}-th nearest other one", "give more real images")
    # Sorted, so that rows in another order give the same centre to the last bit, and no tie is broken differently.
    centre = features.to(torch.float64).sort(dim=0).values.mean(dim=0, keepdim=True)
    own = distances(centre, features)[0]
    levels = _level(own, own)
    first = []
    for start in range(0, len(real), BLOCK):
        rows = torch.arange(start, min(start + BLOCK, len(real)), device=real.device)
        inside = distances(real[rows], features) <= to_other(real, rows, k)[:, None]  # (rows, n)
        first.append(torch.where(inside, levels, 1.0).amin(dim=1))
    value, _ = _agreement(torch.cat(first))
    return Estimate(value, None, "no interval: the balls share samples, and no simple standard error holds its target")


def _level(bank: Tensor, found: Tensor) -> Tensor:
    """The share of the bank's distances that are smaller than each found one: those levels do not reach it."""
    return torch.searchsorted(bank.sort().values, found).to(bank.dtype) / len(bank)


def _agreement(levels: Tensor) -> tuple[float, float]:
    """1 - 2 times the integral over a in [0, 1] of |P(a) - a|, P(a) being the share of levels below a; its error."""
    n = len(levels)
    ends = levels.new_tensor([0.0, 1.0])
    edges = torch.cat([ends[:1], levels.sort().values, ends[1:]])
    share = torch.arange(n + 1, dtype=levels.dtype, device=levels.device) / n  # P between two edges, (n + 1,)
    left, right = share - edges[:-1], share - edges[1:]
    # -x |x| / 2 and -|x| are antiderivatives of |P - a| and of its sign, with x = P - a.
    distance = (left * left.abs() - right * right.abs()).sum() / 2
    signed = (left.abs() - right.abs()).cumsum(0)
    # The influence of a level is the integral of the sign below it. Two more levels at either end, as in Agresti and
    # Coull's interval of a share: a curve that never leaves 0 or 1 has no variance of its own.
    influence = 2 * torch.cat([signed[:-1], signed.new_zeros(2), signed[-1:].expand(2)])
    width, middle = edges.diff(), (edges[:-1] + edges[1:]) / 2
    # exp(-z^2 / 2), z being P - a over its standard error at equal distributions: there its mean is 1 / sqrt(2).
    noise = torch.exp(-n * (share - middle).square() / (2 * middle * (1 - middle)))
    unsure = 2**0.5 * (width * noise)[width > 0].sum()
    return float(1 - 2 * distance), float((influence.var(correction=1) + OF_EQUALS * unsure) / n) ** 0.5
