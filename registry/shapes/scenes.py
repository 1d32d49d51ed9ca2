"""Scenes: coloured shapes on a grey ground, and their pixels, by whole numbers alone and so the same on every machine.

Lengths are in pixels; centres are in half pixels, so that they are whole numbers too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

SIDE = 32
GROUND = (128, 128, 128)
COLOURS = MappingProxyType(
    {"red": (230, 30, 30), "green": (30, 200, 30), "blue": (30, 60, 230), "yellow": (240, 220, 20)}
)
SHAPES = ("circle", "square", "triangle", "diamond")
SIZES = MappingProxyType({"small": (7, 8), "large": (11, 12)})
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Thing:
    """One shape of a scene.

    Attributes:
        shape, colour: by name; none where a judge cannot tell.
        left, top: the first column and row of its box.
        extent: the side of its box.
    """

    shape: str | None
    colour: str | None
    left: int
    top: int
    extent: int

    @property
    def size(self) -> str:
        """The size whose extents are nearer.

        >>> Thing("circle", "red", 0, 0, 9).size, Thing("circle", "red", 0, 0, 10).size
        ('small', 'large')
        """
        return "small" if self.extent <= (SIZES["small"][1] + SIZES["large"][0]) // 2 else "large"

    @property
    def centre(self) -> tuple[int, int]:
        """Column and row of its middle, in half pixels from the corner of the image."""
        return 2 * self.left + self.extent, 2 * self.top + self.extent


Scene: TypeAlias = tuple[Thing, ...]


@cache
def mask(shape: str, extent: int) -> Mask:
    """The pixels of a shape in its box.

    >>> mask("diamond", 5).sum(axis=1).tolist(), mask("triangle", 5).sum(axis=1).tolist()
    ([1, 3, 5, 3, 1], [1, 3, 3, 5, 5])
    """
    v, u = np.indices((extent, extent)) * 2 + 1 - extent  # of a pixel's centre from the box's, in half pixels
    if shape == "circle":
        return u**2 + v**2 <= extent**2
    if shape == "triangle":
        return 2 * np.abs(u) <= v + extent + 1
    if shape == "diamond":
        return np.abs(u) + np.abs(v) <= extent
    return np.ones((extent, extent), bool)


def drawn(scene: Scene) -> NDArray[np.uint8]:
    """The pixels of a scene, uint8, shape (SIDE, SIDE, 3)."""
    pixels = np.empty((SIDE, SIDE, 3), np.uint8)
    pixels[:] = GROUND
    for thing in scene:
        assert thing.shape is not None
        assert thing.colour is not None
        box = pixels[thing.top : thing.top + thing.extent, thing.left : thing.left + thing.extent]
        box[mask(thing.shape, thing.extent)] = COLOURS[thing.colour]
    return pixels
