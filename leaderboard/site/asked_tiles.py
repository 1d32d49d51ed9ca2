"""The images that the samples of a track were asked from, and the right answers: shown around the samples.

They are of the track and not of a result: sample i is asked from held-out image i. So no preview holds them. They are
read where a site is built, of data sets that come without a download; elsewhere samples are shown without.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...benchmarks.asked import answers
from ...benchmarks.preview import TILES, reduced
from ...core.errors import GenboardError
from ...registry.catalog import find
from ...registry.datasets import split_size
from ...registry.images import Pixels
from ...registry.schema import Dataset, Track


@dataclass(frozen=True, eq=False)
class AskedTiles:
    """Tiles of the first samples, RGBA, shape (n, height, width, 4).

    Attributes:
        conditions: the images that they were asked from.
        answers: the images that they should be.
    """

    conditions: Pixels
    answers: Pixels


def asked_tiles(track: Track) -> AskedTiles | None:
    """Those of a track that asks for images from images; none of any other, or where the images are not at hand."""
    dataset = find(Dataset, track.dataset)
    if track.task != "image" or dataset.source.kind != "embedded":
        return None
    try:
        right = answers(track, min(TILES, split_size(dataset, track.held_out)))
    except GenboardError:
        return None
    return None if right.conditions is None else AskedTiles(_tiles(right.conditions), _tiles(right.pixels))


def _tiles(images: Pixels) -> Pixels:
    small = np.stack([reduced(image) for image in images])
    coloured = np.broadcast_to(small, (*small.shape[:3], 3))
    return np.concatenate([coloured, np.full((*small.shape[:3], 1), 255, np.uint8)], axis=3)
