"""What a measured value is worth: the value, a standard error, and the target its interval is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cbrt, inf, isfinite, sqrt
from statistics import NormalDist
from typing import Literal

import torch
from scipy.special import stdtrit
from torch import Tensor

from ..core.errors import BadFeatures

Target = Literal["conditional", "population", "permutation"]
LEVEL = 0.95
Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)  # half the width of an interval at that level, in standard errors


@dataclass(frozen=True)
class Uncertainty:
    """A standard error and an interval.

    Attributes:
        target: what the interval is about. `conditional`: the statistic's expectation at this number of samples
            with the reference fixed, which is what a fresh draw of samples would give on average. `population`: its
            limit for many samples or, where real images are drawn anew too, its mean over all draws. `permutation`:
            with the samples fixed, what random divisions of the real images into equal parts would give.
        se: standard error.
        lo: lower end of the interval at `level`.
        hi: upper end.
        level: the share of repetitions in which such an interval holds its target.
        method: how it was made.
    """

    target: Target
    se: float
    lo: float
    hi: float
    level: float
    method: str


@dataclass(frozen=True)
class Part:
    """A metric's value of some of the samples: of those of one class, say, or what it finds of one attribute.

    Attributes:
        reason: why the value is missing, or its uncertainty.
        counts: a row of a confusion matrix: how many images of this class were taken for each class.
    """

    name: str
    value: float | None
    uncertainty: Uncertainty | None = None
    reason: str | None = None
    counts: tuple[int, ...] = ()


class PartsOnly(BadFeatures):
    """There is no value of the whole, though there may be one of some of its parts."""

    def __init__(self, fact: str, parts: tuple[Part, ...]) -> None:
        super().__init__(fact, "draw more samples")
        self.parts = parts


@dataclass(frozen=True)
class Estimate:
    """A metric's value with its uncertainty.

    Attributes:
        reason: why the uncertainty is missing, where it is.
        parts: the value of each class or attribute, where the metric has such; see `registry.metrics.Metric.parts`.
        influence: by how much each sample moves the value, times n: the first-order influence function at the samples,
            float64, shape (n,), up to a constant. Its variance over n is the square of the standard error to first
            order, and its covariance with that of another estimate on the same seeds, over n, that of the two values.
            None where the metric has no such form.
    """

    value: float
    uncertainty: Uncertainty | None
    reason: str | None = None
    influence: Tensor | None = field(default=None, compare=False, repr=False)
    parts: tuple[Part, ...] = ()


def or_zero(difference: float, terms: float) -> float:
    """A difference of sums, or zero where rounding cannot tell it from that.

    Args:
        terms: bound on the error of the sums, in units of the relative rounding of float64, 2^-52.

    >>> or_zero(-1.7e-13, 1e4), or_zero(1e-3, 1e4)
    (0.0, 0.001)
    """
    return 0.0 if abs(difference) <= terms * torch.finfo(torch.float64).eps else difference


def normal(value: float, se: float, method: str, target: Target = "conditional", df: float = inf) -> Uncertainty:
    """The interval value ± z se of a statistic that is close to normal; Student's quantile for z with `df`.

    It is not cut at the metric's range: an end below zero says that zero is not excluded.
    """
    half = quantile(df) * se
    return Uncertainty(target, se, value - half, value + half, LEVEL, method)


def skewed(value: float, se: float, influence: Tensor, method: str, interaction: float = 0.0) -> Uncertainty:
    """The interval of a statistic whose influences, shape (n,), are skewed: wider on the side they point to.

    Hall's transformation of the studentised statistic (Hall 1992, J. R. Statist. Soc. B 54, 221-228), with Student's
    quantile at `effective_df` the influences. Without skewness it is `normal`.

    Args:
        interaction: of a mean over pairs of samples, with the kernel's projections g as influences, the mean of
            g_i g_j c_ij over pairs, c being the kernel less those projections. The studentised statistic's skewness has
            3/2 of it (Helmers 1991, Ann. Statist. 19, 470-484).
    """
    gap = influence.double() - influence.double().mean()
    deviation = float(gap.square().mean()) ** 0.5
    if deviation == 0:
        return normal(value, se, method)
    bend = (float(gap.pow(3).mean()) + 1.5 * interaction) / deviation**3 / len(gap) ** 0.5
    bend = max(-1.0, min(bend, 1.0))  # no n values have a skewness above the root of n
    q = quantile(effective_df(influence))

    def back(x: float) -> float:
        return 3 / bend * (cbrt(1 + bend * (x - bend / 6)) - 1) if abs(bend) > 1e-6 else x

    return Uncertainty("conditional", se, value - se * back(q), value - se * back(-q), LEVEL, method)


def wilson(hits: float, n: int, effect: float = 1.0, df: float = inf, method: str = "Wilson") -> Uncertainty:
    """Wilson's interval of a share.

    Args:
        effect: variance of the share over that of as many independent draws.
        df: of freedom of that variance, where it is an estimate itself.

    The standard error is taken at the share with half a hit and half a miss added: at a share of 0 or 1 too, the next
    draw may differ.
    """
    p, z, weight = hits / n, quantile(df), effect / n
    centre = (p + z * z * weight / 2) / (1 + z * z * weight)
    half = z / (1 + z * z * weight) * sqrt(p * (1 - p) * weight + (z * weight) ** 2 / 4)
    # Rounding may leave an end beyond a share of 0 or 1 by 1e-17.
    lo, hi = min(centre - half, p), max(centre + half, p)
    inner = (p + weight / 2) / (1 + weight)
    return Uncertainty("conditional", sqrt(inner * (1 - inner) * weight), lo, hi, LEVEL, method)


def quantile(df: float) -> float:
    """Half the width of an interval in standard errors, Student's for so many degrees of freedom.

    >>> [round(quantile(d), 2) for d in (1, 5, 20, inf)]
    [12.71, 2.57, 2.09, 1.96]
    """
    return float(stdtrit(df, 0.5 + LEVEL / 2)) if isfinite(df) else Z


def effective_df(influence: Tensor) -> float:
    """Degrees of freedom of a variance taken from these influences: as many as there are values if they are normal.

    2 n / (kurtosis - 1), which is what the estimate of a variance itself varies by: where a few samples decide, it is
    known less well than their number says. Not fewer than `FEWEST`.
    """
    gap = influence.double() - influence.double().mean()
    square = float(gap.square().mean())
    spread = float(gap.pow(4).mean()) - square**2
    return max(FEWEST, 2 * len(gap) * square**2 / spread) if spread > 0 else inf


FEWEST = 5.0  # degrees of freedom, below which Student's quantile grows without saying more


def variance_within(values: Tensor, labels: Tensor | None = None) -> float:
    """Variance of the values about their mean or, with labels, about the mean of their label.

    n times the variance of their mean over draws, with labels over draws that have so many of each. A label that only
    one value has says nothing about spread: such values are taken together.

    Args:
        values: shape (n,).
        labels: shape (n,).
    """
    values = values.double()
    if labels is None:
        return float(values.var(correction=1))
    _, kind, count = labels.to(values.device).unique(return_inverse=True, return_counts=True)
    alone = count[kind] == 1
    kind = torch.where(alone, len(count), kind)
    count = torch.bincount(kind, minlength=len(count) + 1)
    mean = torch.bincount(kind, values, minlength=len(count)) / count.clamp(min=1)
    squares = torch.bincount(kind, (values - mean[kind]).square(), minlength=len(count))
    return float((squares * count / (count - 1).clamp(min=1)).sum() / len(values))


def effect_of_labels(hits: Tensor, labels: Tensor | None) -> float:
    """Variance of a share over draws with so many of each label, over that of plain draws.

    Each label's share is drawn towards that of all, by as many samples as Wilson's interval adds: shares of 0 and 1
    among few samples do not vanish.

    Args:
        hits: booleans, shape (n,).
        labels: shape (n,).
    """
    share = float(hits.double().mean())
    if labels is None or share in (0.0, 1.0):
        return 1.0
    _, kind, count = labels.to(hits.device).unique(return_inverse=True, return_counts=True)
    inside = torch.bincount(kind, hits.double())
    drawn = (inside + Z * Z * share) / (count + Z * Z)
    return float((count * drawn * (1 - drawn)).sum()) / (len(hits) * share * (1 - share))
