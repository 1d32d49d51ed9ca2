"""Data sets that can be loaded: a name and a split to images, each checked against the data set's digests.

To add one: an entry in `entries/datasets/`, and a loader here if none fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from ...core.errors import BadImages
from ...core.files import home
from ..catalog import find
from ..images import Images, ImageSource, Labels, Positions, example_digests, joined
from ..schema import Dataset
from .embedded import loaded
from .index import (
    Index,
    as_rows,
    digest_of_parts,
    forget_index,
    index_of,
    known_digest,
    record_digest,
    refuse_other,
)
from .parts import open_part
from .splits import stratified_split

__all__ = [
    "content_digest_of",
    "known_digest",
    "load_part",
    "load_split",
    "record",
    "split_labels",
    "split_size",
    "verify",
]


@dataclass(frozen=True)
class _Opened:
    """A part of a data set with the index that its images are compared with."""

    source: ImageSource
    index: Index


def split_size(entry: Dataset, split: str) -> int:
    """How many images a split holds.

    Raises:
        BadImages: the data set has no such split.
    """
    if split not in entry.splits:
        raise BadImages(f"data set {entry.name!r} has no split {split!r}", f"known: {', '.join(entry.splits)}")
    return entry.splits[split].count


def load_split(name: str, split: str) -> ImageSource:
    """The images of one split, in the order of their content digests; `sweep` goes in the order they are stored.

    Memory holds 40 bytes an image, and what the source itself keeps. Each image that is read is compared with the
    digest that the split was cut by.

    Raises:
        UnknownName: no such data set.
        BadImages: no such split, files that are not available, or content that is not what the entry says.
    """
    return _split(name, split, home())


def split_labels(name: str, split: str) -> Labels | None:
    """The labels of a split's images, in their order, from the index; none where the data set has none.

    Raises:
        UnknownName, BadImages: as `load_split`.
    """
    entry, rows = find(Dataset, name), _rows(name, split, home())
    labels = _parts(name, home())[entry.splits[split].part].index.labels
    return None if labels is None else labels[rows]


def load_part(name: str, part: str) -> ImageSource:
    """The images of a part as published, in the order they are stored, checked as those of a split are.

    Raises:
        UnknownName, BadImages: as `load_split`.
    """
    entry = find(Dataset, name)
    if part not in entry.parts:
        raise BadImages(f"data set {name!r} has no part {part!r}", f"known: {', '.join(entry.parts)}")
    opened = _parts(name, home())[part]
    return _chosen(f"{name}/{part}", opened, np.arange(opened.source.count))


def content_digest_of(name: str) -> str:
    """The content digest of a data set: the known one, or that of the images, which are read for it.

    Raises:
        UnknownName, BadImages: as `load_split`.
    """
    known = known_digest(find(Dataset, name))
    if known is not None:
        return known
    return digest_of_parts({part: opened.index for part, opened in _parts(name, home()).items()})


def record(name: str) -> tuple[str, Path | None]:
    """The content digest of a data set, from reading all of it again, and where it was recorded.

    A digest that the entry has is checked, and nothing is recorded; one that was recorded here before is replaced.

    Raises:
        UnknownName: no such data set.
        BadImages: files that are not available, or content that is not what the entry says.
    """
    entry = find(Dataset, name)
    digest = _read_again(entry)
    if entry.content_digest is None:
        return digest, record_digest(entry, digest)
    refuse_other(entry, digest)
    return digest, None


def verify(name: str) -> str:
    """The content digest of a data set, from reading all of it again, if it is the known one.

    Raises:
        UnknownName: no such data set.
        BadImages: no known digest, files that are not available, or other content.
    """
    entry = find(Dataset, name)
    if known_digest(entry) is None:
        raise BadImages(f"data set {name!r} has no recorded content digest", f"genboard dataset record {name}")
    digest = _read_again(entry)
    refuse_other(entry, digest)
    return digest


def _read_again(entry: Dataset) -> str:
    _parts.cache_clear()
    _split.cache_clear()
    loaded.cache_clear()
    return digest_of_parts({part: index_of(entry, part, open_part(entry, part), fresh=True) for part in entry.parts})


@cache
def _split(name: str, split: str, folder: Path) -> ImageSource:
    entry, rows = find(Dataset, name), _rows(name, split, folder)
    source = _chosen(f"{name}/{split}", _parts(name, folder)[entry.splits[split].part], rows)
    return replace(source, again=partial(_same_split, name, split, known_digest(entry)))


def _same_split(name: str, split: str, digest: str | None) -> ImageSource:
    """A split in another process.

    Raises:
        BadImages: the data set has another digest there.
    """
    source, here = load_split(name, split), known_digest(find(Dataset, name))
    if here != digest:
        raise BadImages(f"data set {name!r} has digest {str(here)[:12]}, not {str(digest)[:12]}", "use one data set")
    return source


def _rows(name: str, split: str, folder: Path) -> Positions:
    """The rows of a part that a split holds, in its order."""
    entry = find(Dataset, name)
    split_size(entry, split)
    part = entry.splits[split].part
    index = _parts(name, folder)[part].index
    sizes = {other: s.count for other, s in entry.splits.items() if s.part == part}
    return stratified_split(index.digests, index.labels, sizes)[split]


@cache
def _parts(name: str, _: Path) -> dict[str, _Opened]:
    """Every part of a data set, of the content that its entry says.

    Of a mismatch the kept index may be to blame, made of files that were put right since: it is made again once.
    """
    entry = find(Dataset, name)
    sources = {part: open_part(entry, part) for part in entry.parts}
    indices = {part: index_of(entry, part, source) for part, source in sources.items()}
    if known_digest(entry) not in (None, digest_of_parts(indices)):
        indices = {part: index_of(entry, part, source, fresh=True) for part, source in sources.items()}
        try:
            refuse_other(entry, digest_of_parts(indices))
        except BadImages:
            for part in entry.parts:
                forget_index(entry, part)
            raise
    return {part: _Opened(sources[part], indices[part]) for part in entry.parts}


def _chosen(name: str, opened: _Opened, rows: Positions) -> ImageSource:
    """The images of a part that stand in those rows, in that order."""
    stored = np.argsort(rows, kind="stable")

    def walk(start: int, stop: int) -> tuple[Positions, Images]:
        positions = stored[start:stop]
        return positions, _take(opened, rows[positions])

    def read(start: int, stop: int) -> Images:
        wanted = rows[start:stop]
        order = np.argsort(wanted, kind="stable")
        return _take(opened, wanted[order]).take(np.argsort(order, kind="stable"))

    return ImageSource(name, len(rows), read, walk)


def _take(opened: _Opened, rows: Positions) -> Images:
    """The images in those rows, which ascend, if they are those of the index."""
    ends = np.flatnonzero(np.diff(rows) != 1) + 1
    pieces = [opened.source.read(int(span[0]), int(span[-1]) + 1) for span in np.split(rows, ends)]
    images = joined(pieces)
    unlike = np.flatnonzero((as_rows(example_digests(images)) != opened.index.digests[rows]).any(axis=1))
    if len(unlike):
        raise BadImages(
            f"{opened.source.name}: image {rows[unlike[0]]} has changed since the data set was indexed",
            "the files have changed: restore them, or see `genboard dataset record`",
        )
    return images
