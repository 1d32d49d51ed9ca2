"""Has a value changed between two evaluations? The difference, with an interval for samples that share seeds."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import torch
from scipy.special import ndtri, stdtr, stdtrit

from ...core.errors import BadSamples
from ...registry.metrics import Better
from ..difference import halves_of, joined, p_value
from ..influences import Floats, correlation
from ..result import MetricRecord
from ..uncertainty import LEVEL, effective_df
from .estimates import Estimates
from .pooled import refuse_other_settings


@dataclass(frozen=True)
class Difference:
    """By how much a value has changed.

    Attributes:
        value: after less before; none where one of the two has no value.
        se, lo, hi: standard error and interval, none where one of the two has no interval.
        p_value: two-sided; of the look number `look`, it may be compared with 5% at every look.
        correlation: of the two errors, which the interval counts with; none where it is not known, and 0 is taken.
        reason: why value or interval are missing.
        look: of a sequential test, or none.
    """

    key: str
    direction: Better | None
    value: float | None
    se: float | None = None
    lo: float | None = None
    hi: float | None = None
    level: float = LEVEL
    p_value: float | None = None
    correlation: float | None = None
    reason: str | None = None
    look: int | None = None

    @property
    def changed(self) -> bool:
        """Whether the interval excludes zero."""
        return self.lo is not None and self.hi is not None and (self.lo > 0 or self.hi < 0)

    @property
    def improved(self) -> bool | None:
        """Whether it changed for the better; none where it did not change, or the metric has no direction."""
        if not self.changed or self.direction is None or self.value is None:
            return None
        return (self.value > 0) == (self.direction == "higher")


def compare(
    before: Estimates, after: Estimates, level: float = LEVEL, look: int | None = None
) -> dict[str, Difference]:
    """The differences of two evaluations, by column.

    Where the metric knows by how much each sample moves its value, sample i before and sample i after count as a pair.
    That holds whether they resemble each other or not, as long as the pairs are drawn independently of one another;
    pairs from the same seed give shorter intervals. Elsewhere the two count as independent.

    Args:
        level: of the intervals.
        look: which look at a sequential test this is, from 1 on; see `SequentialTest`.

    Raises:
        ReferenceMismatch: the two were measured differently.
        BadSamples: they have different numbers of samples.
    """
    refuse_other_settings(after.settings, before.settings, "the evaluation after", "the one before")
    if before.n != after.n:
        raise BadSamples(
            f"{before.n:,} samples before and {after.n:,} after: values at different numbers are not comparable",
            "evaluate both with the same number of samples",
        )
    return {key: _difference(key, before, after, level, look) for key in before.records}


def _difference(key: str, before: Estimates, after: Estimates, level: float, look: int | None) -> Difference:
    a, b = after.records[key], before.records[key]
    if a.value is None or b.value is None:
        return Difference(key, a.direction, None, reason=a.reason or b.reason, look=look)
    gap = a.value - b.value
    if a.uncertainty is None or b.uncertainty is None:
        return Difference(key, a.direction, gap, reason=a.reason or b.reason, look=look)
    errors = a.uncertainty.se, b.uncertainty.se
    rho, df = None, inf
    if (x := _influence(after, key)) is not None and (y := _influence(before, key)) is not None:
        rho = correlation(x, y, errors)
        df = effective_df(torch.from_numpy(x - y)) if look is not None else inf
    too_high, too_low = _whole_errors(a, b, rho or 0.0)
    shares = 1 if look is None else look * (look + 1)
    wide = _quantile(df, 1 - (1 - level) / shares / 2)
    return Difference(
        key,
        a.direction,
        gap,
        float(joined(*errors, rho or 0.0)),
        gap - wide * too_high,
        gap + wide * too_low,
        level,
        min(1.0, shares * _two_sided(gap, too_high if gap > 0 else too_low, df)),
        rho,
        look=look,
    )


def _whole_errors(a: MetricRecord, b: MetricRecord, rho: float) -> tuple[float, float]:
    """How far a - b may be too high, and too low, in the unit of a standard error."""
    (a_high, a_low), (b_high, b_low) = halves_of(a), halves_of(b)
    return float(joined(a_high, b_low, rho)), float(joined(a_low, b_high, rho))


def _quantile(df: float, p: float) -> float:
    return float(stdtrit(df, p) if isfinite(df) else ndtri(p))


def _two_sided(gap: float, error: float, df: float) -> float:
    if isfinite(df) and gap != 0 and error > 0:
        return 2 * float(stdtr(df, -abs(gap) / error))
    return p_value(gap, error)


def _influence(estimates: Estimates, key: str) -> Floats | None:
    found = estimates.influences.get(key)
    return None if found is None else np.asarray(found.cpu(), np.float64)
