"""Image files in a folder or in a zip archive, in the order of their names."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import BadImages
from ..images import ImageSource
from .damage import refusing
from .decode import ENDINGS, source_of_files

FILE_LIMIT = 256 * 2**20  # bytes of one image file, unpacked


def open_folder(path: Path) -> ImageSource:
    """Every image file in a folder and in the folders below it."""
    files = sorted(
        (p for p in path.rglob("*") if p.suffix.lower() in ENDINGS and not _hidden(p.relative_to(path).parts)),
        key=lambda p: p.relative_to(path).as_posix(),
    )

    def load(i: int) -> bytes:
        try:
            return files[i].read_bytes()
        except OSError as e:
            raise BadImages(f"{files[i]}: cannot be read: {e.strerror}", "check its permissions") from e

    return _source(str(path), [str(p) for p in files], load)


def open_zip(path: Path) -> ImageSource:
    """Every image file in a zip archive. Members are read in memory and never unpacked to disk.

    Raises:
        BadImages: no zip archive.
    """
    with refusing(BadImages, f"{path}: not a zip archive", "the file is truncated or damaged: write it again"):
        archive = zipfile.ZipFile(path)
    members = sorted(
        (m for m in archive.infolist() if Path(m.filename).suffix.lower() in ENDINGS and not _in_hidden(m.filename)),
        key=lambda m: m.filename,
    )

    def load(i: int) -> bytes:
        name = f"{path}: {members[i].filename}"
        if members[i].file_size > FILE_LIMIT:
            raise BadImages(f"{name}: {members[i].file_size:,} bytes unpacked", f"{FILE_LIMIT:,} are the limit")
        with refusing(BadImages, f"{name}: cannot be unpacked", "write the archive again"):
            return archive.read(members[i])

    return _source(str(path), [f"{path}: {m.filename}" for m in members], load)


def _source(name: str, files: Sequence[str], load: Callable[[int], bytes]) -> ImageSource:
    return source_of_files(name, len(files), lambda i: (files[i], load(i)))


def _hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in parts)


def _in_hidden(member: str) -> bool:
    return _hidden(member.replace("\\", "/").split("/"))
