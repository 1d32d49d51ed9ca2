"""Do two values differ? The error of a difference, from the two values' own intervals.

MOVER, Zou and Donner 2008 (Statistics in Medicine 27, 1693-1702): a - b is too large by as much as a may be too high
and b too low, so its error on that side comes from the lower half of a's interval and the upper half of b's. What makes
an interval wider than a normal one, or lopsided, carries over to the difference. With normal intervals it is the root
of the sum of squares.
"""

from __future__ import annotations

from math import isfinite
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from .result import MetricRecord
from .uncertainty import LEVEL, Z

Floats: TypeAlias = NDArray[np.float64]


def halves(value: float, se: float, lo: float | None, hi: float | None, level: float = LEVEL) -> tuple[float, float]:
    """The two halves of an interval over the normal quantile of its level: how far the value may be too high, and too
    low, in the unit of a standard error. The standard error itself where there are no ends.
    """
    if lo is None or hi is None:
        return se, se
    z = Z if level == LEVEL else NormalDist().inv_cdf(0.5 + level / 2)
    return max(value - lo, 0.0) / z, max(hi - value, 0.0) / z


def joined(down: ArrayLike, up: ArrayLike, correlation: ArrayLike = 0.0) -> Floats:
    """The error of a difference a - b that was found to be positive: root of down^2 + up^2 - 2 correlation down up.

    Args:
        down: how far a may be too high.
        up: how far b may be too low, in the same unit.
        correlation: of the two errors, from -1, the two errors added, to 1.

    >>> float(joined(3.0, 4.0)), float(joined(3.0, 4.0, -1.0)), float(joined(3.0, 4.0, 1.0))
    (5.0, 7.0, 1.0)
    """
    rho = np.clip(np.asarray(correlation, float), -1.0, 1.0)
    # Without a difference of squares, which would cancel.
    found: Floats = np.hypot(np.subtract(down, rho * up), np.sqrt((1 - rho) * (1 + rho)) * up)
    return found


def p_value(gap: float, error: float) -> float:
    """Two-sided p-value of a difference with its `joined` error; 1 for none.

    >>> round(p_value(1.96, 1.0), 3), p_value(0.0, 0.0), p_value(1.0, 0.0)
    (0.05, 1.0, 0.0)
    """
    if gap == 0:
        return 1.0
    return 2 * float(ndtr(-abs(gap) / error)) if error > 0 else 0.0


def standardized(a: MetricRecord, b: MetricRecord) -> float | None:
    """(a - b) over its error, for independent samples. None where an interval is missing or has no width."""
    if a.value is None or b.value is None or a.uncertainty is None or b.uncertainty is None:
        return None
    if a.value == b.value:
        return 0.0
    above, below = (a, b) if a.value > b.value else (b, a)
    error = float(joined(halves_of(above)[0], halves_of(below)[1]))
    return (a.value - b.value) / error if error > 0 and isfinite((a.value - b.value) / error) else None


def p_value_of(a: MetricRecord, b: MetricRecord) -> float:
    """Two-sided p-value of the difference of two records of independent samples; 1 where an interval is missing."""
    if a.value is None or b.value is None or a.uncertainty is None or b.uncertainty is None:
        return 1.0
    z = standardized(a, b)
    return 0.0 if z is None else p_value(z, 1.0)


def halves_of(record: MetricRecord) -> tuple[float, float]:
    """The two halves of the interval of a record that has one; see `halves`."""
    u = record.uncertainty
    assert record.value is not None
    assert u is not None
    return halves(record.value, u.se, u.lo, u.hi, u.level)
