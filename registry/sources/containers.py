"""Image files in a folder or in a zip archive, in the order of their names. Subfolders or a list give the labels."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from ...core.errors import BadImages
from .. import limits
from ..images import ImageSource
from .damage import files_below, hidden, refusing, size_of
from .decode import ENDINGS, OTHER_ENDINGS, source_of_files
from .labels import LIST, TABLES, Said, labels_of_folders, labels_of_list, said_by_table

LISTS = (LIST, *TABLES)


@dataclass(frozen=True)
class _File:
    """A file of a folder or of an archive.

    Attributes:
        name: where it lies there, with forward slashes.
        told: what messages call it.
        read: its bytes, if they are no more than so many.
    """

    name: str
    told: str
    read: Callable[[int], bytes]

    @property
    def ending(self) -> str:
        return PurePosixPath(self.name).suffix.lower()


def open_folder(
    path: Path, conversions: Sequence[str], table: Path | None, columns: Mapping[str, str], skip: bool = False
) -> ImageSource:
    """Every image file in a folder and in the folders below it. Links are followed.

    Args:
        table: a CSV of labels and captions; else one beside the images, where there is any.
        columns: what its columns are called, see `labels.COLUMNS`.
        skip: leave out image files of formats that are not read, which are an error otherwise.

    Raises:
        BadImages: an image that is no file, a folder that is reached twice, images both in subfolders and beside them,
            or a list that does not fit them.
    """
    files = [_File(name, str(path / name), partial(_bytes, path / name)) for name in files_below(path, BadImages)]
    return _source(path, files, conversions, table, columns, skip)


def open_zip(
    path: Path, conversions: Sequence[str], table: Path | None, columns: Mapping[str, str], skip: bool = False
) -> ImageSource:
    """Every image file in a zip archive. Members are read in memory and never unpacked to disk.

    Args:
        table, columns, skip: as of `open_folder`.

    Raises:
        BadImages: no zip archive, a member that lies outside it, is there twice or unpacks to too much, or what
            `open_folder` refuses.
    """
    with refusing(BadImages, f"{path}: not a zip archive", "the file is truncated or damaged: write it again"):
        archive = zipfile.ZipFile(path)
    _refuse_traps(path, archive.infolist())

    def unpack(member: zipfile.ZipInfo, limit: int) -> bytes:
        told = f"{path}: {member.filename}"
        if member.file_size > limit:
            raise BadImages(f"{told}: {member.file_size:,} bytes unpacked", f"the limit is {limit:,}")
        with refusing(BadImages, f"{told}: cannot be unpacked", "write the archive again"):
            return archive.read(member)

    # Some tools of Windows write backslashes.
    files = [
        _File(member.filename.replace("\\", "/"), f"{path}: {member.filename}", partial(unpack, member))
        for member in archive.infolist()
        if not member.is_dir()
    ]
    name, times = Counter(file.name for file in files).most_common(1)[0] if files else ("", 0)
    if times > 1:
        raise BadImages(f"{path}: {name} is there {times} times", "write the archive again, with every file once")
    return _source(path, files, conversions, table, columns, skip)


def _source(
    path: Path,
    files: Sequence[_File],
    conversions: Sequence[str],
    table: Path | None,
    columns: Mapping[str, str],
    skip: bool,
) -> ImageSource:
    """The images among the files, with labels and captions from the one list there is; else labels by folders."""
    visible = [file for file in files if not hidden(file.name)]
    unread = [file for file in visible if file.ending in OTHER_ENDINGS]
    if unread and not skip:
        _refuse_formats(path, unread)
    images = sorted((f for f in visible if f.ending in ENDINGS), key=lambda f: f.name)
    names = [image.name for image in images]
    lists = {f"{path}: {file.name}": file.read for file in visible if file.name in LISTS}
    if len(lists) > 1 and table is None:
        twice = " and ".join(where.rpartition(": ")[2] for where in lists)
        raise BadImages(f"{path}: labels twice, in {twice}", "remove one of them")
    where, read = (str(table), partial(_bytes, table)) if table else next(iter(lists.items()), ("", None))
    if read is None:
        said = Said(labels_of_folders(str(path), names))
    elif where.endswith(LIST):
        said = Said(labels_of_list(where, read(limits.LIST), names))
    else:
        said = said_by_table(where, read(limits.LIST), names, columns)
        if said.labels is None:
            said = Said(labels_of_folders(str(path), names), said.captions)

    def load(i: int) -> tuple[str, bytes]:
        return images[i].told, images[i].read(limits.ENCODED)

    source = source_of_files(str(path), len(images), load, said.labels, conversions, said.captions)
    left = {file.name for file in files} - set(names) - (set(LISTS) if table is None else set())
    return replace(source, skipped=tuple(sorted(left)))


def _refuse_formats(path: Path, files: Sequence[_File]) -> None:
    counts = ", ".join(f"{n:,} {ending}" for ending, n in sorted(Counter(file.ending for file in files).items()))
    raise BadImages(
        f"{path}: image files of formats that are not read: {counts}, such as {min(file.name for file in files)}",
        "convert them to PNG, or leave them out with --skip (in an entry: skip = true)",
    )


def _refuse_traps(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise BadImages(
                f"{path}: the member {member.filename!r} lies outside the archive",
                "write the archive again, with relative names",
            )
    unpacked, packed = sum(m.file_size for m in members), max(1, path.stat().st_size)
    if unpacked > limits.ARCHIVE and unpacked > limits.ARCHIVE_RATIO * packed:
        raise BadImages(
            f"{path}: {packed:,} bytes that unpack to {unpacked:,}",
            f"the limit is {limits.ARCHIVE_RATIO}-fold: this looks like a decompression bomb",
        )


def _bytes(file: Path, limit: int) -> bytes:
    size_of(file, BadImages, limit)
    try:
        return file.read_bytes()
    except OSError as e:
        raise BadImages(f"{file}: cannot be read: {e.strerror}", "check its permissions") from e
