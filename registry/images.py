"""Decoded images in memory, sources of them, and the digests that know them again.

A digest reads pixels, never files: it depends on neither the container nor its compression.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..core.errors import BadImages
from .schema import Shape

Pixels: TypeAlias = NDArray[np.uint8]
Labels: TypeAlias = NDArray[np.int64]
Captions: TypeAlias = tuple[str, ...]
Positions: TypeAlias = NDArray[np.int64]

MODES = {1: "L", 3: "RGB"}
NAMED = 5  # files that are left out, of however many
_COLOURS = {1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class Images:
    """A run of images.

    Attributes:
        pixels: uint8, shape (n, height, width, channels).
        labels: int64, shape (n,), or none.
        captions: n texts, or none.
        conditions: the image that each is asked to be made from, uint8, shape (n, h, w, c), or none.
    """

    pixels: Pixels
    labels: Labels | None = None
    captions: Captions | None = None
    conditions: Pixels | None = None

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4 or self.pixels.shape[3] not in MODES:
            raise BadImages(
                f"images must be uint8, shape (n, height, width, 1 or 3): {self.pixels.dtype}, {self.pixels.shape}"
            )
        if self.labels is not None and len(self.labels) != len(self.pixels):
            raise BadImages(f"{len(self.labels)} labels for {len(self.pixels)} images")
        if self.captions is not None and len(self.captions) != len(self.pixels):
            raise BadImages(f"{len(self.captions)} captions for {len(self.pixels)} images")
        if self.conditions is not None:
            _refuse_other_conditions(self.conditions, len(self.pixels))

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> Shape:
        return self.pixels.shape[1], self.pixels.shape[2], self.pixels.shape[3]

    def take(self, indices: NDArray[np.int64] | slice) -> Images:
        labels = None if self.labels is None else self.labels[indices]
        conditions = None if self.conditions is None else self.conditions[indices]
        captions = None
        if self.captions is not None:
            captions = tuple(self.captions[i] for i in np.arange(len(self))[indices])
        return Images(self.pixels[indices], labels, captions, conditions)


def _refuse_other_conditions(conditions: Pixels, count: int) -> None:
    if conditions.dtype != np.uint8 or conditions.ndim != 4 or conditions.shape[3] not in MODES:
        raise BadImages(
            f"conditions must be uint8, shape (n, height, width, 1 or 3): {conditions.dtype}, {conditions.shape}"
        )
    if len(conditions) != count:
        raise BadImages(f"{len(conditions)} conditions for {count} images")


@dataclass(frozen=True)
class ImageSource:
    """Images that are read a run at a time, so that memory does not grow with their number.

    Attributes:
        name: what messages call it.
        count: how many there are.
        read: images start..stop, in a fixed order.
        walk: what `sweep` gives, where another order than the fixed one is cheaper.
        skipped: names of the files beside them that are no images, or of formats that were left out on request.
    """

    name: str
    count: int
    read: Callable[[int, int], Images]
    walk: Callable[[int], Iterator[tuple[Positions, Images]]] | None = None
    skipped: tuple[str, ...] = ()

    @property
    def left_out(self) -> str | None:
        """How many files were skipped, and the first of their names, or none if nothing was."""
        if not self.skipped:
            return None
        number = f"{len(self.skipped):,} {'file was' if len(self.skipped) == 1 else 'files were'} left out"
        more = f" and {len(self.skipped) - NAMED:,} more" if len(self.skipped) > NAMED else ""
        return f"{self.name}: {number}: {', '.join(self.skipped[:NAMED])}{more}"

    def runs(self, size: int = 256) -> Iterator[Images]:
        """All images in order, `size` at a time."""
        for start in range(0, self.count, size):
            yield self.read(start, min(start + size, self.count))

    def sweep(self, size: int = 256) -> Iterator[tuple[Positions, Images]]:
        """Every image once, `size` at a time, in whatever order is cheap, with its position in the fixed order."""
        if self.walk is not None:
            yield from self.walk(size)
            return
        start = 0
        for images in self.runs(size):
            yield np.arange(start, start + len(images)), images
            start += len(images)

    def first(self, n: int) -> ImageSource:
        return self if n >= self.count else ImageSource(self.name, n, self.read, skipped=self.skipped)

    def spread(self, n: int) -> ImageSource:
        """n of them, evenly spaced. A split is in the order of digests, in which classes do not begin together."""
        rows = [i * self.count // n for i in range(n)]
        return ImageSource(self.name, n, lambda start, stop: joined([self.read(i, i + 1) for i in rows[start:stop]]))


def joined(parts: Sequence[Images]) -> Images:
    """Runs of images as one; with labels, captions and conditions where all of them have those."""
    labels = [p.labels for p in parts if p.labels is not None]
    captions = [p.captions for p in parts if p.captions is not None]
    conditions = [p.conditions for p in parts if p.conditions is not None]
    return Images(
        np.concatenate([p.pixels for p in parts]),
        np.concatenate(labels) if len(labels) == len(parts) else None,
        tuple(chain.from_iterable(captions)) if len(captions) == len(parts) else None,
        np.concatenate(conditions) if len(conditions) == len(parts) else None,
    )


def source_of(name: str, images: Images) -> ImageSource:
    return ImageSource(name, len(images), lambda start, stop: images.take(slice(start, stop)))


def read_all(source: ImageSource) -> Images:
    """Every image at once: for sets known to be small."""
    return source.read(0, source.count)


def expect_shape(images: Images, shape: Shape, source: str) -> None:
    """Raises BadImages, with both shapes, if the images have another."""
    if images.shape != shape:
        raise BadImages(
            f"{source}: images of {describe(images.shape)}, but {describe(shape)} is needed",
            "convert the images first, or name a conversion; nothing is converted silently",
        )


def describe(shape: tuple[int, ...]) -> str:
    """Width, height and colour in words.

    >>> describe((8, 6, 1)), describe((8, 6, 4))
    ('6x8 grey', '6x8 RGBA')
    """
    height, width, channels = shape
    return f"{width}x{height} {_COLOURS.get(channels, f'with {channels} channels')}"


def record(pixels: Pixels, label: int | None) -> bytes:
    """One image as the digests see it: `height width mode label`, a newline, the pixels in HWC order."""
    return _head(pixels.shape, label) + pixels.tobytes()


def _head(shape: tuple[int, ...], label: int | None) -> bytes:
    height, width, channels = shape
    return f"{height} {width} {MODES[channels]} {'-' if label is None else label}\n".encode()


def records(images: Images) -> Iterator[bytes]:
    for i, pixels in enumerate(images.pixels):
        yield record(pixels, None if images.labels is None else int(images.labels[i]))


def example_digests(images: Images) -> list[bytes]:
    """The SHA-256 of every image's record, followed by those of its caption and its condition where it has them."""
    return [hashlib.sha256(r + asked).digest() for r, asked in zip(records(images), _asked(images), strict=True)]


def _asked(images: Images) -> Iterator[bytes]:
    for i in range(len(images)):
        caption = b"" if images.captions is None else f"\ncaption {images.captions[i]}".encode()
        condition = b"" if images.conditions is None else record(images.conditions[i], None)
        yield caption + condition


def image_keys(images: Images) -> Labels:
    """The first 64 bits of the SHA-256 of every image's record without its label, int64, shape (n,).

    Equal images have equal keys. That any two of a million unlike ones share one has a chance of 3e-8.
    """
    head, size = hashlib.sha256(_head(images.shape, None)), prod(images.shape)
    together = images.pixels.ravel().data
    digests = []
    for start in range(0, len(together), size):
        own = head.copy()  # faster than a new one
        own.update(together[start : start + size])
        digests.append(own.digest())
    return np.frombuffer(b"".join(digests), "<i8")[:: head.digest_size // 8].astype(np.int64)


def content_digest(images: Images) -> str:
    """SHA-256 over the sorted digests of all examples: the order does not matter."""
    return hashlib.sha256(b"".join(sorted(example_digests(images)))).hexdigest()


def sequence_digest(runs: Iterator[Images]) -> str:
    """SHA-256 over all records in order: the order matters, how they are cut into runs does not."""
    whole = hashlib.sha256()
    for images in runs:
        for r in records(images):
            whole.update(r)
    return whole.hexdigest()
