"""Images made worse by rising severity: blur, noise, JPEG, contrast, pixelation, shifts, swapped patches.

Pure functions on uint8 pixels (n, h, w, c). What is random of image i depends on the seed and on i alone, and is the
same at every severity. Lengths are shares of the shorter side, so that images of every size are altered alike.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from math import ceil, cos, pi, sin
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import convolve1d
from scipy.ndimage import shift as ndimage_shift

from ...registry.images import Images, ImageSource, Pixels

Streams = Sequence[np.random.Generator]
Floats = NDArray[np.float64]

SEVERITIES = 5
GRID = 4  # patches along a side


class Alteration(NamedTuple):
    """A way to make images worse: pixels, strength and a stream of random numbers an image to pixels."""

    fn: Callable[[Pixels, float, Streams], Pixels]
    strengths: tuple[float, ...]  # of severities 1 to 5


def altered(name: str, pixels: Pixels, severity: int, seed: int = 0, first: int = 0) -> Pixels:
    """The images at a severity; 0 leaves them as they are.

    Args:
        first: index of the first image among all, which decides what is random of it.
    """
    if severity == 0:
        return pixels.copy()
    change, strengths = ALTERATIONS[name]
    return change(pixels, strengths[severity - 1], _streams(seed, first, first + len(pixels)))


def altered_source(name: str, source: ImageSource, severity: int, seed: int = 0) -> ImageSource:
    """The same of images that are read a run at a time."""

    def change(images: Images, first: int) -> Pixels:
        return altered(name, images.pixels, severity, seed, first)

    return _changed(f"{source.name}, {name} {severity}", source, change)


def strengthened(name: str, source: ImageSource, strength: float, seed: int = 0) -> ImageSource:
    """The same at a strength of one's own, between the severities and beyond."""

    def change(images: Images, first: int) -> Pixels:
        return ALTERATIONS[name].fn(images.pixels, strength, _streams(seed, first, first + len(images)))

    return _changed(f"{source.name}, {name} {strength:.3g}", source, change)


def augmented(source: ImageSource, seed: int) -> ImageSource:
    """The images, each shifted a little and with a little noise."""
    return altered_source("noise", altered_source("shift", source, 1, seed), 1, seed)


def negatives(source: ImageSource) -> ImageSource:
    """The negative of every image: classes that the data set does not have."""
    return _changed(f"negatives of {source.name}", source, lambda images, _: 255 - images.pixels)


def random_images(source: ImageSource, seed: int) -> ImageSource:
    """As many images of the same shape, of uniform noise."""

    def change(images: Images, first: int) -> Pixels:
        streams = _streams(seed, first, first + len(images))
        return np.stack([stream.integers(0, 256, images.shape, np.uint8) for stream in streams])

    return _changed(f"noise for {source.name}", source, change)


def _changed(name: str, source: ImageSource, change: Callable[[Images, int], Pixels]) -> ImageSource:
    """Images that are changed as they are read, given the place of the first of them."""

    def read(start: int, stop: int) -> Images:
        images = source.read(start, stop)
        return Images(change(images, start), images.labels)

    return ImageSource(name, source.count, read)


def _streams(seed: int, start: int, stop: int) -> Streams:
    """Random numbers of each image, which depend on the seed and on its index alone."""
    return [np.random.Generator(np.random.Philox(key=np.array([seed, i], np.uint64))) for i in range(start, stop)]


def blur(pixels: Pixels, strength: float, _: Streams) -> Pixels:
    """A Gaussian's weighted mean of what is around; beyond the edge the edge goes on."""
    width = strength * min(pixels.shape[1:3])
    reach = max(1, ceil(3 * width))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    weights /= weights.sum()
    image: Floats = pixels.astype(np.float64)
    for axis in (1, 2):
        image = convolve1d(image, weights, axis, mode="nearest")
    return _grey_levels(image)


def noise(pixels: Pixels, strength: float, streams: Streams) -> Pixels:
    """Independent normal noise on every value, its standard deviation a share of the range."""
    fields = np.stack([stream.standard_normal(pixels.shape[1:]) for stream in streams])
    return _grey_levels(pixels + 255 * strength * fields)


def jpeg(pixels: Pixels, strength: float, _: Streams) -> Pixels:
    """Compressed with loss; the strength is 100 less the quality."""
    found = np.empty_like(pixels)
    for image, compressed in zip(pixels, found, strict=True):
        buffer = io.BytesIO()
        plain = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
        plain.save(buffer, "JPEG", quality=100 - int(strength))
        compressed[:] = np.asarray(Image.open(buffer)).reshape(image.shape)
    return found


def contrast(pixels: Pixels, strength: float, _: Streams) -> Pixels:
    """So much of the way from each value to its image's mean."""
    mean = pixels.mean(axis=(1, 2, 3), keepdims=True)
    return _grey_levels(pixels + strength * (mean - pixels))


def pixelate(pixels: Pixels, strength: float, _: Streams) -> Pixels:
    """Means of cells; the strength is the share of rows, and of columns, that is lost."""
    image: Floats = pixels.astype(np.float64)
    for axis in (1, 2):
        length = image.shape[axis]
        cells = max(1, round(length * (1 - strength)))
        edges = np.arange(cells + 1) * length / cells
        # How much of each row lies in each cell: cells are means of rows, and rows then of the cells they lie in.
        ends = np.minimum(np.arange(1, length + 1)[None], edges[1:, None])
        starts = np.maximum(np.arange(length)[None], edges[:-1, None])
        inside = np.clip(ends - starts, 0, None)  # (cells, length)
        image = np.moveaxis(np.tensordot(inside.T @ inside * cells / length, image, (1, axis)), 0, axis)
    return _grey_levels(image)


def shift(pixels: Pixels, strength: float, streams: Streams) -> Pixels:
    """Moved in a random direction, between pixels by linear interpolation; the edge goes on into what is left free."""
    away = strength * min(pixels.shape[1:3])
    moved = []
    for image, stream in zip(pixels, streams, strict=True):
        angle = 2 * pi * stream.random()
        by = (away * sin(angle), away * cos(angle), 0)
        moved.append(ndimage_shift(image.astype(np.float64), by, order=1, mode="nearest"))
    return _grey_levels(np.stack(moved))


def swap_patches(pixels: Pixels, strength: float, streams: Streams) -> Pixels:
    """So many pairs of patches of a 4x4 grid change places; no patch is in two pairs."""
    height, width = pixels.shape[1] // GRID, pixels.shape[2] // GRID
    found = pixels.copy()
    for image, changed, stream in zip(pixels, found, streams, strict=True):
        order = stream.permutation(GRID * GRID)
        patches = [
            np.s_[y * height : (y + 1) * height, x * width : (x + 1) * width]
            for y, x in (divmod(int(i), GRID) for i in order[: 2 * int(strength)])
        ]
        for one, other in zip(patches[::2], patches[1::2], strict=True):
            changed[one], changed[other] = image[other], image[one]
    return found


def _grey_levels(values: Floats) -> Pixels:
    """Clamped, and rounded half up."""
    rounded: Pixels = np.floor(np.clip(values, 0, 255) + 0.5).astype(np.uint8)
    return rounded


ALTERATIONS = {
    "blur": Alteration(blur, (0.05, 0.07, 0.09, 0.12, 0.18)),  # width of the Gaussian, of the side
    "noise": Alteration(noise, (0.02, 0.05, 0.1, 0.2, 0.4)),  # standard deviation, of the range
    "jpeg": Alteration(jpeg, (25, 50, 75, 90, 97)),  # 100 less the quality
    "contrast": Alteration(contrast, (0.15, 0.3, 0.5, 0.7, 0.85)),  # share of the contrast that is lost
    "pixelation": Alteration(pixelate, (0.15, 0.3, 0.5, 0.65, 0.8)),  # share of rows and columns lost
    "shift": Alteration(shift, (0.03, 0.06, 0.1, 0.15, 0.22)),  # distance, of the side
    "swapped-patches": Alteration(swap_patches, (1, 2, 3, 5, 8)),  # pairs of 16 patches
}
