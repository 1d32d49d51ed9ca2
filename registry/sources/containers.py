"""Image files in a folder or in a zip archive, in the order of their names. Subfolders or a list give the labels."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from ...core.errors import BadImages
from ..images import ImageSource
from .damage import refusing
from .decode import ENDINGS, source_of_files
from .labels import LIST, TABLES, Said, labels_of_folders, labels_of_list, said_by_table

FILE_LIMIT = 256 * 2**20  # bytes of one image file, unpacked
LIST_LIMIT = 1 * 2**30
# A whole archive of image files does not shrink a hundredfold; small ones may, where all pixels are one colour.
ARCHIVE_LIMIT = 1 * 2**30
ARCHIVE_RATIO = 100


@dataclass(frozen=True)
class _File:
    """A file of a folder or of an archive.

    Attributes:
        name: where it lies there, with forward slashes.
        told: what messages call it.
        read: its bytes, of which there may be so many.
    """

    name: str
    told: str
    read: Callable[[int], bytes]


def open_folder(path: Path, conversions: Sequence[str], table: Path | None, columns: Mapping[str, str]) -> ImageSource:
    """Every image file in a folder and in the folders below it.

    Args:
        table: a CSV of labels and captions; else one beside the images, where there is any.
        columns: what its columns are called, see `labels.COLUMNS`.

    Raises:
        BadImages: images both in subfolders and beside them, or a list that does not fit them.
    """
    found = ((p.relative_to(path).as_posix(), p) for p in path.rglob("*"))
    files = [_File(name, str(p), partial(_bytes, p)) for name, p in found if _may_be_read(name)]
    return _source(path, files, conversions, table, columns)


def open_zip(path: Path, conversions: Sequence[str], table: Path | None, columns: Mapping[str, str]) -> ImageSource:
    """Every image file in a zip archive. Members are read in memory and never unpacked to disk.

    Args:
        table, columns: as of `open_folder`.

    Raises:
        BadImages: no zip archive, a member that lies outside it or unpacks to too much, or images both in subfolders
            and beside them.
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

    files = [
        _File(member.filename, f"{path}: {member.filename}", partial(unpack, member))
        for member in archive.infolist()
        if _may_be_read(member.filename)
    ]
    return _source(path, files, conversions, table, columns)


def _source(
    path: Path,
    files: Sequence[_File],
    conversions: Sequence[str],
    table: Path | None,
    columns: Mapping[str, str],
) -> ImageSource:
    """The images among the files, with labels and captions from the one list there is; else labels by folders."""
    images = sorted((f for f in files if PurePosixPath(f.name).suffix.lower() in ENDINGS), key=lambda f: f.name)
    names = [image.name for image in images]
    lists = {f"{path}: {file.name}": file.read for file in files if file.name in (LIST, *TABLES)}
    if len(lists) > 1 and table is None:
        twice = " and ".join(where.rpartition(": ")[2] for where in lists)
        raise BadImages(f"{path}: labels twice, in {twice}", "remove one of them")
    where, read = (str(table), partial(_bytes, table)) if table else next(iter(lists.items()), ("", None))
    if read is None:
        said = Said(labels_of_folders(str(path), names))
    elif where.endswith(LIST):
        said = Said(labels_of_list(where, read(LIST_LIMIT), names))
    else:
        said = said_by_table(where, read(LIST_LIMIT), names, columns)
        if said.labels is None:
            said = Said(labels_of_folders(str(path), names), said.captions)

    def load(i: int) -> tuple[str, bytes]:
        return images[i].told, images[i].read(FILE_LIMIT)

    return source_of_files(str(path), len(images), load, said.labels, conversions, said.captions)


def _may_be_read(name: str) -> bool:
    """Whether a file is an image, or a list of them, and not one of those that systems hide."""
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.replace("\\", "/").split("/"))
    return not hidden and (PurePosixPath(name).suffix.lower() in ENDINGS or name in (LIST, *TABLES))


def _refuse_traps(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise BadImages(
                f"{path}: the member {member.filename!r} lies outside the archive",
                "write the archive again, with relative names",
            )
    unpacked, packed = sum(m.file_size for m in members), max(1, path.stat().st_size)
    if unpacked > ARCHIVE_LIMIT and unpacked > ARCHIVE_RATIO * packed:
        raise BadImages(
            f"{path}: {packed:,} bytes that unpack to {unpacked:,}",
            f"the limit is {ARCHIVE_RATIO}-fold: this looks like a decompression bomb",
        )


def _bytes(file: Path, limit: int) -> bytes:
    try:
        if file.stat().st_size > limit:
            raise BadImages(f"{file}: {file.stat().st_size:,} bytes", f"the limit is {limit:,}")
        return file.read_bytes()
    except OSError as e:
        raise BadImages(f"{file}: cannot be read: {e.strerror}", "check its permissions") from e
