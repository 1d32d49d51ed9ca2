"""The parts of a data set as they are stored: from a library, the Hub, torchvision, an archive or the user's own files.

A file name of the Hub may stand for all its shards: `x-*-of-00294.parquet` is `x-00000-of-00294.parquet` and the 293
after it. No other pattern is read, so that what belongs to a part never depends on what happens to be in a cache.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from pathlib import Path

from ...core.errors import BadEntry, BadImages
from ...core.files import home
from ...core.progress import bar
from ..catalog import file_of
from ..conversions import check_names, converted
from ..hub import HubFile
from ..images import Images, ImageSource, source_of
from ..resolve import function
from ..schema import Archive, Dataset, Embedded, Hub, Local
from ..sources import open_images
from ..sources.archive import open_archive
from ..sources.parquet import Column, open_files
from .archives import fetch_archive
from .vision import open_vision

_SHARDS = re.compile(r"^(?P<stem>[^*]*-)\*-of-(?P<total>\d{5})(?P<end>[^*]*)$")


def open_part(entry: Dataset, part: str) -> ImageSource:
    """The images of a part in the order they are stored, after the entry's conversions, with labels if it has classes.

    Raises:
        UnknownName: no such conversion.
        BadImages: the files are not to be had, or hold another number of images than the entry says.
    """
    check_names(entry.conversions)
    name = f"{entry.name}/{part}"
    found = _open(entry, part)
    if found.count != entry.parts[part]:
        raise BadImages(
            f"part {part!r} of {entry.name} holds {found.count:,} images, but its entry says {entry.parts[part]:,}",
            "files are missing or the source has changed; restore the pinned version",
        )

    def read(start: int, stop: int) -> Images:
        images = found.read(start, stop)
        return images if entry.classes else Images(images.pixels)

    return ImageSource(name, found.count, read)


def _open(entry: Dataset, part: str) -> ImageSource:
    source = entry.source
    if isinstance(source, Embedded):
        load = function(source.loader, under="registry.datasets")
        if inspect.signature(load).parameters:
            problem = f"{source.loader} is no function that gives the images of a data set"
            raise BadEntry(file_of(entry), "source.loader", problem, 'known: "digits:load"')
        found = load()
        if part not in found:
            raise BadImages(f"{source.loader} has no part {part!r}", f"known: {', '.join(found)}")
        return converted(source_of(f"{entry.name}/{part}", found[part]), entry.conversions)
    if isinstance(source, Hub):
        files = _hub_files(source, entry.revision, source.files[part])
        image, label = Column((source.image,), needed=True), source.label and Column((source.label,), needed=True)
        return open_files(f"{entry.name}/{part}", files, image, label or None, conversions=entry.conversions)
    if isinstance(source, Local):
        # Relative to the data folder, beside the entries: the entry does not know where a command is run.
        return open_images(home() / Path(source.paths[part]).expanduser(), entry.conversions, skip=source.skip)
    if isinstance(source, Archive):
        path = fetch_archive(source)
        return open_archive(path, source.folders[part], entry.classes, entry.conversions, skip=source.skip)
    return open_vision(source.name, source.arguments[part], entry.conversions, labelled=bool(entry.classes))


def shards(pattern: str) -> list[str]:
    """The names that a name of the entry stands for.

    >>> shards("data/test-*-of-00002.parquet")
    ['data/test-00000-of-00002.parquet', 'data/test-00001-of-00002.parquet']

    Raises:
        BadImages: another pattern.
    """
    if "*" not in pattern:
        return [pattern]
    found = _SHARDS.match(pattern)
    if found is None:
        hint = "name every file, or all shards of one: train-*-of-00294.parquet"
        raise BadImages(f"{pattern!r} names no files", hint)
    total = int(found["total"])
    return [f"{found['stem']}{i:05d}-of-{total:05d}{found['end']}" for i in range(total)]


def _hub_files(source: Hub, revision: str, patterns: Sequence[str]) -> list[Path]:
    names = [name for pattern in patterns for name in shards(pattern)]
    found = []
    with bar(f"files of {source.repo}", len(names), "file") as progress:
        for name in names:
            found.append(HubFile(source.repo, revision, name, "dataset", BadImages).fetch())
            progress.update(1)
    return found
