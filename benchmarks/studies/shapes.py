"""What a metric's curve should look like: bells, falls, levels, and values at their ends, with fixed tolerances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Curve = Sequence[tuple[float, float]]  # (setting, value), ascending

CLEAR = 0.2  # least difference between high and low
LOOSE = 0.1  # most by which an end may miss the extreme
TIGHT = 0.05  # most by which a level, or a value that is known, may be missed


@dataclass(frozen=True)
class Criterion:
    """A question to a curve.

    Attributes:
        asks: what for: `shape`, `bounds`, `samples` (whether the number of them matters), `scale`.
        absolute: whether it asks for values on the scale from 0 to 1; only a metric on it can answer.
    """

    name: str
    asks: str
    holds: Callable[[Curve], bool]
    absolute: bool = False


def bell(middle: float) -> Criterion:
    """High at a setting and low at both ends."""

    def holds(curve: Curve) -> bool:
        values = [y for _, y in curve]
        top = _at(curve, middle)
        ends = (values[0], values[-1])
        low = min(end - min(values) for end in ends) <= LOOSE
        return top - max(ends) >= CLEAR and max(values) - top <= LOOSE and low

    return Criterion(f"highest at {middle:g}, low at both ends", "shape", holds)


def falls(by_setting: float | None = None) -> Criterion:
    """High at the left end and low at the right one; lower, already, at a setting."""

    def holds(curve: Curve) -> bool:
        values = [y for _, y in curve]
        first, last = values[0], values[-1]
        plain = first - last >= CLEAR and max(values) - first <= LOOSE and last - min(values) <= LOOSE
        return plain and (by_setting is None or first - _at(curve, by_setting) >= LOOSE)

    return Criterion("falls" + ("" if by_setting is None else f", clearly by {by_setting:g}"), "shape", holds)


def rises() -> Criterion:
    """Low at the left end and high at the right one."""
    down = falls()
    return Criterion("rises", "shape", lambda curve: down.holds([(-x, y) for x, y in reversed(curve)]))


def peaks(middle: float) -> Criterion:
    """Highest at a setting, and lower with every setting away from it: what a distance without a scale can do."""

    def holds(curve: Curve) -> bool:
        left = [y for x, y in curve if x <= middle]
        right = [y for x, y in curve if x >= middle]
        return all(a < b for a, b in pairwise(left)) and all(a > b for a, b in pairwise(right))

    return Criterion(f"highest at {middle:g}, lower with every setting away from it", "shape", holds)


def declines() -> Criterion:
    """Lower with every setting."""

    def holds(curve: Curve) -> bool:
        return all(a > b for (_, a), (_, b) in pairwise(curve))

    return Criterion("lower with every setting", "shape", holds)


def level(asks: str = "shape") -> Criterion:
    """The same everywhere."""

    def holds(curve: Curve) -> bool:
        values = [y for _, y in curve]
        return max(values) - min(values) <= TIGHT

    return Criterion("level", asks, holds, absolute=True)


def settles() -> Criterion:
    """The same from the middle setting on."""

    def holds(curve: Curve) -> bool:
        values = [y for _, y in curve][len(curve) // 2 :]
        return max(values) - min(values) <= TIGHT

    return Criterion("level from the middle on", "samples", holds, absolute=True)


def either(*criteria: Criterion) -> Criterion:
    """One of several."""
    name = ", or ".join(criterion.name for criterion in criteria)
    absolute = all(criterion.absolute for criterion in criteria)
    return Criterion(name, criteria[0].asks, lambda curve: any(c.holds(curve) for c in criteria), absolute)


def near(setting: float, *wanted: float, asks: str = "bounds") -> Criterion:
    """About a value, or one of several, at a setting."""
    name = f"{' or '.join(f'{value:g}' for value in wanted)} at {setting:g}"

    def holds(curve: Curve) -> bool:
        return any(abs(_at(curve, setting) - value) <= TIGHT for value in wanted)

    return Criterion(name, asks, holds, absolute=True)


def scaled(curve: Curve) -> Curve:
    """The curve between 0, its lowest value, and 1, its highest; a level one stays at 0."""
    values = [y for _, y in curve]
    lo, hi = min(values), max(values)
    return [(x, (y - lo) / (hi - lo) if hi > lo else 0.0) for x, y in curve]


def _at(curve: Curve, setting: float) -> float:
    return next(y for x, y in curve if x == setting)
