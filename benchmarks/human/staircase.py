"""The adaptive staircase of HYPE: exposures shrink after right answers and grow after wrong ones.

The paper's "3-up/1-down" rule is a weighted one: 30 ms up after a wrong answer, 10 ms down after a right one. Steps up
and down balance where answers are right with probability 30 / (30 + 10) = 75% (Kaernbach 1991, Perception &
Psychophysics 49, 227-229).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Staircase:
    """Where exposures begin, within which limits and by which steps they move, in milliseconds."""

    start: float = 500.0
    low: float = 100.0
    high: float = 1000.0
    up: float = 30.0
    down: float = 10.0

    @property
    def threshold(self) -> float:
        """The share of right answers at which it stands still.

        >>> Staircase().threshold
        0.75
        """
        return self.up / (self.up + self.down)

    def after(self, exposure: float, right: bool) -> float:
        """The next exposure.

        >>> Staircase().after(500.0, right=True), Staircase().after(990.0, right=False)
        (490.0, 1000.0)
        """
        return max(self.low, exposure - self.down) if right else min(self.high, exposure + self.up)

    def exposures(self, right: Sequence[bool]) -> list[float]:
        """The exposure of each question, given whether the answers to the earlier ones were right."""
        found = [self.start]
        for answer in right[:-1]:
            found.append(self.after(found[-1], answer))
        return found[: len(right)]


def modal_exposure(asked: Sequence[float], shown: Sequence[float]) -> float:
    """The exposure that was asked for most often, as it was shown: the mean of its measured times.

    Of several that were asked for as often, the mean of theirs.

    >>> modal_exposure([500.0, 490.0, 490.0], [501.0, 488.0, 492.0])
    490.0
    """
    counts = Counter(asked)
    most = max(counts.values())
    times = [time for level, time in zip(asked, shown, strict=True) if counts[level] == most]
    return sum(times) / len(times)
