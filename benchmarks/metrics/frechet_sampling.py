"""What finite sampling does to a Fréchet distance: its bias, and the influence of each sample, in closed form.

The only hard term of the distance is tr A^(1/2), A = F' G F with R = F F'. Everything that follows about it comes from
the leverages of the samples, a_i(t) = u x_i' F (A + t)^(-1) F' x_i for t > 0, with x_i centred, N = n - 1 and
u = n / N^2:

- Taking sample i out changes tr A^(1/2) by the integral of log(1 - a_i(tau^2)) over tau > 0, divided by pi.
- b_i = a_i / (1 - a_i) is the same form with sample i left out of A. The means a and b of both over the samples tell
  where the resolvent of the samples' A at -t equals that of the true one: at -t b / a. So the true tr A^(1/2) is
  2 N / pi times the integral of a over T, with T = tau (b / a)^(1/2).

With b = a / (1 - a), as Gaussian features have it, the second is the estimate of Tiomoko and Couillet 2019
(arXiv:1903.03447) for spectra of random matrices, on another contour. With b from the samples left out it also holds
where the samples' lengths vary, as those of heavy tails and of unequal clusters do, and in no case are samples split.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, pi

import torch
from torch import Tensor

from ...core.mapped_file import in_passing
from ...reference_stats.moments import Gaussian, Moments
from .frechet_spectrum import Spectrum

ROWS = 4096  # features mapped at once
SINGLE = 1e-3  # relative error that a sample's squared coordinate may have from being computed in float32
STEP = 0.4  # of log tau: the trapezoid rule is off by exp(-pi^2 / STEP) = 2e-11
MARGIN = 1000.0  # how far tau goes below the smallest root, and beyond the largest
ALONE = 0.99  # leverage at t = 0 above which 1 - a is summed from its parts: a difference would be rounding alone


@dataclass(frozen=True)
class Sampling:
    """What finite sampling does to a Fréchet distance of n samples, the reference fixed.

    Attributes:
        bias: by how much the distance exceeds that of infinitely many samples, on average.
        influence: of each sample on the distance, shape (n,), up to a constant.
        limit_influence: of each sample on the distance less its bias, shape (n,), up to a constant.
        second: variance of the quadratic term of the sampling error, for Gaussian features.
        steepness: by how much the variance grows with the distance, as far as the means are apart.
    """

    bias: float
    influence: Tensor
    limit_influence: Tensor
    second: float
    steepness: float


def sampling(real: Gaussian, generated: Moments, features: Tensor, found: Spectrum) -> Sampling:
    """Bias and influences of the distance of these samples.

    Args:
        features: of the samples, shape (n, d), with n > d.
        found: their spectrum, with its axes.
    """
    assert found.values is not None
    n, cov, values = generated.n, generated.cov, found.values
    df = n - 1
    gap = generated.mean - real.mean
    second = _second(n, cov, found.roots)
    # Of the squared distance of the means, with what sampling adds to both sides: no ratio of two small numbers.
    steepness = float(4 * (gap @ cov @ gap + cov.square().sum() / n) / (n * (gap @ gap + cov.trace() / n)))
    if not len(values):  # nothing in common: the distance has no root in it
        linear = _linear(generated, gap, features)
        return Sampling(generated.variance / n, linear, linear, second, steepness)
    tau, weights = nodes(values)
    linear = _linear(generated, gap, features)
    own, rest, slope = _leverages(generated, features, found, tau.square())
    share = values[:, None] / (values[:, None] + tau.square())
    mean, square = share.sum(dim=0) / df, share.square().sum(dim=0) / df
    odds = own / rest
    spare = (square - mean.square()) / (1 - mean).square()
    # For Gaussian features the odds vary by chance too, and their mean is that much above what it stands for.
    middle = odds.mean(dim=0) - 2 * spare / ((1 - mean) * df)
    bias = generated.variance / n + lift(df, weights, mean, square, middle)
    bias += float(spare.log1p() @ weights) / pi
    influence = linear + 2 * df / pi * (torch.where(own < 0.5, (-own).log1p(), rest.log()) @ weights)
    limit_influence = linear - 2 * _limit_influence(df, weights, mean, square, middle, own, rest, slope, odds)
    return Sampling(bias, influence, limit_influence, second, steepness)


def nodes(values: Tensor) -> tuple[Tensor, Tensor]:
    """Points tau and weights of an integral over all tau > 0, shapes (q,), for integrands that change near the roots.

    The trapezoid rule in log tau. Below the first point the integrand is taken as constant, so that the rule goes on as
    a geometric series, and beyond the last as falling like tau^-2.

    Args:
        values: eigenvalues, ascending, shape (k,), at least one.
    """
    low, high = (float(v) ** 0.5 for v in (values[0], values[-1]))
    start, stop = log(low / MARGIN), log(high * MARGIN)
    count = int((stop - start) / STEP) + 2
    tau = torch.exp(start + STEP * torch.arange(count, dtype=values.dtype, device=values.device))
    weights = STEP * tau
    weights[[0, -1]] /= 1 - exp(-STEP)
    return tau, weights


def lift(df: int, weights: Tensor, mean: Tensor, square: Tensor, odds: Tensor) -> float:
    """Twice the true tr A^(1/2) less that of the samples: how much it adds to the distance, to leading order.

    Args:
        df: n - 1.
        weights: of the nodes, shape (q,).
        mean: of the leverages at each node, tr A (A + t)^(-1) / df.
        square: tr (A (A + t)^(-1))^2 / df.
        odds: mean of the leverages' odds.
    """
    # By parts: the integral of a over T, less that over tau, is that of T - tau over -a, and t da/dt = square - mean.
    return float(8 * df / pi * ((mean - square) * ((odds / mean).sqrt() - 1)) @ weights)


def _linear(generated: Moments, gap: Tensor, features: Tensor) -> Tensor:
    """The influence on all but tr A^(1/2), shape (n,)."""
    centred = (block.to(torch.float64) - generated.mean for block in in_passing(features, ROWS))
    return torch.cat([2 * x @ gap + x.square().sum(dim=1) for x in centred])


def _leverages(generated: Moments, features: Tensor, found: Spectrum, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of each sample its leverage a, 1 - a, and -t da/dt, at each t, shape (n, q)."""
    assert found.values is not None
    assert found.axes is not None
    n, axes = generated.n, found.axes
    u = n / (n - 1) ** 2
    share = found.values[:, None] / (found.values[:, None] + t)
    beyond = t / (found.values[:, None] + t)  # 1 - share
    fall = share * beyond
    # In float32 where that will do. The unit keeps squares of very large or small features within it.
    unit = (generated.variance / len(axes)) ** 0.5
    longest = float(axes.square().sum(dim=0).max()) ** 0.5 * unit * len(axes) ** 0.5
    single = features.dtype != torch.float64 and torch.finfo(torch.float32).eps * longest < SINGLE
    kind = torch.float32 if single else torch.float64
    scaled = (axes * unit).to(kind)
    own, rest, slope = [], [], []
    for block in in_passing(features, ROWS):
        x = (block.to(torch.float64) - generated.mean) / unit
        squares = (x.to(kind) @ scaled).to(torch.float64).square() * u
        leverage = squares @ share
        others = 1 - leverage
        # A sample alone in a direction has all of the leverage there: 1 - a is what is left at t = 0, and what t adds.
        whole = squares.sum(dim=1)
        alone = whole > ALONE
        others[alone] = (1 - whole[alone, None]).clamp(min=0) + squares[alone] @ beyond
        own.append(leverage)
        rest.append(others)
        slope.append(squares @ fall)
    return torch.cat(own), torch.cat(rest), torch.cat(slope)


def _limit_influence(
    df: int,
    weights: Tensor,
    mean: Tensor,
    square: Tensor,
    middle: Tensor,
    own: Tensor,
    rest: Tensor,
    slope: Tensor,
    odds: Tensor,
) -> Tensor:
    """The influence on the estimate of the true tr A^(1/2), shape (n,): what taking a sample out does to a and to b.

    It lowers the trace a by `slope` / (1 - a_i). It takes b_i out of the mean of the odds, and raises those of the
    others by what sample i had covered: (x_i' Q A Q x_i) with i left out, in proportion.
    """
    left = slope / rest
    stretch = (middle / mean).sqrt()
    growth = stretch * (1 - (left / rest).mean(dim=0) / middle + (mean - square) / mean)
    cover = (odds / rest).mean(dim=0) / mean
    moved = (odds - cover * (own - left)) / middle - left / mean
    return 2 * df / pi * ((left * growth + stretch * (mean - square) * moved) @ weights)


def _second(n: int, cov: Tensor, roots: Tensor) -> float:
    """Variance of the quadratic term: of the squared shift of the mean, and of the curvature in G.

    2 tr G^2 / n^2, and for Gaussian features the sum over i <= j of 2 p_ij^2 / n^2, p_ij = s_i s_j / (s_i + s_j).
    """
    pairs = torch.outer(roots, roots).div_((roots[:, None] + roots).clamp_(min=torch.finfo(roots.dtype).tiny))
    # sum over i < j of 2 p_ij^2, plus s_i^2 / 2 = 2 p_ii^2: all pairs once, and the diagonal once more.
    of_cov = float(torch.linalg.vector_norm(pairs) ** 2 + pairs.diagonal().square().sum())
    return (of_cov + 2 * float(torch.linalg.vector_norm(cov)) ** 2) / n**2
