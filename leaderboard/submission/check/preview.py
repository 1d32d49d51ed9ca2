"""Is the preview the picture that the result describes, and nothing else."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image

from ....benchmarks.result import PreviewRecord, preview_path
from ....core.files import read_bytes, sha256
from .finding import Problem
from .tree import Case

LARGEST = 4096  # pixels of a side: 8 columns of tiles of 64, twice, are 1,040
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def absent(case: Case) -> Iterator[Problem]:
    if case.result.preview is None:
        if case.result.status != "failed":
            yield Problem("preview", "null, and the run did not fail")
    elif not preview_path(case.path).is_file():
        yield Problem("preview", f"there is no {preview_path(case.path).name}")


def other_digest(case: Case) -> Iterator[Problem]:
    data = _data(case)
    if data is not None and case.result.preview and sha256(data) != case.result.preview.sha256:
        yield Problem("preview.sha256", f"{case.result.preview.sha256[:12]}, the file has {sha256(data)[:12]}")


def not_described(case: Case) -> Iterator[Problem]:
    data, record = _data(case), case.result.preview
    if data is None or record is None:
        return
    width, height = _size(record)
    if record.tiles > case.result.sampling.n:
        yield Problem("preview.tiles", f"{record.tiles} tiles of {case.result.sampling.n} samples")
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        yield Problem("preview", f"described as {width:,} x {height:,} pixels, {LARGEST:,} a side are allowed")
    elif not data.startswith(_SIGNATURE) or len(data) < 33:
        yield Problem("preview", "the file is no PNG")
    elif (found := struct.unpack(">II", data[16:24])) != (width, height):  # before anything is decoded
        yield Problem(
            "preview", f"the file has {found[0]:,} x {found[1]:,} pixels, described are {width:,} x {height:,}"
        )
    elif (damage := _damage(data)) is not None:
        yield Problem("preview", f"the file cannot be decoded: {damage}")


def more_than_a_picture(case: Case) -> Iterator[Problem]:
    data = _data(case)
    if data is None or not data.startswith(_SIGNATURE):
        return
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        (length,), name = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        if name not in _PICTURE:
            yield Problem("preview", f"the file holds a chunk {name.decode('latin-1')!r} besides the picture")
            return
        at += 12 + length
        if name == b"IEND":
            break
    if at < len(data):
        yield Problem("preview", f"{len(data) - at:,} bytes stand after the picture")


def _data(case: Case) -> bytes | None:
    path = preview_path(case.path)
    return read_bytes(path) if case.result.preview and path.is_file() and not path.is_symlink() else None


def _size(record: PreviewRecord) -> tuple[int, int]:
    """Width and height of the sheet: two grids side by side, a gap after every tile."""
    columns = max(record.columns, 1)
    rows = -(-record.tiles // columns)
    return 2 * columns * (record.tile[1] + record.gap), rows * (record.tile[0] + record.gap)


def _damage(data: bytes) -> str | None:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as e:
        return str(e).splitlines()[0]
    return None
