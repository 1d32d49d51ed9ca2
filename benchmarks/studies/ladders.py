"""Ladders of real images made worse step by step, and what the first of them look like: pure functions on images.

A step of a ladder is a set of as many images as the unaltered one. Blur and noise alter every image; classes that are
missing make room for more images of the others; and some images are replaced by images of noise.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ...registry.images import Images, ImageSource, Labels, Pixels, joined
from ..preview import reduced
from .alterations import random_images, strengthened

TILES = 10  # of a strip: an image of each class where there are no more classes
GAP = 1  # pixels between two tiles
BLURS = tuple(0.0125 * 2 ** (i / 4) for i in range(17))  # width of the Gaussian, of the shorter side
NOISES = tuple(0.02 * 2 ** (i / 3) for i in range(16))  # standard deviation, of the range
SHARES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)  # of the images, replaced by noise
UNALTERED = "unaltered"


@dataclass(frozen=True)
class Step:
    """A set of images and its strip.

    Attributes:
        strength: of the alteration: as of `BLURS`, `NOISES` and `SHARES`, or the number of missing classes.
        strip: the tiles; none in the place of an image whose class is missing.
        missing: the classes that are missing.
        filled: training images among the set, where too few others are left.
    """

    ladder: str
    strength: float
    images: ImageSource
    strip: tuple[Pixels | None, ...]
    missing: tuple[int, ...] = ()
    filled: int = 0


def steps(held_out: ImageSource, train: ImageSource, n: int, seed: int) -> Iterator[Step]:
    """The unaltered images, then each ladder from its mildest step on.

    Args:
        train: whose images fill up a set where too few held-out ones are left.
        n: images of a set.
    """
    plain = held_out.first(n)
    labels = _labels(held_out)
    shown = tiles_of(n, None if labels is None else labels[:n])
    yield Step(UNALTERED, 0.0, plain, _tiles(plain, shown))
    for name, strengths in (("blur", BLURS), ("noise", NOISES)):
        for strength in strengths:
            worse = strengthened(name, plain, strength, seed)
            yield Step(name, strength, worse, _tiles(worse, shown))
    if labels is not None:
        yield from _without_classes(held_out, train, n, seed, labels, shown)
    for share in SHARES:
        mixed = _with_noise(plain, share, shown, seed)
        yield Step("replaced", share, mixed, _tiles(mixed, shown))


def tiles_of(n: int, labels: Labels | None) -> list[int]:
    """The images of a strip: the first of each class in the order of classes, or the first of all."""
    if labels is not None:
        classes, first = np.unique(labels, return_index=True)
        if len(classes) <= TILES:
            return [int(i) for i in first]
    return list(range(min(TILES, n)))


def sheet(found: Sequence[Step]) -> tuple[Pixels, tuple[int, int]]:
    """The strips below each other, shape (height, width, channels and alpha), and height and width of a tile."""
    plain = [tile for tile in found[0].strip if tile is not None]
    height, width = reduced(plain[0]).shape[:2]
    channels = plain[0].shape[2]
    pixels = np.zeros((len(found) * (height + GAP) - GAP, len(plain) * (width + GAP) - GAP, channels + 1), np.uint8)
    for row, step in enumerate(found):
        for i, tile in enumerate(step.strip):
            if tile is not None:
                y, x = row * (height + GAP), i * (width + GAP)
                pixels[y : y + height, x : x + width, :-1] = reduced(tile)
                pixels[y : y + height, x : x + width, -1] = 255
    return pixels, (height, width)


def png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _tiles(images: ImageSource, places: Sequence[int]) -> tuple[Pixels, ...]:
    return tuple(images.read(i, i + 1).pixels[0] for i in places)


def _without_classes(
    held_out: ImageSource, train: ImageSource, n: int, seed: int, labels: Labels, shown: Sequence[int]
) -> Iterator[Step]:
    """Classes are missing one after another, or tenths of them where there are more; as long as images are left."""
    classes = np.unique(labels)
    order, plain = np.random.default_rng(seed).permutation(classes), _tiles(held_out, shown)
    for count in sorted({max(1, round(i * len(classes) / TILES)) for i in range(1, TILES)} - {len(classes)}):
        missing = order[:count]
        rows = [(held_out, int(i)) for i in np.flatnonzero(~np.isin(labels, missing))[:n]]
        filled = n - len(rows)
        if filled:
            more = _labels(train)
            found = [] if more is None else np.flatnonzero(~np.isin(more, missing))[:filled].tolist()
            if len(found) < filled:
                return
            rows += [(train, i) for i in found]
        strip = tuple(None if labels[i] in missing else tile for i, tile in zip(shown, plain, strict=True))
        yield Step("classes", float(count), _rows(rows), strip, tuple(sorted(map(int, missing))), filled)


def _labels(images: ImageSource) -> Labels | None:
    found = [run.labels for run in images.runs()]
    known = [labels for labels in found if labels is not None]
    return np.concatenate(known) if len(known) == len(found) else None


def _rows(rows: Sequence[tuple[ImageSource, int]]) -> ImageSource:
    """These images, of one or several sources."""

    def read(start: int, stop: int) -> Images:
        return joined([source.read(i, i + 1) for source, i in rows[start:stop]])

    return ImageSource("some classes", len(rows), read)


def _with_noise(images: ImageSource, share: float, shown: Sequence[int], seed: int) -> ImageSource:
    """Images of which some are replaced by noise: at a larger share the same ones and more.

    Those of the strip come up evenly among all, so that it shows the share as well as so few can.
    """
    order = [i for i in np.random.default_rng(seed).permutation(images.count).tolist() if i not in shown]
    for place, tile in enumerate(np.random.default_rng(seed + 1).permutation(shown).tolist()):
        order.insert(int((place + 0.5) * images.count / len(shown)), tile)
    replaced, noise = set(order[: round(share * images.count)]), random_images(images, seed)
    return _rows([(noise if i in replaced else images, i) for i in range(images.count)])
