"""Pictures of faults: nine real images of a track, and the same with each fault. Pure functions on uint8 pixels.

Each panel has three rows of three tiles; a place that is left empty is transparent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from ...registry.images import Pixels
from .alterations import ALTERATIONS, altered
from .corruptions import MIDDLE
from .faults import FAULTS

SIDE, GAP = 3, 1  # tiles along a side of a panel, and pixels between them
TILES = SIDE * SIDE
PLAIN = "plain"
EMPTY: Mapping[str, Collection[int]] = {
    "dropped": range(5, 9),
    "few": (0, 1, 2, 3, 5, 6, 7, 8),
}  # places that show nothing
FREQUENT, INVENTED, STRANGE = range(4, 9), (2, 4, 6), 4  # places

Rgba = NDArray[np.uint8]


def panels(held_out: Pixels, train: Pixels, of_one: Pixels, seed: int = 0) -> dict[str, Rgba]:
    """The picture of each fault, and of the images as they are.

    Args:
        held_out, train: nine images each, of as many classes as there are, shape (9, h, w, c).
        of_one: five held-out images of one class.
    """
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, 0], np.uint64)))
    found = {name: held_out.copy() for name in (PLAIN, *(fault.name for fault in FAULTS))}
    for name in ALTERATIONS:
        found[name] = altered(name, held_out, MIDDLE + 1, seed)
    found["frequent"][[*FREQUENT]] = of_one
    found["invented"][[*INVENTED]] = 255 - held_out[[*INVENTED]]
    found["outlier"][STRANGE] = rng.integers(0, 256, held_out.shape[1:], np.uint8)
    found["exact"] = train
    found["augmented"] = altered("noise", altered("shift", train, 1, seed), 1, seed)
    return {name: panel(tiles, EMPTY.get(name, ())) for name, tiles in found.items()}


def panel(tiles: Pixels, empty: Collection[int] = ()) -> Rgba:
    """Nine tiles in their places, as RGBA."""
    count, height, width, _ = tiles.shape
    found = np.zeros((SIDE * (height + GAP) - GAP, SIDE * (width + GAP) - GAP, 4), np.uint8)
    for i in range(count):
        if i not in empty:
            y, x = i // SIDE * (height + GAP), i % SIDE * (width + GAP)
            found[y : y + height, x : x + width, :3] = tiles[i]
            found[y : y + height, x : x + width, 3] = 255
    return found
