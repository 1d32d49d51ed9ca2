"""Image files in a folder or in a zip archive, in the order of their names. Subfolders or a list give the labels."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ...core.errors import BadImages
from ..images import ImageSource
from .damage import refusing
from .decode import ENDINGS, source_of_files
from .labels import LIST, labels_of_folders, labels_of_list
from .tables import TABLES, Said, read_table

FILE_LIMIT = 256 * 2**20  # bytes of one image file, unpacked
LIST_LIMIT = 1 * 2**30
# A whole archive of image files does not shrink a hundredfold; small ones may, where all pixels are one colour.
ARCHIVE_LIMIT = 1 * 2**30
ARCHIVE_RATIO = 100


def open_folder(
    path: Path,
    conversions: Sequence[str] = (),
    table: Path | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
) -> ImageSource:
    """Every image file in a folder and in the folders below it.

    Args:
        table: a CSV of labels and captions; else one beside the images, where there is any.
        columns: what its columns are called, see `tables.COLUMNS`.

    Raises:
        BadImages: images both in subfolders and beside them, or a list that does not fit them.
    """
    files = sorted(
        (p for p in path.rglob("*") if p.suffix.lower() in ENDINGS and not _hidden(p.relative_to(path).parts)),
        key=lambda p: p.relative_to(path).as_posix(),
    )

    def load(i: int) -> tuple[str, bytes]:
        return str(files[i]), _bytes(files[i])

    names = [p.relative_to(path).as_posix() for p in files]
    beside = {name: path / name for name in (LIST, *TABLES) if (path / name).is_file()}
    said = _said(path, names, {name: _reader(file) for name, file in beside.items()}, table, columns)
    return source_of_files(str(path), len(files), load, said.labels, conversions, said.captions)


def open_zip(
    path: Path,
    conversions: Sequence[str] = (),
    table: Path | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
) -> ImageSource:
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
    members = sorted(
        (m for m in archive.infolist() if Path(m.filename).suffix.lower() in ENDINGS and not _in_hidden(m.filename)),
        key=lambda m: m.filename,
    )

    def unpack(member: zipfile.ZipInfo, limit: int) -> bytes:
        if member.file_size > limit:
            raise BadImages(
                f"{path}: {member.filename}: {member.file_size:,} bytes unpacked", f"the limit is {limit:,}"
            )
        with refusing(BadImages, f"{path}: {member.filename}: cannot be unpacked", "write the archive again"):
            return archive.read(member)

    def load(i: int) -> tuple[str, bytes]:
        return f"{path}: {members[i].filename}", unpack(members[i], FILE_LIMIT)

    names = [m.filename for m in members]
    beside = {name: archive.getinfo(name) for name in (LIST, *TABLES) if name in archive.namelist()}
    readers = {name: partial(unpack, member, LIST_LIMIT) for name, member in beside.items()}
    said = _said(path, names, readers, table, columns)
    return source_of_files(str(path), len(members), load, said.labels, conversions, said.captions)


def _said(
    path: Path,
    names: Sequence[str],
    beside: Mapping[str, Callable[[], bytes]],
    table: Path | None,
    columns: Mapping[str, str],
) -> Said:
    """Labels and captions of files from the one list there is; labels that it does not give are those of folders."""
    lists = {str(table): _reader(table)} if table else {f"{path}: {name}": read for name, read in beside.items()}
    if len(lists) > 1:
        raise BadImages(f"{path}: labels twice, in {' and '.join(beside)}", "remove one of them")
    said = Said()
    for where, read in lists.items():
        if where.endswith(LIST):
            return Said(labels_of_list(where, read(), names))
        said = read_table(where, read(), names, columns)
    return said if said.labels is not None else Said(labels_of_folders(str(path), names), said.captions)


def _reader(file: Path) -> Callable[[], bytes]:
    return lambda: _bytes(file)


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


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as e:
        raise BadImages(f"{file}: cannot be read: {e.strerror}", "check its permissions") from e


def _hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in parts)


def _in_hidden(member: str) -> bool:
    return _hidden(member.replace("\\", "/").split("/"))
