"""The little statistics that studies share: spreads, changes with their intervals, trends, rank correlations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Any, NamedTuple

from scipy.special import chdtri

from ..uncertainty import LEVEL, Z, quantile
from .table import Row

FEWEST = 4  # resamples from which a spread is worth showing
RANKED = 5  # generators from which a tau is worth saying: of fewer even 1.00 may be chance (p of 4 is 0.08)


class Change(NamedTuple):
    """A mean, usually of differences, and its 95% interval."""

    mean: float
    lo: float
    hi: float

    @property
    def sign(self) -> int:
        """1, -1, or 0 where the interval holds zero."""
        return (self.lo > 0) - (self.hi < 0)

    def about(self, mean: float) -> Change:
        """The same interval about another mean."""
        return Change(mean, self.lo - self.mean + mean, self.hi - self.mean + mean)

    def over(self, unit: float) -> Row:
        """In other units, as a row of a table says it."""
        return {"moved": self.mean / unit, "lo": self.lo / unit, "hi": self.hi / unit}


def of_blocks(differences: Sequence[float]) -> Change:
    """Of independent differences, two at least: their mean, and Student's interval of it.

    >>> [round(x, 2) for x in of_blocks([1.0, 2.0])]
    [1.5, -4.85, 7.85]
    """
    mean = fmean(differences)
    half = quantile(len(differences) - 1) * stdev(differences) / sqrt(len(differences))
    return Change(mean, mean - half, mean + half)


def of_subsets(differences: Sequence[float], n: int, total: float) -> Change:
    """Of differences on random subsets of n among `total` images, which share images: the interval of their mean.

    The mean over all subsets varies as the value of all images does: as that of n drawn anew, less the factor
    (n / total)^(1/2) in the standard error, to which what is left of chance in so many subsets is added.
    """
    mean, spread, count = fmean(differences), stdev(differences), len(differences)
    share = n / total
    drawn = spread**2 / (1 - share) * share if n < total else 0.0
    half = quantile(count - 1) * sqrt(drawn + spread**2 / count)
    return Change(mean, mean - half, mean + half)


def draw_se(values: Sequence[float], n: int, total: int) -> float | None:
    """Standard error of a value over fresh draws of n samples, from its values on subsets of `total` samples.

    Subsets drawn without replacement vary less as n nears the total, by (1 - n / total)^(1/2). None for too few
    subsets, and at n = total, where they are all the same.
    """
    if n >= total or len(values) < FEWEST:
        return None
    return stdev(values) / sqrt(1 - n / total)


def widened(se: float, draws: int) -> float:
    """A standard error seen in so many draws, so wide that `Z` of it reach as far as Student's interval does."""
    return se * quantile(draws - 1) / Z


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


def agreement(pairs: Iterable[tuple[Sequence[float], Sequence[float]]]) -> tuple[Any, Any, Any, int]:
    """Kendall's tau of each two scores of `RANKED` things or more: mean, least and most, and of how many pairs."""
    known = [t for a, b in pairs if len(a) >= RANKED and (t := tau(a, b)) is not None]
    return (fmean(known), min(known), max(known), len(known)) if known else (None, None, None, 0)


def ratio_interval(df: int) -> tuple[float, float]:
    """The 95% interval of the ratio of a true standard deviation to one estimated with so many degrees of freedom.

    By the quantiles of chi-square; the ratio is known to a factor of 2 with 5 of them, to 15% with 80.

    >>> [round(end, 2) for end in ratio_interval(1)]
    [0.45, 31.91]
    """
    above = (1 - LEVEL) / 2
    low, high = (sqrt(df / chdtri(df, p)) for p in (above, 1 - above))
    return low, high
