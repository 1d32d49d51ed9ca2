"""Image files in a folder or in a zip archive, in the order of their names. Subfolders or a list give the labels."""

from __future__ import annotations

import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
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
class File:
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
        # A path object for each of a million files takes seconds.
        _, point, ending = self.name.rpartition(".")
        return f".{ending}".lower() if point and "/" not in ending else ""


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
    files = [File(name, str(path / name), partial(_bytes, path / name)) for name in files_below(path, BadImages)]
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
    return _source(path, files_of_zip(path), conversions, table, columns, skip)


def files_of_zip(path: Path) -> list[File]:
    """The files in a zip archive, in its order; none is read.

    Raises:
        BadImages: no zip archive, a member that lies outside it, is there twice or unpacks to too much.
    """
    with refusing(BadImages, f"{path}: not a zip archive", "the file is truncated or damaged: write it again"):
        archive = zipfile.ZipFile(path)
    members = archive.infolist()

    def unpack(member: zipfile.ZipInfo, limit: int) -> bytes:
        told = f"{path}: {member.filename}"
        if member.file_size > limit:
            raise BadImages(f"{told}: {member.file_size:,} bytes unpacked", f"the limit is {limit:,}")
        with refusing(BadImages, f"{told}: cannot be unpacked", "write the archive again"):
            return archive.read(member)

    for member in members:
        link = stat.S_ISLNK(member.external_attr >> 16)
        if link and PurePosixPath(member.filename).suffix.lower() in ENDINGS | OTHER_ENDINGS:
            raise BadImages(f"{path}: {member.filename} is a link, not a file", "write the archive with plain files")
    # Some tools of Windows write backslashes.
    files = [
        File(member.filename.replace("\\", "/"), f"{path}: {member.filename}", partial(unpack, member))
        for member in members
        if not member.is_dir()
    ]
    refuse_traps(path, [member.filename for member in members], files)
    unpacked, packed = sum(m.file_size for m in members), max(1, path.stat().st_size)
    if unpacked > limits.ARCHIVE and unpacked > limits.ARCHIVE_RATIO * packed:
        raise BadImages(
            f"{path}: {packed:,} bytes that unpack to {unpacked:,}",
            f"the limit is {limits.ARCHIVE_RATIO}-fold: this looks like a decompression bomb",
        )
    return files


def refuse_traps(path: Path, names: Iterable[str], files: Sequence[File]) -> None:
    """Raises BadImages for an archive with a member that lies outside it, or with two files of one name."""
    for member in names:
        parts = member.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise BadImages(
                f"{path}: the member {member!r} lies outside the archive",
                "write the archive again, with relative names",
            )
    name, times = Counter(file.name for file in files).most_common(1)[0] if files else ("", 0)
    if times > 1:
        raise BadImages(f"{path}: {name} is there {times} times", "write the archive again, with every file once")


def _source(
    path: Path,
    files: Sequence[File],
    conversions: Sequence[str],
    table: Path | None,
    columns: Mapping[str, str],
    skip: bool,
) -> ImageSource:
    """The images among the files, with labels and captions from the one list there is; else labels by folders."""
    visible, images = images_among(path, files, skip)
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

    source = source_of_files(str(path), len(images), reading(images), said.labels, conversions, said.captions)
    left = {file.name for file in files} - set(names) - (set(LISTS) if table is None else set())
    return replace(source, skipped=tuple(sorted(left)))


def images_among(where: object, files: Sequence[File], skip: bool) -> tuple[list[File], list[File]]:
    """The files that no system hides, and the images among them, sorted by name.

    Raises:
        BadImages: image files of formats that are not read, unless they are to be skipped.
    """
    visible = [file for file in files if not hidden(file.name)]
    unread = [file for file in visible if file.ending in OTHER_ENDINGS]
    if unread and not skip:
        _refuse_formats(where, unread)
    return visible, sorted((file for file in visible if file.ending in ENDINGS), key=lambda file: file.name)


def reading(images: Sequence[File]) -> Callable[[int], tuple[str, bytes]]:
    """The i-th of the files: what messages call it, and its bytes."""
    return lambda i: (images[i].told, images[i].read(limits.ENCODED))


def _refuse_formats(where: object, files: Sequence[File]) -> None:
    counts = ", ".join(f"{n:,} {ending}" for ending, n in sorted(Counter(file.ending for file in files).items()))
    raise BadImages(
        f"{where}: image files of formats that are not read: {counts}, such as {min(file.name for file in files)}",
        "convert them to PNG, or leave them out with --skip (in an entry: skip = true)",
    )


def _bytes(file: Path, limit: int) -> bytes:
    size_of(file, BadImages, limit)
    try:
        return file.read_bytes()
    except OSError as e:
        raise BadImages(f"{file}: cannot be read: {e.strerror}", "check its permissions") from e
