"""What an image of shapes shows, read from its pixels: the scene back from `drawn`, exactly.

1. Every pixel takes the nearest of the palette's colours, or none where all are farther than `TOLERANCE`.
2. Pixels of one colour that touch, by a corner too, are one thing; fewer than `SPECK` are overlooked.
3. A thing's shape and extent are those of the template that it overlaps best, by intersection over union. Where the
   best overlap is below `LIKENESS`, or the box is larger than any template, the thing is there but has no shape.

Of a scene as `drawn` makes it every step is exact. `docs/shapes.md` says what becomes of noise and blur.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .scenes import COLOURS, GROUND, SHAPES, Mask, Scene, Thing, mask

TOLERANCE = 110  # Euclidean, in grey levels: noise and blur leave the ground and the colours nearer than that
SPECK = 12  # pixels: half of the smallest shape
LIKENESS = 0.6
EXTENTS = range(5, 16)
_CANVAS = 21  # the largest extent, and room to move
_SHIFTS = tuple((dy, dx) for dy in range(-2, 3) for dx in range(-2, 3))
_TOUCHING = np.array([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))], bool)  # within an image, not across two


def seen(pixels: NDArray[np.uint8]) -> list[Scene]:
    """The scenes of images, uint8, shape (n, SIDE, SIDE, 3), their things in the order of their tops."""
    found: list[list[Thing]] = [[] for _ in pixels]
    boxes: list[tuple[int, str | None, int, int, Mask]] = []
    of_pixel = _colours(pixels)
    for number, colour in enumerate((*COLOURS, None)):
        parts, _ = ndimage.label(of_pixel == number, _TOUCHING)
        for part, box in enumerate(ndimage.find_objects(parts), start=1):
            image, rows, columns = (side.start for side in box)
            thing = parts[box][0] == part
            if thing.sum() >= SPECK:
                boxes.append((image, colour, rows, columns, thing))
    likest = _likest([thing for *_, thing in boxes])
    for (image, colour, top, left, _), (shape, extent, dy, dx) in zip(boxes, likest, strict=True):
        found[image].append(Thing(shape, colour, left + dx, top + dy, extent))
    return [tuple(sorted(things, key=lambda t: (t.top, t.left))) for things in found]


def _colours(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The colour of each pixel by its place in `COLOURS`, then what is none of them; -1 for the ground."""
    palette = np.array([*COLOURS.values(), GROUND], np.int64)
    squares = np.square(pixels[..., None, :].astype(np.int64) - palette).sum(axis=-1)
    nearest: NDArray[np.int64] = squares.argmin(axis=-1)
    nearest[nearest == len(COLOURS)] = -1
    nearest[squares.min(axis=-1) > TOLERANCE**2] = len(COLOURS)
    return nearest


def _likest(things: list[Mask]) -> list[tuple[str | None, int, int, int]]:
    """For each mask, the likest shape and its extent, and by how much its box begins below and right of the mask's."""
    fits = [max(thing.shape) <= EXTENTS[-1] for thing in things]
    canvases = np.zeros((len(things), _CANVAS, _CANVAS), np.float32)
    for canvas, thing, fit in zip(canvases, things, fits, strict=True):
        if fit:
            _centred(canvas, thing)
    bank, of_bank = _templates()
    common = canvases.reshape(len(things), _CANVAS * _CANVAS) @ bank.T  # whole numbers below 2^24: exact
    either = canvases.sum(axis=(1, 2))[:, None] + bank.sum(axis=1) - common
    likeness = common / either
    best = likeness.argmax(axis=1) if len(things) else []
    found: list[tuple[str | None, int, int, int]] = []
    for i, (thing, fit) in enumerate(zip(things, fits, strict=True)):
        height, width = thing.shape
        if not fit or likeness[i, best[i]] < LIKENESS:
            found.append((None, max(height, width), 0, 0))
            continue
        shape, extent, dy, dx = of_bank[best[i]]
        found.append((shape, extent, _start(extent) + dy - _start(height), _start(extent) + dx - _start(width)))
    return found


@cache
def _templates() -> tuple[NDArray[np.float32], list[tuple[str, int, int, int]]]:
    """Every shape at every extent and shift, flattened, and which they are."""
    which = [(shape, extent, dy, dx) for shape in SHAPES for extent in EXTENTS for dy, dx in _SHIFTS]
    bank = np.zeros((len(which), _CANVAS, _CANVAS), np.float32)
    for canvas, (shape, extent, dy, dx) in zip(bank, which, strict=True):
        _centred(canvas, mask(shape, extent), dy, dx)
    return bank.reshape(len(which), -1), which


def _start(length: int) -> int:
    return (_CANVAS - length) // 2


def _centred(canvas: NDArray[np.float32], thing: Mask, dy: int = 0, dx: int = 0) -> None:
    (height, width), top, left = thing.shape, _start(thing.shape[0]) + dy, _start(thing.shape[1]) + dx
    canvas[top : top + height, left : left + width] = thing
