"""The picture beside a study's table: strips of images, one below the other, cut where they are shown."""

from __future__ import annotations

import io
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from PIL import Image

from ...benchmarks.preview import LARGEST
from ...benchmarks.studies.ladders import png
from ...benchmarks.studies.rungs import layout_of
from ...benchmarks.studies.table import Table
from ...registry.images import Pixels

MOST = 1000  # strips


@dataclass(frozen=True)
class Sheet:
    """Strips of one height.

    Attributes:
        pixels: shape (height, width, channels and alpha).
        tile: height and width of an image in a strip.
    """

    pixels: Pixels
    tile: tuple[int, int]
    gap: int

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    def strip(self, row: int) -> bytes:
        """A strip as PNG."""
        start = row * (self.tile[0] + self.gap)
        return png(self.pixels[start : start + self.tile[0]])


def read_sheet(data: bytes, table: Table) -> Sheet | None:
    """The sheet in a PNG; none if its pixels or its layout are not those that the table has.

    The digest is of the pixels: two versions of an image library need not compress them alike.
    """
    try:
        own = layout_of(table)
        height, width, gap = (int(own[name]) for name in ("tile_height", "tile_width", "gap"))
        image = Image.open(io.BytesIO(data), formats=("PNG",))
        strips = sum(1 for _ in table.of("step"))
        if not 1 <= height <= LARGEST or image.height != strips * (height + gap) - gap or strips > MOST:
            return None
        pixels: Pixels = np.asarray(image)
        digest = sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()
    except (LookupError, OSError, SyntaxError, TypeError, ValueError, Image.DecompressionBombError):
        return None
    return Sheet(pixels, (height, width), gap) if digest == own.get("digest") else None
