"""The files in a tar archive, plain or compressed. Nothing is unpacked to disk, and links and devices are no files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, cast

from ...core.errors import BadImages
from .. import limits
from .containers import File, refuse_traps
from .damage import refusing, size_of
from .decode import ENDINGS, OTHER_ENDINGS

_DAMAGED = "the file is truncated or damaged: write it again"
_UNPACKERS: dict[str, Callable[[Path], IO[bytes]]] = {
    "gz": lambda path: cast(IO[bytes], gzip.open(path)),
    "tgz": lambda path: cast(IO[bytes], gzip.open(path)),
    "bz2": lambda path: cast(IO[bytes], bz2.open(path)),
    "xz": lambda path: cast(IO[bytes], lzma.open(path)),
}


def files_of_tar(path: Path) -> list[File]:
    """The files in a tar archive, in its order.

    One that is compressed is unpacked into memory: its members cannot be reached one by one. Of a plain one they are
    read where they lie.

    Raises:
        BadImages: no tar archive, more than is unpacked, a member that lies outside it or is there twice, or an image
            that is a link or a device.
    """
    size = size_of(path, BadImages)
    unpacker = _UNPACKERS.get(path.suffix.lower().removeprefix("."))
    whole = None if unpacker is None else _unpacked(path, unpacker)
    with refusing(BadImages, f"{path}: not a tar archive", _DAMAGED):
        with path.open("rb") if whole is None else io.BytesIO(whole) as f:
            # Ends where a header is damaged, unless it is told to raise.
            with tarfile.open(fileobj=f, mode="r:", errorlevel=2) as archive:
                members = archive.getmembers()
    files = []
    for member in members:
        name = member.name.replace("\\", "/").removeprefix("./")
        told = f"{path}: {member.name}"
        ending = Path(name).suffix.lower()
        if member.isdir() or not name:
            continue
        if not member.isreg() or member.issparse():
            if ending in ENDINGS | OTHER_ENDINGS:
                raise BadImages(f"{told} is {_kind(member)}, not a file", "write the archive again, with plain files")
            continue
        if member.size < 0 or member.offset_data + member.size > (size if whole is None else len(whole)):
            raise BadImages(f"{told}: {member.size:,} bytes, more than the archive has", _DAMAGED)
        files.append(File(name, told, partial(_bytes, path, whole, told, member.offset_data, member.size)))
    refuse_traps(path, [member.name for member in members], files)
    return files


def _unpacked(path: Path, unpacker: Callable[[Path], IO[bytes]]) -> bytes:
    with refusing(BadImages, f"{path}: cannot be unpacked", _DAMAGED), unpacker(path) as f:
        whole = f.read(limits.ARCHIVE + 1)
    if len(whole) > limits.ARCHIVE:
        raise BadImages(
            f"{path}: a compressed tar that unpacks to more than {limits.ARCHIVE:,} bytes",
            "that is the limit, for it is in memory: unpack it to a plain .tar, or pack a .zip",
        )
    return whole


def _bytes(path: Path, whole: bytes | None, told: str, start: int, size: int, limit: int) -> bytes:
    if size > limit:
        raise BadImages(f"{told}: {size:,} bytes", f"the limit is {limit:,}")
    if whole is not None:
        return whole[start : start + size]
    with refusing(BadImages, f"{told}: cannot be read", _DAMAGED), path.open("rb") as f:
        f.seek(start)
        data = f.read(size)
    if len(data) != size:
        raise BadImages(f"{told}: {size - len(data):,} bytes are missing", _DAMAGED)
    return data


def _kind(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return f"a link to {member.linkname!r}"
    if member.ischr() or member.isblk():
        return "a device"
    return "a named pipe" if member.isfifo() else "a sparse file"
