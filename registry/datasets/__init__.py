"""Data sets that can be loaded: a name and a split to images, checked against the recorded digest.

To add one: an entry in `entries/datasets/`, and a loader here if none fits.
"""

from __future__ import annotations

from functools import cache

from ...errors import BadImages
from ..catalog import find
from ..images import Images, ImageSource, content_digest, example_digests, source_of
from ..resolve import function
from ..schema import Dataset
from .splits import stratified_split

__all__ = ["load_images", "load_split", "split_size"]


@cache
def load_images(name: str) -> Images:
    """All images of a data set, with labels.

    Raises:
        UnknownName: no such data set.
        BadImages: the content is not what the entry's digest says.
    """
    entry = find(Dataset, name)
    images: Images = function(entry.loader, under="registry.datasets")()
    found = content_digest(images)
    if found != entry.content_digest:
        raise BadImages(
            f"data set {name!r} has content digest {found}, its entry says {entry.content_digest}",
            "the source has changed: restore the pinned version, or enter the new one under a new revision",
        )
    return images


def split_size(entry: Dataset, split: str) -> int:
    """How many images a split holds.

    Raises:
        BadImages: the data set has no such split.
    """
    if split not in entry.splits:
        raise BadImages(f"data set {entry.name!r} has no split {split!r}", f"known: {', '.join(entry.splits)}")
    return entry.splits[split]


@cache
def load_split(name: str, split: str) -> ImageSource:
    """The images of one split, in the order of their content digests.

    Raises:
        UnknownName: no such data set.
        BadImages: no such split, or content that is not what the entry's digest says.
    """
    entry = find(Dataset, name)
    split_size(entry, split)
    images = load_images(name)
    chosen = stratified_split(example_digests(images), images.labels, entry.splits)
    return source_of(f"{name}/{split}", images.take(chosen[split]))
