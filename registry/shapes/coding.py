"""Scenes as rows of numbers and back: the feature space `shapes-judge`.

A row has room for `MOST` things, in the order of their shapes, colours, rows and columns: for each, `APART` at its
shape and at its colour, then left, top and extent in pixels. So equal scenes are equal rows, and another shape or
colour is as far away as a few pixels. No caption names more than three things: an image with more than `MOST` is wrong
whatever the others are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .scenes import COLOURS, SHAPES, Scene, Thing

MOST = 6
APART = 8
_NAMES = (*SHAPES, *COLOURS)
WIDTH = len(_NAMES) + 3
DIM = MOST * WIDTH


def encoded(scenes: Sequence[Scene]) -> NDArray[np.float32]:
    """Scenes as rows, float32, shape (n, DIM)."""
    rows = np.zeros((len(scenes), MOST, WIDTH), np.float32)
    for row, scene in zip(rows, scenes, strict=True):
        in_order = sorted(scene, key=lambda t: (t.shape or "~", t.colour or "~", t.top, t.left))
        for numbers, thing in zip(row, in_order[:MOST], strict=False):
            numbers[: len(_NAMES)] = [APART * (name in (thing.shape, thing.colour)) for name in _NAMES]
            numbers[len(_NAMES) :] = thing.left, thing.top, thing.extent
    return rows.reshape(len(scenes), DIM)


def decoded(rows: NDArray[np.float64]) -> list[Scene]:
    """The scenes of rows, shape (n, DIM), each number rounded to what it can be.

    >>> scene = (Thing("circle", "red", 3, 4, 7), Thing(None, "blue", 9, 9, 12))
    >>> decoded(encoded([scene, ()]).astype(float)) == [scene, ()]
    True
    """
    numbers = rows.reshape(len(rows), MOST, WIDTH)
    return [tuple(_thing(part) for part in row if part[-1] > 0.5) for row in numbers]


def _thing(numbers: NDArray[np.float64]) -> Thing:
    named = [name for name, number in zip(_NAMES, numbers, strict=False) if number > APART / 2]
    left, top, extent = (round(float(number)) for number in numbers[len(_NAMES) :])
    shape = next((name for name in named if name in SHAPES), None)
    return Thing(shape, next((name for name in named if name in COLOURS), None), left, top, extent)
