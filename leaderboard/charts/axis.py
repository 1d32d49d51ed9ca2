"""The axis that intervals are drawn on: fitted to the rows that are compared, clipped beyond."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["linear", "square-root", "logarithmic"]
Span = tuple[float, float, float]  # value, lower and upper end

WIDE = 4.0  # largest over smallest value from which a square-root axis shows more
VERY_WIDE = 50.0  # and a logarithmic one
DEEP = 20.0  # how far below the smallest value a logarithmic axis follows an interval
TICK_GAP = 0.17  # least distance of two ticks, as a share of the axis


@dataclass(frozen=True)
class Axis:
    kind: Kind
    lo: float
    hi: float

    def at(self, x: float) -> float:
        """Where a value falls, 0 at the lower end and 1 at the upper, clipped to these; 1 where both are the same."""
        inside = min(max(x, self.lo), self.hi)
        start, end = self._bent(self.lo), self._bent(self.hi)
        return (self._bent(inside) - start) / (end - start) if end > start else 1.0

    @property
    def note(self) -> str:
        """What is said of it: nothing of an even one."""
        return "" if self.kind == "linear" else f"{self.kind} axis"

    def ticks(self) -> tuple[float, ...]:
        """Round values, far enough apart to be labelled."""
        kept: list[float] = []
        for x in self._candidates():
            if self.lo <= x <= self.hi and (not kept or self.at(x) - self.at(kept[-1]) >= TICK_GAP):
                kept.append(x)
        return tuple(kept)

    def _bent(self, x: float) -> float:
        match self.kind:
            case "linear":
                return x
            case "square-root":
                return math.sqrt(x)
            case "logarithmic":
                return math.log(x)

    def _candidates(self) -> list[float]:
        if self.kind == "linear":
            step = _round_up((self.hi - self.lo) / 5)
            return [i * step for i in range(math.ceil(self.lo / step), math.floor(self.hi / step) + 1)]
        top = math.floor(math.log10(self.hi))
        low = math.floor(math.log10(self.lo)) if self.lo > 0 else top - 3
        steps = (1,) if self.kind == "logarithmic" and top - low >= 3 else (1, 2, 5)
        return sorted({0.0, *(m * 10.0**e for e in range(low, top + 1) for m in steps)})


ANY = -math.inf, math.inf


def possible(span: Span, within: tuple[float, float]) -> Span:
    """A span as far as values can be there: an interval's method may reach beyond.

    >>> possible((0.1, -0.2, 0.4), (0.0, math.inf))
    (0.1, 0.0, 0.4)
    """
    value, lo, hi = span
    return value, min(value, max(lo, within[0])), max(value, min(hi, within[1]))


def axis_for(spans: Sequence[Span], also: Sequence[float] = (), within: tuple[float, float] = ANY) -> Axis:
    """The axis that shows the spans best; the values `also` are on it too.

    Args:
        within: what values can be: the axis does not go beyond, unless a value does.
    """
    if not spans:
        return Axis("linear", 0.0, 1.0)
    values = [value for value, _, _ in spans]
    ends = [end for _, lo, hi in spans for end in (lo, hi)] + list(also)
    least, most, lowest, top = min(values), max(values), min([*values, *also]), max([*ends, *values])
    if lowest > 0 and most >= VERY_WIDE * least:
        return Axis("logarithmic", 0.9 * min([x for x in ends if x > lowest / DEEP] + [lowest]), top * 1.1)
    if lowest >= 0 and most > 0 and most >= WIDE * least:
        return Axis("square-root", 0.0, top * 1.04)
    low = min([*ends, *values])
    pad = 0.05 * (top - low) or 0.05 * abs(top) or 1.0
    return Axis("linear", min(low, max(low - pad, within[0])), max(top, min(top + pad, within[1])))


def across(title: str, better: str | None) -> str:
    """The title of an axis from left to right, with an arrow to where it is better.

    >>> across("Fréchet distance", "lower"), across("Recall", "higher"), across("k", None)
    ('← Fréchet distance, lower is better', 'Recall, higher is better →', 'k')
    """
    if better is None:
        return title
    said = f"{title}, {better} is better"
    return f"← {said}" if better == "lower" else f"{said} →"


def up(title: str, better: str | None) -> str:
    """The title of an axis from the bottom to the top, which stands over it.

    >>> up("Recall", "higher"), up("Fréchet distance", "lower")
    ('↑ Recall, higher is better', '↓ Fréchet distance, lower is better')
    """
    return f"{'↓' if better == 'lower' else '↑'} {title}, {better} is better" if better else title


def tick_text(tick: float) -> str:
    """
    >>> tick_text(0.5), tick_text(-20.0), tick_text(0.1 * 3)
    ('0.5', '−20', '0.3')
    """
    return f"{tick:.6g}".replace("-", "−")


def _round_up(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 5, 10, 20) if m * power >= step)
