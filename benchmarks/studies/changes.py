"""Is a change more than chance? A trend over ordered settings, and the mean of paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from scipy.special import ndtr

from ..uncertainty import quantile
from .table import Row

LEVEL = 0.05  # chance of one false alarm at most among all trends that a study tests together


@dataclass(frozen=True)
class Trend:
    """Whether values rise with the order of their settings.

    Attributes:
        tau: pairs in order less pairs out of order, over all pairs: 1, always rising; -1, always falling.
        p: chance of so much, either way, where the order of the settings means nothing.
    """

    tau: float
    p: float

    def clear(self, tests: int) -> bool:
        """Whether it is there, as one of so many tests (Bonferroni)."""
        return self.p * tests < LEVEL


def trend(blocks: Sequence[Sequence[float]]) -> Trend:
    """Kendall's test within blocks, each with a value for every setting in its order, summed over the blocks.

    Blocks are of different images: within each, settings that change nothing may be exchanged. Normal approximation
    with the variance of ties and a correction for continuity.

    >>> trend([[1.0, 2.0, 3.0, 4.0]] * 3).tau, trend([[1.0, 1.0]]).p
    (1.0, 1.0)
    """
    total, pairs, variance = 0, 0, 0.0
    for values in blocks:
        n = len(values)
        total += sum((values[i] > values[j]) - (values[i] < values[j]) for i in range(n) for j in range(i))
        pairs += n * (n - 1) // 2
        ties = [values.count(value) for value in set(values)]
        variance += (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if pairs == 0 or variance == 0:
        return Trend(0.0, 1.0)
    z = max(0, abs(total) - 1) / sqrt(variance)
    return Trend(total / pairs, 2 * float(ndtr(-z)))


@dataclass(frozen=True)
class Change:
    """A mean difference and its 95% interval."""

    mean: float
    lo: float
    hi: float

    @property
    def sign(self) -> int:
        """1, -1, or 0 where the interval holds zero."""
        return (self.lo > 0) - (self.hi < 0)

    @property
    def columns(self) -> Row:
        """As a row of a table says it."""
        return {"moved": self.mean, "lo": self.lo, "hi": self.hi}

    def over(self, unit: float) -> Change:
        """In other units."""
        return Change(self.mean / unit, self.lo / unit, self.hi / unit)


def of_blocks(differences: Sequence[float]) -> Change:
    """Of differences on different images, two at least: Student's interval of their mean."""
    mean = fmean(differences)
    half = quantile(len(differences) - 1) * stdev(differences) / sqrt(len(differences))
    return Change(mean, mean - half, mean + half)


def of_subsets(differences: Sequence[float], n: int, total: int) -> Change:
    """Of differences on random subsets of n among `total` images, which share images: the interval of their mean.

    The mean over all subsets varies as the value of all images does: as that of n drawn anew, less the factor
    (n / total)^(1/2) in the standard error, to which what is left of chance in so many subsets is added.
    """
    mean, spread, count = fmean(differences), stdev(differences), len(differences)
    share = n / total
    drawn = spread**2 / (1 - share) * share if n < total else 0.0
    half = quantile(count - 1) * sqrt(drawn + spread**2 / count)
    return Change(mean, mean - half, mean + half)


def trend_rows(blocks: Sequence[Sequence[float]], unit: float | None, judged: bool, tests: int) -> list[Row]:
    """A row for the trend of losses at settings 0, 1, ... and its response, and a row for each step, in units.

    Args:
        judged: whether a higher loss is worse.
        tests: how many trends are looked at in all.
    """
    found = trend(blocks)
    response = ("worse" if found.tau > 0 else "better") if judged else "moves"
    rows: list[Row] = [{"what": "trend", "tau": found.tau, "p": found.p}]
    rows[0]["response"] = response if found.clear(tests) else "blind"
    for severity in range(1, len(blocks[0])):
        step = of_blocks([block[severity] - block[severity - 1] for block in blocks])
        in_units = step.over(unit).columns if unit else {}
        rows.append({"what": "step", "severity": severity, "clear": step.sign, **in_units})
    return rows
