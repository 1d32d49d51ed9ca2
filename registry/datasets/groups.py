"""Digits of two groups, made of `digits`: in every split one image in ten of each digit has its grey levels inverted.

Their parts are the splits of `digits`, so that what a model was trained on is the same for every task.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..catalog import find
from ..images import Images, Labels, Pixels, read_all
from ..schema import Dataset
from . import load_split

DIGITS = 10  # an inverted digit has the label of the digit, and this more
EVERY, FIRST = 10, 4  # the images of a digit that are inverted, in the order of their digests: 4, 14, 24, ...
BLOCK = 4  # pixels along each axis that one grey level of a low-resolution image is the mean of


def with_groups() -> dict[str, Images]:
    """Digits, plain (labels 0 to 9) and inverted (10 to 19)."""
    return {split: _grouped(read_all(load_split("digits", split))) for split in find(Dataset, "digits").splits}


def low_resolution() -> dict[str, Images]:
    """The same images, each asked from its own means of 4 x 4 pixels, enlarged again to 8 x 8."""
    found = with_groups()
    return {part: Images(x.pixels, x.labels, conditions=averaged(x.pixels)) for part, x in found.items()}


def inverted_rows(digits: Labels) -> NDArray[np.bool_]:
    """Which images are inverted: of each digit every tenth, from the fifth on.

    >>> inverted_rows(np.array([7] * 16)).nonzero()[0]
    array([ 4, 14])
    """
    chosen = np.zeros(len(digits), np.bool_)
    for digit in range(DIGITS):
        chosen[np.flatnonzero(digits == digit)[FIRST::EVERY]] = True
    return chosen


def averaged(pixels: Pixels) -> Pixels:
    """Each square of 4 x 4 pixels at its mean, rounded half up: uint8, shape (n, h, w, c) as given.

    >>> averaged(np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [9, 9, 9, 9]], np.uint8)[None, :, :, None])[0, 0, 0]
    array([2], dtype=uint8)
    """
    n, height, width, channels = pixels.shape
    squares = pixels.reshape(n, height // BLOCK, BLOCK, width // BLOCK, BLOCK, channels).astype(np.int64)
    means = (squares.sum(axis=(2, 4)) + BLOCK * BLOCK // 2) // (BLOCK * BLOCK)
    return means.astype(np.uint8).repeat(BLOCK, axis=1).repeat(BLOCK, axis=2)


def _grouped(images: Images) -> Images:
    assert images.labels is not None
    chosen = inverted_rows(images.labels)
    pixels = np.where(chosen[:, None, None, None], 255 - images.pixels, images.pixels)
    return Images(pixels, images.labels + DIGITS * chosen)
