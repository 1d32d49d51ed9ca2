"""What a metric's curve should look like: bells, falls, levels, and values at their ends, with fixed tolerances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Curve = Sequence[tuple[float, float]]  # (setting, value), ascending
Test = Callable[[list[float], Mapping[float, float]], bool]  # of the values, and of the value at each setting

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
    test: Test
    absolute: bool = False

    def holds(self, curve: Curve) -> bool:
        return self.test([y for _, y in curve], dict(curve))


def bell(middle: float) -> Criterion:
    """High at a setting and low at both ends."""

    def test(y: list[float], at: Mapping[float, float]) -> bool:
        ends = y[0], y[-1]
        high = at[middle] - max(ends) >= CLEAR and max(y) - at[middle] <= LOOSE
        return high and min(ends) - min(y) <= LOOSE

    return Criterion(f"highest at {middle:g}, low at both ends", "shape", test)


def falls(by_setting: float | None = None) -> Criterion:
    """High at the left end and low at the right one; lower, already, at a setting."""

    def test(y: list[float], at: Mapping[float, float]) -> bool:
        plain = y[0] - y[-1] >= CLEAR and max(y) - y[0] <= LOOSE and y[-1] - min(y) <= LOOSE
        return plain and (by_setting is None or y[0] - at[by_setting] >= LOOSE)

    return Criterion("falls" + ("" if by_setting is None else f", clearly by {by_setting:g}"), "shape", test)


def rises() -> Criterion:
    """Low at the left end and high at the right one."""
    return Criterion("rises", "shape", lambda y, at: falls().test(y[::-1], at))


def peaks(middle: float) -> Criterion:
    """Highest at a setting, and lower with every setting away from it: what a distance without a scale can do."""

    def test(_: list[float], at: Mapping[float, float]) -> bool:
        return all((a < b) if x < middle else (a > b) for (x, a), (_, b) in pairwise(at.items()))

    return Criterion(f"highest at {middle:g}, lower with every setting away from it", "shape", test)


def declines() -> Criterion:
    """Lower with every setting."""
    return Criterion("lower with every setting", "shape", lambda y, _: all(a > b for a, b in pairwise(y)))


def level(asks: str = "shape") -> Criterion:
    """The same everywhere."""
    return Criterion("level", asks, lambda y, _: max(y) - min(y) <= TIGHT, absolute=True)


def settles() -> Criterion:
    """The same from the middle setting on."""
    name = "level from the middle on"
    return Criterion(name, "samples", lambda y, at: level().test(y[len(y) // 2 :], at), absolute=True)


def either(*criteria: Criterion) -> Criterion:
    """One of several."""
    name, absolute = ", or ".join(c.name for c in criteria), all(c.absolute for c in criteria)
    return Criterion(name, criteria[0].asks, lambda y, at: any(c.test(y, at) for c in criteria), absolute)


def near(setting: float, *wanted: float, asks: str = "bounds") -> Criterion:
    """About a value, or one of several, at a setting."""
    name = f"{' or '.join(f'{value:g}' for value in wanted)} at {setting:g}"
    return Criterion(name, asks, lambda _, at: any(abs(at[setting] - w) <= TIGHT for w in wanted), absolute=True)


def scaled(curve: Curve) -> Curve:
    """The curve between 0, its lowest value, and 1, its highest; a level one stays at 0."""
    values = [y for _, y in curve]
    lo, hi = min(values), max(values)
    return [(x, (y - lo) / (hi - lo) if hi > lo else 0.0) for x, y in curve]
