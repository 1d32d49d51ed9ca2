"""The contact sheet of a result: the first samples, and beside them the nearest training image of each."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ..core.files import sha256
from ..reference_stats.features import Measured
from ..reference_stats.statistics import ReferenceStatistics
from ..registry.images import Images, ImageSource, Pixels
from .metrics.distances import nearest
from .result import PreviewRecord

TILES = 64
COLUMNS = 8
GAP = 1
LARGEST = 64  # pixels of a tile's side: larger images are shown reduced


def contact_sheet(
    samples: ImageSource, measured: Measured, train: ImageSource, train_statistics: ReferenceStatistics
) -> tuple[PreviewRecord, bytes]:
    """PNG of two grids side by side, transparent between the tiles, and the record that says how it is laid out."""
    count = min(TILES, samples.count)
    first = samples.read(0, count)
    _, indices = nearest(train_statistics.features, measured.features[:count])
    neighbours = np.concatenate([train.read(int(i), int(i) + 1).pixels for i in indices])
    left, right = _tiles(first), _tiles(Images(neighbours))
    height, width = left.shape[1:3]
    rows = -(-count // COLUMNS)
    grid_width = COLUMNS * (width + GAP)
    sheet = np.zeros((rows * (height + GAP), 2 * grid_width, 4), np.uint8)
    for grid, tiles in enumerate((left, right)):
        for i, tile in enumerate(tiles):
            y, x = i // COLUMNS * (height + GAP), grid * grid_width + i % COLUMNS * (width + GAP)
            sheet[y : y + height, x : x + width, :3] = tile
            sheet[y : y + height, x : x + width, 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG", optimize=True)
    data = buffer.getvalue()
    record = PreviewRecord(sha256=sha256(data), tiles=count, columns=COLUMNS, gap=GAP, tile=(height, width))
    return record, data


def tile_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the tile that shows an image."""
    factor = _factor(height, width)
    return -(-height // factor), -(-width // factor)


def _factor(height: int, width: int) -> int:
    return -(-max(height, width) // LARGEST)


def reduced(image: Pixels) -> Pixels:
    """The tile that shows an image, shape (height, width, channels)."""
    factor = _factor(*image.shape[:2])
    if factor == 1:
        return image
    found: Pixels = np.asarray(Image.fromarray(image.squeeze()).reduce(factor))
    return found.reshape(*found.shape[:2], image.shape[2])


def _tiles(images: Images) -> Pixels:
    return np.stack([reduced(image) for image in images.pixels])
