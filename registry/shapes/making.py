"""Captions and scenes that fit them, from whole numbers: a stream of Philox for each example.

Some pairs of shape and colour, and some relations of two shapes, never occur in captions for training: what a model
makes of these it has put together itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from .captions import COUNTS, PLACES, RELATIONS, Caption, Noun, lies, stand
from .scenes import COLOURS, SHAPES, SIDE, SIZES, Scene, Thing

NOVEL_KINDS = frozenset({("triangle", "red"), ("circle", "blue"), ("diamond", "yellow"), ("square", "green")})
# Which shape is left of which, and which is above which; told the other way round they are the same.
NOVEL_RELATIONS = frozenset(
    {
        ("square", "left of", "triangle"),
        ("circle", "left of", "diamond"),
        ("triangle", "above", "circle"),
        ("diamond", "above", "square"),
    }
)
_TURNED = {"right of": "left of", "below": "above"}
GAP = 3  # pixels between boxes, so that things of one colour are never one
T = TypeVar("T")


class Dice:
    """Choices from a stream of Philox, whose raw numbers are the same in every version of NumPy."""

    def __init__(self, seed: int, index: int) -> None:
        self._stream = np.random.Philox(key=np.array([seed, index], np.uint64))

    def below(self, n: int) -> int:
        return int(self._stream.random_raw()) % n

    def among(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]


def is_novel(caption: Caption) -> bool:
    """Whether a caption has a pair of shape and colour, or a relation of shapes, that training has not."""
    if any((noun.shape, noun.colour) in NOVEL_KINDS for noun in caption.nouns):
        return True
    if caption.relation is None:
        return False
    first, second = (noun.shape for noun in caption.nouns)
    turned = _TURNED.get(caption.relation)
    return ((second, turned, first) if turned else (first, caption.relation, second)) in NOVEL_RELATIONS


def some_caption(dice: Dice, novel: bool) -> Caption:
    """One of the grammar, novel or not: of its four forms each as often."""
    while True:
        caption = _any_caption(dice)
        if caption.problem is None and is_novel(caption) == novel:
            return caption


def _any_caption(dice: Dice) -> Caption:
    form = dice.below(4)
    if form == 0:
        return Caption((_noun(dice, len(COUNTS)),))
    if form == 1:
        return Caption((_noun(dice, 1),), place=dice.among(PLACES))
    if form == 2:
        return Caption((_noun(dice, 1), _noun(dice, 1)), relation=dice.among(tuple(RELATIONS)))
    return Caption((_noun(dice, len(COUNTS)), _noun(dice, len(COUNTS))))


def _noun(dice: Dice, most: int) -> Noun:
    size = dice.among((None, None, *SIZES))
    return Noun(1 + dice.below(most), dice.among(SHAPES), dice.among(tuple(COLOURS)), size)


def some_scene(dice: Dice, caption: Caption) -> Scene:
    """A scene that the caption describes: whatever it leaves open is drawn with equal chances."""
    while True:
        scene = tuple(_thing(dice, noun) for noun in caption.nouns for _ in range(noun.count))
        apart = all(_apart(a, b) for i, a in enumerate(scene) for b in scene[:i])
        if apart and (caption.place is None or lies(scene[0], caption.place)):
            if caption.relation is None or _clearly(scene[0], scene[1], caption.relation):
                return scene


def _thing(dice: Dice, noun: Noun) -> Thing:
    extent = dice.among(SIZES[noun.size or dice.among(tuple(SIZES))])
    left, top = (1 + dice.below(SIDE - 1 - extent) for _ in range(2))
    return Thing(noun.shape, noun.colour, left, top, extent)


def _apart(a: Thing, b: Thing) -> bool:
    across = max(a.left - b.left - b.extent, b.left - a.left - a.extent)
    return max(across, max(a.top - b.top - b.extent, b.top - a.top - a.extent)) >= GAP


def _clearly(first: Thing, second: Thing, relation: str) -> bool:
    """Whether not the centres alone, but the boxes stand in that relation."""
    axis, _ = RELATIONS[relation]
    gap = abs(second.centre[axis] - first.centre[axis]) - first.extent - second.extent
    return stand(first, second, relation) and gap >= 0
