"""Alpha-precision and beta-recall: is a set as typical of the other as that set is of itself?

Both ask, for each level between 0 and 1, which share of one set lies in the other's most typical part of that level,
and integrate how far that curve is from the diagonal. The curve is a step function and is integrated exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..neighbours import members_within, to_other_rows
from ..neighbours.random_partition import bits, enough, halves
from ..uncertainty import FEWEST as FEWEST_DF
from ..uncertainty import Estimate, effective_df, normal
from .diagonal import Curve, share_below, standard_error
from .distances import distances
from .inputs import MetricInputs

MOST = 64  # samples kept of a real ball: a random half of all samples misses so many with a chance of 1e-19
FEWEST = 4  # samples that can be split into halves of two


def alpha_precision(inputs: MetricInputs) -> Estimate:
    """1 - 2 times the integral over alpha of |P(alpha) - alpha|, 0 to 1. Higher is better.

    P(alpha) is the share of samples that are no farther from the mean of the real features than the alpha-quantile of
    the real features' own distances from it, which is the least radius that holds a share alpha of them. It falls both
    where samples stray and where they crowd in the middle. It sees the distance from the centre alone. Of a set of m
    with itself it is 1 - 1/m; of n fresh real images less than 1 by about 0.6 / sqrt(n).

    For the standard error see `diagonal.standard_error`: where the curve runs along the diagonal it errs on the wide
    side.

    Source: Alaa et al. 2022, arXiv:2102.08921. The authors' code sums over 30 levels, which is not bounded by [0, 1],
    interpolates the quantiles, and may map the features through a network of its own before.

    >>> square = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> alpha_precision(MetricInputs(2 * square, square)).value
    0.0
    """
    real, features = inputs.real.features, inputs.fake.features
    centre = real.to(torch.float64).mean(dim=0, keepdim=True)
    levels = share_below(distances(centre, real)[0], distances(centre, features)[0])
    curve, se = Curve.of(levels), standard_error(levels, inputs.fake.labels)
    value = curve.agreement()
    interval = normal(value, se, "influence function, widened near the diagonal")
    return Estimate(value, interval, influence=curve.gain(levels))


def beta_recall(inputs: MetricInputs, *, k: int = 1, seed: int = 0) -> Estimate:
    """1 - 2 times the integral over beta of |R(beta) - beta|, 0 to 1. Shown, not ranked.

    R(beta) is the share of real images whose ball, reaching to their k-th nearest other real image, holds one of the
    samples no farther from the samples' mean than the beta-quantile of the samples' own distances from it. Neither end
    is best: fresh real images have 0.5 to 0.7 with k = 1, for about half of the balls are empty, and a copy of the
    reference little more, for a ball may hold a sample more typical than the copy. Read it beside the value of
    held-out images.

    Args:
        seed: of the random partitions of the samples, from which the standard error comes.

    Raises:
        BadFeatures: no more than k real images.

    Source: Alaa et al. 2022, arXiv:2102.08921. The authors' code differs: it looks at the nearest sample only, not at
    the nearest in the most typical part, takes its quantiles among those nearest samples, and sums over 30 levels. For
    the standard error see `_standard_error`.
    """
    real, features = inputs.real.features, inputs.fake.features
    if len(real) <= k:
        raise BadFeatures(f"k = {k} needs more than {len(real)} real images", "give more real images, or a smaller k")
    # Sorted, so that rows in another order give the same centre to the last bit, and no tie is broken differently.
    centre = features.to(torch.float64).sort(dim=0).values.mean(dim=0, keepdim=True)
    own = distances(centre, features)[0]
    rank = torch.searchsorted(own.sort().values, own)  # how many samples are more typical
    squares = to_other_rows(real, torch.arange(len(real), device=real.device), k)
    ball, sample = members_within(real, features, squares, rank, MOST)
    inside = _Inside(ball, sample, rank, len(real))
    most_typical = inside.lowest(rank.double() / len(features))
    value, n = Curve.of(most_typical).agreement(), len(features)
    if n < FEWEST:
        return Estimate(value, None, f"no interval: {n} samples, at least {FEWEST} are needed")
    se, df = _standard_error(inside, most_typical, seed, inputs.fake.labels)
    return Estimate(value, normal(value, se, "variance between halves", df=df))


@dataclass(frozen=True)
class _Inside:
    """Pairs of a real ball and a sample inside it.

    Attributes:
        ball, sample: shape (p,).
        rank: how many samples are more typical than each, shape (n,).
        balls: how many there are.
    """

    ball: Tensor
    sample: Tensor
    rank: Tensor
    balls: int

    def lowest(self, level: Tensor) -> Tensor:
        """The lowest level in each ball, 1 where it is empty; `level` is that of each sample, shape (n,)."""
        found = torch.ones(self.balls, dtype=torch.float64, device=level.device)
        return found.scatter_reduce_(0, self.ball, level[self.sample], "amin")


def _standard_error(inside: _Inside, most_typical: Tensor, seed: int, labels: Tensor | None) -> tuple[float, float]:
    """Standard error of beta-recall over fresh draws of samples, the reference fixed, and its degrees of freedom.

    To first order the value is a mean over the real balls, of the curve's gain at the lowest level in each. Balls share
    samples: how much the variance of that mean differs from that of independent balls is seen in disjoint halves of the
    samples, which vary as fresh draws of their size do. They are so many that the places of the rows, which decide who
    is in which half, move the result by 1%.
    """
    curve, n = Curve.of(most_typical), len(inside.rank)
    rank = inside.rank.cpu()
    typical = rank.argsort(stable=True).numpy()
    order = (inside.ball.cpu() * n + rank[inside.sample.cpu()]).argsort(stable=True)
    ball, sample = inside.ball.cpu()[order].numpy(), inside.sample.cpu()[order].numpy()
    before = rank[torch.from_numpy(sample)].numpy()
    _, first = np.unique(ball, return_index=True)
    half = n // 2
    # The levels in a half are multiples of 1 / half.
    steps = torch.arange(half + 1, dtype=torch.float64, device=most_typical.device) / half
    gains = curve.gain(steps).cpu().numpy()
    between, within = 0.0, 0.0
    for parts in halves(n, enough(n) // 2, seed, labels):
        means = []
        for chosen in bits(parts).swapaxes(0, 1).astype(bool):  # (64, n)
            level = np.zeros((len(chosen), n + 1), np.int32)
            np.cumsum(chosen[:, typical], axis=1, out=level[:, 1:])
            level = np.where(chosen[:, sample], level[:, before], half)
            gain = gains[np.minimum.reduceat(level, first, axis=1)] if len(first) else np.empty((len(chosen), 0))
            empty = inside.balls - gain.shape[1]
            mean = (gain.sum(axis=1) + empty * gains[-1]) / inside.balls
            square = ((gain - mean[:, None]) ** 2).sum(axis=1) + empty * (gains[-1] - mean) ** 2
            within += float(square.sum()) / (inside.balls - 1) / (2 * inside.balls)
            means.append(mean)
        between += float(((means[0] - means[1]) ** 2).sum()) / 2
    effect = between / within if within else 0.0
    whole = curve.gain(most_typical)
    # As many balls as would vary so much if they were independent: few where nearly all are empty.
    df = max(FEWEST_DF, effective_df(whole) / max(1.0, effect))
    return sqrt(effect * float(whole.var(correction=1)) / inside.balls), df
