"""What a measured value is worth: the value, a standard error, and the target its interval is about."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

Target = Literal["conditional", "population"]
LEVEL = 0.95
Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)  # half the width of an interval at that level, in standard errors


@dataclass(frozen=True)
class Uncertainty:
    """A standard error and an interval.

    Attributes:
        target: what the interval is about. `conditional`: the statistic's expectation at this number of samples
            with the reference fixed, which is what a fresh draw of samples would give on average. `population`: its
            limit for many samples.
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
class Estimate:
    """A metric's value and how sure it is; `reason` says why the uncertainty is missing where it is."""

    value: float
    uncertainty: Uncertainty | None
    reason: str | None = None


def normal(value: float, se: float, method: str, target: Target = "conditional") -> Uncertainty:
    """The interval value ± z se of a statistic that is close to normal.

    It is not cut at the metric's range: an end below zero says that zero is not excluded.
    """
    return Uncertainty(target, se, value - Z * se, value + Z * se, LEVEL, method)


def wilson(hits: int, n: int) -> Uncertainty:
    """Wilson's interval of a share."""
    p = hits / n
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    # Rounding may leave an end beyond a share of 0 or 1 by 1e-17.
    lo, hi = min(centre - half, p), max(centre + half, p)
    return Uncertainty("conditional", sqrt(p * (1 - p) / n), lo, hi, LEVEL, "Wilson")
