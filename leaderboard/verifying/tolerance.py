"""How far a value measured again may be from the published one, and whether it is.

On the same kind of machine a measurement repeats to the last digits. On another kind a network's last bits differ,
which reorders what metrics deal by content: a column of random subsets then moves within its interval, and no further.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...benchmarks.result import Environment, MetricRecord
from ..log_entry import Compared

SAME_MACHINE = 1e-6  # relative, of values and intervals; JSON keeps ten digits
OTHER_MACHINE = 1e-4  # relative, where a value has no interval, or one that is narrower than float32
OTHER_ZERO = 1e-5  # absolute, likewise: the distance of two equal images is zero on one machine and 1e-6 on another
SE_FACTOR = 2  # on another machine, how many times the published one a standard error may be, or its inverse
PIXELS_OFF = 0.001  # share of all values more than one grey level apart, on another kind of machine

_KIND = ("system", "processor", "device", "torch", "numpy")
_TINY = 1e-12


def same_machine(a: Environment, b: Environment) -> bool:
    """Whether two runs were on one kind of machine: class of processor, device, and the versions that compute."""
    return all(getattr(a, field) == getattr(b, field) for field in _KIND)


def compare(published: Sequence[MetricRecord], found: Sequence[MetricRecord], same: bool) -> tuple[Compared, ...]:
    """Every published column, and what was found for it; a column that was not found does not agree."""
    again = {record.key: record for record in found}
    return tuple(_compared(record, again.get(record.key), same) for record in published)


def _compared(published: MetricRecord, found: MetricRecord | None, same: bool) -> Compared:
    problem = _problem(published, found, same)
    value = found.value if found else None
    return Compared(
        column=published.key,
        published=published.value,
        found=value,
        in_se=in_se(published, value),
        agrees=problem is None,
        problem=problem,
    )


def in_se(published: MetricRecord, found: float | None) -> float | None:
    """The difference in published standard errors; none where there are none, or none to speak of."""
    if published.value is None or found is None or published.uncertainty is None:
        return None
    se = published.uncertainty.se
    return (found - published.value) / se if se > SAME_MACHINE * abs(published.value) else None


def _problem(published: MetricRecord, found: MetricRecord | None, same: bool) -> str | None:
    """What does not agree; none if all does."""
    if found is None:
        return "not a column of the track"
    for field in ("version", "direction", "n", "n_reference", "params"):
        if getattr(published, field) != getattr(found, field):
            return f"{field} differs"
    if published.value is None or found.value is None:
        return None if published.value is found.value else "one of them is null"
    a, b = published.uncertainty, found.uncertainty
    if (a is None) != (b is None):
        return "one of them has no interval"
    if a is None or b is None:
        near = _close(published.value, found.value, SAME_MACHINE) if same else _near(published.value, found.value)
        return None if near else "the value differs"
    if (a.target, a.level, a.method) != (b.target, b.level, b.method):
        return "the kind of interval differs"
    if same:
        pairs = {
            "the value": (published.value, found.value),
            "se": (a.se, b.se),
            "lo": (a.lo, b.lo),
            "hi": (a.hi, b.hi),
        }
        off = next((name for name, pair in pairs.items() if not _close(*pair, SAME_MACHINE)), None)
        return None if off is None else f"{off} differs: {pairs[off][0]:.7g}, found {pairs[off][1]:.7g}"
    if _near(published.value, found.value) and max(a.se, b.se) <= max(OTHER_MACHINE * abs(published.value), OTHER_ZERO):
        return None
    if not a.lo <= found.value <= a.hi:
        return "outside the published interval"
    if not b.lo <= published.value <= b.hi:
        return "the published value is outside the interval found"
    widths = {"the standard error": (a.se, b.se), "the interval's width": (a.hi - a.lo, b.hi - b.lo)}
    off = next((name for name, pair in widths.items() if max(pair) > SE_FACTOR * min(pair)), None)
    return None if off is None else f"{off} differs: {widths[off][0]:.4g}, found {widths[off][1]:.4g}"


def _near(a: float, b: float) -> bool:
    """Whether two values of different machines differ by no more than float32 may."""
    return math.isclose(a, b, rel_tol=OTHER_MACHINE, abs_tol=OTHER_ZERO)


def _close(a: float, b: float, relative: float) -> bool:
    return math.isclose(a, b, rel_tol=relative, abs_tol=_TINY)
