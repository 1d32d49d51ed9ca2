"""The pictures of a result, cut from its contact sheet: its samples in pairs with their nearest training images, and a
strip of the first samples. On a track that asks for images from images, what was asked stands in each pair too. Of a
data set of texts it is the texts themselves, which the sheet's pixels spell.

A style sheet finds any pair in them: the pairs stand in 8 rows of 8 equal cells, the strip is 8 equal cells, and each
cell has its share of the gaps.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ...benchmarks.preview import COLUMNS, LARGEST, TILES
from ...benchmarks.result import PreviewRecord, preview_path
from ...core.errors import BadEntry, UnknownName
from ...core.files import read_bytes, sha256
from ...registry.catalog import find
from ...registry.schema import Dataset, Track
from ...registry.texts import decoded
from ..storage.records import Record
from .asked_tiles import AskedTiles

ROWS = TILES // COLUMNS
WIDEST = 576  # pixels that a sheet of pairs is enlarged to, at most, by a whole factor
STRIP_HEIGHT = 24
SOFT = 16  # tiles from this height on are scaled smoothly: their pixels are not the message
APART = 1  # pixels between the images of a pair; pairs are farther apart
NEAREST = "above its nearest training image"
NEAREST_TEXT = "beside its nearest training text"
ASKED = "below the image that it was asked from, and above the right answer and its nearest training image"

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


@dataclass(frozen=True)
class Picture:
    """A PNG of the site, and the size it is shown at."""

    path: str
    data: bytes
    width: int
    height: int
    pixelated: bool


@dataclass(frozen=True)
class Sheet:
    """The pictures of a result, or why there are none.

    Attributes:
        pairs: every sample, with its nearest training image and what else belongs to it.
        place: where a sample stands in its pair, in words.
        cell: width and height of a pair with the gap around it, in pixels of the picture.
        tile: width of a sample in them.
        count: pairs.
        equal: the pairs whose two images are equal, from 0.
        reduced: whether the images are larger than they are shown, and so compared.
        texts: in place of pictures, each sample and its nearest training text.
    """

    pairs: Picture | None = None
    place: str = NEAREST
    strip: Picture | None = None
    cell: tuple[int, int] = (1, 1)
    tile: int = 1
    count: int = 0
    equal: tuple[int, ...] = ()
    reduced: bool = False
    reason: str = ""
    texts: tuple[tuple[str, str], ...] = ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(p for p in (self.pairs, self.strip) if p)

    @property
    def equal_pairs(self) -> str:
        """A letter for each pair, 1 where its images are equal."""
        return "".join("01"[i in self.equal] for i in range(self.count))

    def wide(self, tile: int) -> int:
        """Pixels that a pair alone is shown as wide as, by a whole factor: its sample is about as wide as asked."""
        return self.cell[0] * max(1, round(tile / self.tile))


def stem(record: Record) -> str:
    """What names a result among all others in the site's flat folder of pictures."""
    return f"{record.result.generator.name}-{record.result.id}"


def read_sheet(record: Record, asked: AskedTiles | None = None) -> Sheet:
    """The pictures of a result. A contact sheet that is missing or not the recorded one is a reason, not an error.

    Args:
        asked: what the samples were asked from and should be, which is then shown with them.
    """
    layout = record.result.preview
    if layout is None:
        return Sheet(reason="no pictures were recorded")
    try:
        data = read_bytes(preview_path(record.path))
    except BadEntry:
        return Sheet(reason="the preview file is missing")
    if sha256(data) != layout.sha256:
        return Sheet(reason="the preview file is not the one the result names")
    try:
        image = _decoded(data, layout)
    except _OtherLayout as e:
        return Sheet(reason=f"the preview file cannot be shown: {e}")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return Sheet(reason="the preview file cannot be shown: it is no PNG, or a damaged one")
    alphabet = alphabet_of(record.result.track.name)
    if alphabet:
        return _read(np.asarray(image), layout, alphabet)
    reduced = max(record.result.sampling.shape[:2]) > LARGEST
    fits = asked is not None and asked.conditions.shape[1:3] == layout.tile and layout.tiles <= len(asked.conditions)
    asked = asked if fits else None
    return _cut(np.asarray(image), layout, f"previews/{stem(record)}", reduced, asked)


class _OtherLayout(ValueError):
    """What is said of it may be shown; what an image library says may hold addresses of memory."""


def _decoded(data: bytes, layout: PreviewRecord) -> Image.Image:
    height, width = layout.tile
    if not (1 <= layout.tiles <= TILES and layout.columns == COLUMNS and 0 <= layout.gap <= LARGEST):
        raise _OtherLayout("its layout is not one that this version makes")
    if not (1 <= height <= LARGEST and 1 <= width <= LARGEST):
        raise _OtherLayout(f"tiles of {height} x {width} pixels")
    rows = -(-layout.tiles // layout.columns)
    expected = (2 * layout.columns * (width + layout.gap), rows * (height + layout.gap))
    image = Image.open(io.BytesIO(data), formats=("PNG",))
    if image.size != expected:
        raise _OtherLayout(
            f"{image.size[0]} x {image.size[1]} pixels where its layout has {expected[0]} x {expected[1]}"
        )
    return image.convert("RGBA")


def alphabet_of(track: str) -> str:
    """The alphabet of a track's texts; empty where its samples are pictures, or where it is not known."""
    try:
        return find(Dataset, find(Track, track).dataset).alphabet
    except UnknownName:
        return ""


def _read(sheet: Pixels, layout: PreviewRecord, alphabet: str) -> Sheet:
    height, width = layout.tile
    if height != 1:
        return Sheet(reason="the preview file cannot be shown: its tiles are no texts")
    half = sheet.shape[1] // 2
    places = [divmod(i, layout.columns) for i in range(layout.tiles)]

    def side(left: int) -> Iterator[str]:
        starts = [(row * (1 + layout.gap), left + column * (width + layout.gap)) for row, column in places]
        return decoded(np.stack([sheet[y, x : x + width, 0] for y, x in starts])[:, None, :, None], alphabet)

    texts = tuple(zip(side(0), side(half), strict=True))
    equal = tuple(i for i, (sample, nearest) in enumerate(texts) if sample == nearest)
    return Sheet(count=layout.tiles, equal=equal, reason="its samples are texts", texts=texts, place=NEAREST_TEXT)


def _cut(sheet: Pixels, layout: PreviewRecord, name: str, reduced: bool, asked: AskedTiles | None) -> Sheet:
    height, width = layout.tile
    half, gap = sheet.shape[1] // 2, 2 * max(1, height // 14)
    cell = (width + gap, (4 if asked else 2) * (height + APART) - APART + gap)
    pairs, equal = np.zeros((ROWS * cell[1], COLUMNS * cell[0], 4), np.uint8), []
    for i in range(layout.tiles):
        row, column = divmod(i, layout.columns)
        y, x = row * (height + layout.gap), column * (width + layout.gap)
        sample, nearest = (sheet[y : y + height, left : left + width] for left in (x, half + x))
        top, left = row * cell[1] + gap // 2, column * cell[0] + gap // 2
        shown = (asked.conditions[i], sample, asked.answers[i], nearest) if asked else (sample, nearest)
        for place, tile in enumerate(shown):
            at = top + place * (height + APART)
            pairs[at : at + height, left : left + width] = tile
        if np.array_equal(sample, nearest):
            equal.append(i)
    factor, pixelated = max(1, WIDEST // pairs.shape[1]), height < SOFT
    size = (pairs.shape[1] * factor, pairs.shape[0] * factor)
    strip_width = round(half * STRIP_HEIGHT / height)
    return Sheet(
        Picture(f"{name}-pairs.png", _png(pairs), *size, pixelated),
        ASKED if asked else NEAREST,
        Picture(f"{name}-strip.png", _png(sheet[:height, :half]), strip_width, STRIP_HEIGHT, pixelated),
        cell,
        width,
        layout.tiles,
        tuple(equal),
        reduced,
    )


def _png(pixels: Pixels) -> bytes:
    """A PNG: grey and opacity alone where there is no colour, which takes half the bytes."""
    grey = np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels[..., [0, 3]] if grey else pixels)).save(buffer, "PNG")
    return buffer.getvalue()
