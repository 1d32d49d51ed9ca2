"""Kind `hub`: Parquet files of a repository on the Hugging Face Hub.

A file name of the Hub may stand for all its shards: `x-*-of-00294.parquet` is `x-00000-of-00294.parquet` and the 293
after it. No other pattern is read, so that what belongs to a part never depends on what happens to be in a cache.
"""

from __future__ import annotations

import re

from ...core.errors import BadImages
from ...core.progress import bar
from ..hub import HubFile
from ..images import ImageSource
from ..schema import Dataset, Hub
from ..sources.parquet import Column, open_files

_SHARDS = re.compile(r"^(?P<stem>[^*]*-)\*-of-(?P<total>\d{5})(?P<end>[^*]*)$")


def open_part(entry: Dataset, source: Hub, part: str) -> ImageSource:
    """The images in the files of a part, from the cache of the Hub or downloaded.

    Raises:
        BadImages: files that are not available, or without the columns that the entry names.
    """
    names = [name for pattern in source.files[part] for name in shards(pattern)]
    files = []
    with bar(f"files of {source.repo}", len(names), "file") as progress:
        for name in names:
            files.append(HubFile(source.repo, entry.revision, name, "dataset", BadImages).fetch())
            progress.update(1)
    image, label, caption = (
        Column((column,), needed=True) if column else None for column in (source.image, source.label, source.caption)
    )
    assert image is not None
    return open_files(f"{entry.name}/{part}", files, image, label, caption, entry.conversions)


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
