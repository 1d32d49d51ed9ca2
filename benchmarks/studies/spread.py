"""The little statistics that studies share: spreads of subsets, lines, rank correlations, all in plain float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from scipy.special import chdtri

from ..uncertainty import LEVEL, quantile

FEWEST = 4  # resamples from which a spread is worth showing


def draw_se(values: Sequence[float], n: int, total: int) -> float | None:
    """Standard error of a value over fresh draws of n samples, from its values on subsets of `total` samples.

    Subsets drawn without replacement vary less as n nears the total, by (1 - n / total)^(1/2). None for too few
    subsets, and at n = total, where they are all the same.
    """
    if n >= total or len(values) < FEWEST:
        return None
    return stdev(values) / sqrt(1 - n / total)


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean of independent values and its 95% interval, Student's; of a single one the value alone.

    >>> [round(x, 2) for x in mean_interval([1.0, 2.0])]
    [1.5, -4.85, 7.85]
    """
    mean = fmean(values)
    if len(values) < 2:
        return mean, mean, mean
    half = quantile(len(values) - 1) * stdev(values) / sqrt(len(values))
    return mean, mean - half, mean + half


@dataclass(frozen=True)
class Line:
    """A straight line fitted by least squares.

    Attributes:
        straight: the share of the heights' variance that it leaves unexplained is one less this.
    """

    intercept: float
    slope: float
    straight: float


def fitted(x: Sequence[float], y: Sequence[float], weights: Sequence[float] | None = None) -> Line:
    """The least-squares line through at least two points with different x."""
    w = list(weights or [1.0] * len(x))
    total = sum(w)
    mx = sum(a * b for a, b in zip(w, x, strict=True)) / total
    my = sum(a * b for a, b in zip(w, y, strict=True)) / total
    sxx = sum(c * (a - mx) ** 2 for a, c in zip(x, w, strict=True))
    sxy = sum(c * (a - mx) * (b - my) for a, b, c in zip(x, y, w, strict=True))
    syy = sum(c * (b - my) ** 2 for b, c in zip(y, w, strict=True))
    slope = sxy / sxx
    return Line(my - slope * mx, slope, 1.0 if syy == 0 else sxy**2 / (sxx * syy))


def tau(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Kendall's tau-b of two scores of the same things: 1 for one order, -1 for the opposite, ties counted as neither.

    None where either ties everything.

    >>> tau([1, 2, 3], [10, 20, 30]), tau([1, 2, 3], [3, 2, 1]), tau([1, 1], [1, 2])
    (1.0, -1.0, None)
    """
    from scipy.stats import kendalltau  # takes a second to import

    if len(set(a)) < 2 or len(set(b)) < 2:
        return None
    # Only the p-value depends on the method: the quick one, which divides by zero where there are two.
    return float(kendalltau(a, b, method="asymptotic" if len(a) > 2 else "exact").statistic)


def ratio_interval(df: int) -> tuple[float, float]:
    """The 95% interval of the ratio of a true standard deviation to one estimated with so many degrees of freedom.

    By the quantiles of chi-square; the ratio is known to a factor of 2 with 5 of them, to 15% with 80.

    >>> [round(end, 2) for end in ratio_interval(1)]
    [0.45, 31.91]
    """
    above = (1 - LEVEL) / 2
    low, high = (sqrt(df / chdtri(df, p)) for p in (above, 1 - above))
    return low, high
