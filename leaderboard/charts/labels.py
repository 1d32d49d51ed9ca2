"""Where the labels of charts stand: widths are estimated from letters, and no label covers another.

Labels at the ends of lines keep the order of the lines and are pushed apart; labels beside points take the first free
place of those that a chart allows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FONT_SIZE = 13  # pixels, of axes and titles
LETTER_WIDTH = 7.4 / FONT_SIZE  # generous, as a share of the font's size


@dataclass(frozen=True)
class Box:
    """A region that no label may cover, or that a label would: pixels from the left and from the top."""

    left: float
    right: float
    top: float
    bottom: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Pixels that a text takes at most, in a font of that size."""
    return LETTER_WIDTH * size * len(text)


def shortened(text: str, most: int) -> str:
    """A text of at most so many letters.

    >>> shortened("autoencoder", 6)
    'autoe…'
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"


def wrapped(text: str, width: float, size: float = FONT_SIZE) -> list[str]:
    """A text in lines that are at most so many pixels wide, where its words allow it.

    >>> wrapped("distance of a few words", 100)
    ['distance of a', 'few words']
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def beside(choices: Sequence[Sequence[Box]], taken: Sequence[Box]) -> list[Box | None]:
    """The place of each label, in order: its first choice that overlaps nothing taken; none if all do.

    Args:
        choices: the places that each label may have, best first.
        taken: what labels must not cover.
    """
    occupied = list(taken)
    found: list[Box | None] = []
    for places in choices:
        free = next((box for box in places if not any(box.overlaps(other) for other in occupied)), None)
        found.append(free)
        if free is not None:
            occupied.append(free)
    return found


def spread(wanted: Sequence[float], gap: float, within: tuple[float, float] = (-math.inf, math.inf)) -> list[float]:
    """Ascending places as near the wanted ones as leaves a gap between neighbours (pooled, as in isotonic regression).

    Args:
        within: where they stay; where there are too many for it, they run out at its end.

    >>> spread([10.0, 11.0, 50.0], 10.0)
    [5.5, 15.5, 50.0]
    >>> spread([48.0, 49.0, 50.0], 10.0, (0.0, 50.0))
    [30.0, 40.0, 50.0]
    """
    groups: list[tuple[float, int]] = []  # mean of what is wanted less i gaps, and how many
    for i, at in enumerate(wanted):
        groups.append((at - i * gap, 1))
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            (a, n), (b, m) = groups[-2:]
            groups[-2:] = [((a * n + b * m) / (n + m), n + m)]
    places = [mean for mean, count in groups for _ in range(count)]
    lo, hi = within
    last = len(places) - 1
    below = [min(at + i * gap, hi - (last - i) * gap) for i, at in enumerate(places)]
    return [max(at, lo + i * gap) for i, at in enumerate(below)]
