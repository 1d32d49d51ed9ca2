"""The pictures of a result, cut from its contact sheet: the samples, their nearest training images, and a strip."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from ...benchmarks.preview import COLUMNS, LARGEST, TILES
from ...benchmarks.result import PreviewRecord, preview_path
from ...core.errors import BadEntry
from ...core.files import read_bytes, sha256
from ..storage.records import Record

GRID_WIDTH = 400  # pixels that a grid is enlarged to, at most, by a whole factor
STRIP_HEIGHT = 24
SOFT = 16  # tiles from this height on are scaled smoothly: their pixels are not the message


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
    """The pictures of a result, or why there are none."""

    samples: Picture | None = None
    nearest: Picture | None = None
    strip: Picture | None = None
    count: int = 0
    reason: str = ""

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(p for p in (self.samples, self.nearest, self.strip) if p)


def stem(record: Record) -> str:
    """What names a result among all others in the site's flat folder of pictures."""
    return f"{record.result.generator.name}-{record.result.id}"


def read_sheet(record: Record) -> Sheet:
    """The pictures of a result. A contact sheet that is missing or not the recorded one is a reason, not an error."""
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
    return _cut(image, layout, f"previews/{stem(record)}")


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


def _cut(sheet: Image.Image, layout: PreviewRecord, name: str) -> Sheet:
    height, width = layout.tile
    half = sheet.width // 2
    grid = (half - layout.gap, sheet.height - layout.gap)
    first = min(layout.columns, layout.tiles) * (width + layout.gap) - layout.gap
    factor = max(1, GRID_WIDTH // grid[0])
    pixelated = height < SOFT
    samples = _png(sheet.crop((0, 0, grid[0], grid[1])))
    nearest = _png(sheet.crop((half, 0, half + grid[0], grid[1])))
    strip = _png(sheet.crop((0, 0, first, height)))
    shown = (grid[0] * factor, grid[1] * factor)
    return Sheet(
        Picture(f"{name}-samples.png", samples, *shown, pixelated),
        Picture(f"{name}-nearest.png", nearest, *shown, pixelated),
        Picture(f"{name}-strip.png", strip, round(first * STRIP_HEIGHT / height), STRIP_HEIGHT, pixelated),
        layout.tiles,
    )


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
