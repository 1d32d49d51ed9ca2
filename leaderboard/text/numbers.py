"""How numbers are written: as many digits as their uncertainty supports, and no more."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...benchmarks.result import MetricRecord, UncertaintyRecord

BARE_DIGITS = 3  # significant digits of a value that nothing is known about
EXACT_DIGITS = 4  # of a value without sampling error
PRECISION = 1e-6  # of float32 features: a relative standard error below it is rounding, not sampling
EVEN = 0.02  # of an interval: how far its middle may be from its value for both halves to be written as one
NO_INTERVAL = "no interval was published"


@dataclass(frozen=True)
class Figure:
    """A number as a cell shows it, cut at the decimal point so that a column can be aligned there.

    Attributes:
        whole: sign and integer part; empty where there is no number.
        fraction: the point and what follows, or empty.
        margin: half the interval with its sign, or empty.
        title: the interval in words or, where something is missing, why.
    """

    whole: str
    fraction: str
    margin: str
    title: str

    @property
    def text(self) -> str:
        return self.whole + self.fraction


def decimals(value: float, se: float | None) -> int:
    """Decimals to write a value with: two significant digits of its standard error decide.

    Below zero means that tens, hundreds... are the last digits that mean something. Without a standard error the value
    gets three significant digits; with one of zero, or as good as, four.

    >>> decimals(2.130970983, 0.29987), decimals(2.13, 0.0996), decimals(51234.5, 310.0), decimals(0.16619, None)
    (2, 2, -1, 3)
    """
    if se is not None and se > PRECISION * abs(value):
        return _decimals_of(se, 2)
    return max(0, _decimals_of(value, BARE_DIGITS if se is None else EXACT_DIGITS)) if value else 0


def written(value: float, places: int) -> str:
    """A number with so many decimals, a real minus sign and commas between thousands.

    >>> written(-0.0831, 3), written(51234.5, -1), written(-0.001, 2)
    ('−0.083', '51,230', '0.00')
    """
    text = f"{round(value, places):,.{max(0, places)}f}"
    if not any(c in "123456789" for c in text):
        text = text.removeprefix("-")
    return text.replace("-", "−")


def split(text: str) -> tuple[str, str]:
    """A written number before and from its decimal point on."""
    whole, point, fraction = text.partition(".")
    return whole, point + fraction


def span(record: MetricRecord) -> str:
    """The interval's ends in the digits of its value, or nothing."""
    if record.value is None or record.uncertainty is None:
        return ""
    places = decimals(record.value, record.uncertainty.se)
    return f"{written(record.uncertainty.lo, places)} to {written(record.uncertainty.hi, places)}"


def reach(record: MetricRecord, lo: float, hi: float) -> str:
    """How far an interval from `lo` to `hi` reaches below and above the value as it is written, in units of its last
    digit; one number where both are the same, and `-` where there is no interval.

    A value of 0.358 with `24/25` has the interval from 0.334 to 0.383.
    """
    if record.value is None or record.uncertainty is None:
        return "-"
    places = decimals(record.value, record.uncertainty.se)
    unit = 10.0 ** -max(0, places)
    if abs(lo + hi - 2 * record.value) <= EVEN * (hi - lo):
        return f"{round(round((hi - lo) / 2, places) / unit)}"
    low, value, high = (round(x, places) for x in (lo, record.value, hi))
    return f"{round((value - low) / unit)}/{round((high - value) / unit)}"


def ends(record: MetricRecord) -> tuple[float, float, float]:
    """A value and the ends of its interval; the value thrice where there is none."""
    assert record.value is not None  # `comparable.why_not` leaves out what has none
    u = record.uncertainty
    return (record.value, u.lo, u.hi) if u else (record.value, record.value, record.value)


def percent(level: float) -> str:
    """
    >>> percent(0.95), percent(0.999)
    ('95%', '99.9%')
    """
    return f"{level * 100:.6g}%"


def figure(record: MetricRecord | None) -> Figure:
    """A measured value as a cell shows it; where there is none, the reason."""
    if record is None:
        return missing("not measured with the track's extractor, reference and metric version")
    if record.value is None:
        return missing(record.reason or "no reason was given")
    u = record.uncertainty
    places = decimals(record.value, u.se if u else None)
    whole, fraction = split(written(record.value, places))
    if u is None:
        return Figure(whole, fraction, "", f"no interval: {record.reason}" if record.reason else NO_INTERVAL)
    return Figure(
        whole, fraction, _margin(u, record.value, places), f"{percent(u.level)} interval {span(record)} ({u.target})"
    )


def difference(a: MetricRecord | None, b: MetricRecord | None) -> Figure:
    """Value of `a` less that of `b`, in the digits that both support. It has no interval: they share their samples."""
    if a is None or b is None or a.value is None or b.value is None:
        return missing("one of the two values is missing")
    errors = [r.uncertainty.se for r in (a, b) if r.uncertainty]
    gap = a.value - b.value
    places = decimals(gap, math.hypot(*errors) if len(errors) == 2 else None)
    return Figure(*split(written(gap, places)), "", "no interval: the two values share their samples")


def missing(reason: str) -> Figure:
    return Figure("", "", "", reason)


def _margin(u: UncertaintyRecord, value: float, places: int) -> str:
    return f"±{written((u.hi - u.lo) / 2, places)}" if u.se > PRECISION * abs(value) else "±0"


def _decimals_of(x: float, digits: int) -> int:
    """Decimals that leave so many significant digits."""
    return digits - 1 - int(f"{abs(x):.{digits - 1}e}".partition("e")[2])
