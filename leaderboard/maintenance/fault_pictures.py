"""Draw the pictures of faults: `python -m genboard.leaderboard.maintenance.fault_pictures TRACK...`.

Of each track's own images, of the faults that its studies look at, into `leaderboard/studies/<track>/faults/`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from ...benchmarks.studies.fault_pictures import FREQUENT, PLAIN, TILES, panels
from ...benchmarks.studies.faults import fault_responses
from ...core.errors import GenboardError
from ...core.files import write_bytes
from ...registry.catalog import find
from ...registry.datasets import load_split
from ...registry.images import Pixels, read_all
from ...registry.schema import Track
from ..storage.study_tables import COMMITTED, PICTURES, read_tables

LOOKED_AT = 500  # images of a split, among which there are some of every class


def main(names: Sequence[str]) -> None:
    tables = read_tables([COMMITTED])
    try:
        for track in (find(Track, name) for name in names):
            studied = {fault for _, fault in fault_responses(tables.of(track.id))}
            for name, png in pictures_of(track).items():
                if name in studied or name == PLAIN:
                    write_bytes(COMMITTED / track.id / PICTURES / f"{name}.png", png)
    except GenboardError as e:
        sys.exit(str(e))


def pictures_of(track: Track) -> Mapping[str, bytes]:
    """PNG by the name of the fault; of the images as they are too."""
    held_out, train = (_by_class(track, split) for split in (track.held_out, track.train))
    found = panels(_one_of_each(held_out), _one_of_each(train), held_out[-1][1 : 1 + len(FREQUENT)])
    mode = "LA" if held_out[0].shape[-1] == 1 else "RGBA"
    return {name: _png(Image.fromarray(panel, "RGBA").convert(mode)) for name, panel in found.items()}


def _by_class(track: Track, split: str) -> list[Pixels]:
    """The first images of a split, by class; all together where there are no classes."""
    images = read_all(load_split(track.dataset, split).first(LOOKED_AT))
    if images.labels is None:
        return [images.pixels]
    return [images.pixels[images.labels == label] for label in np.unique(images.labels)]


def _one_of_each(classes: Sequence[Pixels]) -> Pixels:
    """Nine images: the first of each class, then the second, ..."""
    return np.stack([classes[i % len(classes)][i // len(classes)] for i in range(TILES)])


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
