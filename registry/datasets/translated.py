"""Data sets for image-to-image models, made of `digits`: each digit with the image that it is asked from.

Their parts are the splits of `digits`, so that what a model was trained on is the same for every task.
"""

from __future__ import annotations

import numpy as np

from ..catalog import find
from ..images import Images, Pixels, read_all
from ..schema import Dataset
from . import load_split

STEEP = 4 * 255  # of at most 6 * 255


def with_edges() -> dict[str, Images]:
    """Pairs: each digit is asked from its own edges."""
    return {part: _asked(images, edges(images.pixels)) for part, images in _splits().items()}


def inverted() -> dict[str, Images]:
    """Each digit is asked from an inverted one: in training from another digit's, elsewhere from its own.

    In training it is that of the next digit in the order of digests, so no pair is aligned there.
    """
    found = _splits()
    asked = {part: 255 - (np.roll(x.pixels, -1, axis=0) if part == "train" else x.pixels) for part, x in found.items()}
    return {part: _asked(images, asked[part]) for part, images in found.items()}


def edges(pixels: Pixels) -> Pixels:
    """The edges of grey images (n, h, w, 1): 255 where the Sobel gradient |gx| + |gy| is at least `STEEP`, else 0.

    Whole numbers throughout, so every machine finds the same edges. Around the image everything is 0.

    >>> line = np.zeros((1, 3, 3, 1), np.uint8)
    >>> line[0, 1] = 255
    >>> edges(line)[0, :, :, 0]
    array([[255, 255, 255],
           [  0,   0,   0],
           [255, 255, 255]], dtype=uint8)
    """
    x = np.pad(pixels[..., 0].astype(np.int64), ((0, 0), (1, 1), (1, 1)))
    across = x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]  # smooth along the height, (n, h, w + 2)
    down = x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]
    gradient = np.abs(across[:, :, 2:] - across[:, :, :-2]) + np.abs(down[:, 2:] - down[:, :-2])
    return np.where(gradient >= STEEP, 255, 0).astype(np.uint8)[..., None]


def _splits() -> dict[str, Images]:
    return {split: read_all(load_split("digits", split)) for split in find(Dataset, "digits").splits}


def _asked(images: Images, conditions: Pixels) -> Images:
    return Images(images.pixels, images.labels, conditions=conditions)
