"""Checks that the preview is the picture that the result describes, and nothing else."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ....benchmarks.preview import COLUMNS, GAP, TILES, tile_size
from ....benchmarks.result import PreviewRecord, preview_path
from ....core.errors import GenboardError
from ....core.files import read_bytes, sha256
from ....registry.catalog import find
from ....registry.datasets import load_split
from ....registry.schema import Dataset
from ...verification.samples import LARGEST_SHEET as LARGEST
from ...verification.samples import sheet_of
from .finding import Problem
from .tree import Case

LARGEST_FILE = 8 * 2**20  # bytes
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PICTURE = {b"IHDR", b"IDAT", b"IEND"}
_RGBA = (8, 6, 0, 0, 0)  # of the header: bits, colour type, compression, filter, interlace


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
    record, path = case.result.preview, preview_path(case.path)
    if record is None:
        return
    height, width, _ = case.result.sampling.shape
    expected = {"tiles": min(TILES, case.result.sampling.n), "columns": COLUMNS, "gap": GAP}
    told = {**expected, "tile": tile_size(height, width)} if min(height, width) > 0 else expected
    yield from (
        Problem(f"preview.{field}", f"{getattr(record, field)}, of these samples it is {wanted}")
        for field, wanted in told.items()
        if getattr(record, field) != wanted
    )
    size = path.stat().st_size if path.is_file() else 0
    if size > LARGEST_FILE:
        yield Problem("preview", f"{size:,} bytes, {LARGEST_FILE:,} are allowed")
    data = _data(case)
    if data is not None:
        problem = _not_this_sheet(record, data)
        if problem:
            yield Problem("preview", problem)


def more_than_a_picture(case: Case) -> Iterator[Problem]:
    data = _data(case)
    if data is not None and data.startswith(_SIGNATURE):
        problem = _hidden_in(data)
        if problem:
            yield Problem("preview", problem)


def other_layout(case: Case) -> Iterator[Problem]:
    """What is not inked where a tile is, is inked where none is, or has colours where images have none."""
    sheet, record = _sheet(case), case.result.preview
    if sheet is None or record is None:
        return
    inked = _mask(record, sheet.shape[:2])
    if (sheet[inked][:, 3] != 255).any():
        yield Problem("preview", f"not all of the {record.tiles} tiles are there")
    if sheet[~inked].any():
        yield Problem("preview", "something is drawn between the tiles, or after the last")
    if case.result.sampling.shape[2] == 1 and (np.ptp(sheet[..., :3], axis=2) > 0).any():
        yield Problem("preview", "in colour, the samples have one channel")


def blank(case: Case) -> Iterator[Problem]:
    tiles = _tiles(case, right=False)
    if tiles is not None and len(tiles) > 1 and (tiles == tiles[0, 0, 0]).all():
        yield Problem("preview", "every pixel of every sample is the same")


def other_neighbours(case: Case) -> Iterator[Problem]:
    """On the right are training images; where these come inside a library, they are looked up."""
    tiles, track = _tiles(case, right=True), case.current
    if tiles is None or track is None or find(Dataset, track.dataset).source.kind != "embedded":
        return
    known = _training(track.dataset, track.train)
    strange = 0 if known is None else sum(tile.tobytes() not in known for tile in tiles)
    if strange:
        yield Problem("preview", f"on the right, {strange} of {len(tiles)} tiles are no training images")


@cache
def _training(dataset: str, split: str) -> frozenset[bytes] | None:
    try:
        images = load_split(dataset, split)
    except GenboardError:
        return None
    pixels = images.read(0, images.count).pixels
    return frozenset(np.broadcast_to(p, (*p.shape[:2], 3)).astype(np.uint8).tobytes() for p in pixels)


def _data(case: Case) -> bytes | None:
    path = preview_path(case.path)
    there = case.result.preview and path.is_file() and not path.is_symlink()
    return read_bytes(path) if there and path.stat().st_size <= LARGEST_FILE else None


def _sheet(case: Case) -> NDArray[np.int16] | None:
    """The pixels (h, w, 4) of a new preview that is as it is described."""
    data, record = None if case.settled else _data(case), case.result.preview
    if data is None or record is None or _not_this_sheet(record, data) or record.tiles > TILES or record.gap != GAP:
        return None
    return sheet_of(preview_path(case.path))


def _tiles(case: Case, right: bool) -> NDArray[np.uint8] | None:
    """The samples in a preview, or the training images on its right, (n, h, w, 3)."""
    sheet, record = _sheet(case), case.result.preview
    if sheet is None or record is None:
        return None
    half = sheet.shape[1] // 2
    grid = sheet[:, half:, :3] if right else sheet[:, :half, :3]
    high, wide = record.tile[0] + record.gap, record.tile[1] + record.gap
    rows, columns = grid.shape[0] // high, grid.shape[1] // wide
    cut = grid.reshape(rows, high, columns, wide, 3).swapaxes(1, 2).reshape(-1, high, wide, 3)
    return cut[: record.tiles, : record.tile[0], : record.tile[1]].astype(np.uint8)


def _mask(record: PreviewRecord, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    high, wide = record.tile[0] + record.gap, record.tile[1] + record.gap
    for grid in range(2):
        for i in range(record.tiles):
            y, x = i // record.columns * high, (grid * record.columns + i % record.columns) * wide
            mask[y : y + record.tile[0], x : x + record.tile[1]] = True
    return mask


def _size(record: PreviewRecord) -> tuple[int, int]:
    """Width and height of the sheet: two grids side by side, a gap after every tile."""
    columns = max(record.columns, 1)
    rows = -(-record.tiles // columns)
    return 2 * columns * (record.tile[1] + record.gap), rows * (record.tile[0] + record.gap)


def _not_this_sheet(record: PreviewRecord, data: bytes) -> str | None:
    """Why the bytes are not the picture that a record describes; before anything large is decoded."""
    width, height = _size(record)
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        return f"described as {width:,} x {height:,} pixels, {LARGEST:,} a side are allowed"
    if not data.startswith(_SIGNATURE) or len(data) < 33:
        return "the file is no PNG"
    *found, bits, colour, compression, filtered, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    if tuple(found) != (width, height):
        return f"the file has {found[0]:,} x {found[1]:,} pixels, described are {width:,} x {height:,}"
    if (bits, colour, compression, filtered, interlaced) != _RGBA:
        return "the file is not in RGBA with eight bits a channel"
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as e:
        return f"the file cannot be decoded: {str(e).splitlines()[0]}"
    return None


def _hidden_in(data: bytes) -> str | None:
    """What a PNG holds besides its picture; none if nothing."""
    at, stream, names = len(_SIGNATURE), b"", []
    while at + 12 <= len(data):
        (length,), name = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body, check = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if name not in _PICTURE:
            return f"the file holds a chunk {name.decode('latin-1')!r} besides the picture"
        if check != struct.pack(">I", zlib.crc32(name + body)):
            return f"the checksum of its chunk {name.decode()} is wrong"
        names.append(name)
        stream += body if name == b"IDAT" else b""
        at += 12 + length
        if name == b"IEND":
            break
    if at < len(data):
        return f"{len(data) - at:,} bytes stand after the picture"
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or names.count(b"IHDR") > 1:
        return "the file does not begin with its header, or does not end"
    return _behind_the_pixels(data, stream)


def _behind_the_pixels(data: bytes, stream: bytes) -> str | None:
    width, height = struct.unpack(">II", data[16:24])
    if width > LARGEST or height > LARGEST:
        return None  # which another check tells
    wanted = height * (1 + 4 * width)
    inflate = zlib.decompressobj()
    try:
        pixels = inflate.decompress(stream, wanted + 1)
    except zlib.error:
        return None  # which another check tells
    if len(pixels) > wanted or inflate.unused_data:
        return f"{len(pixels) - wanted + len(inflate.unused_data):,} bytes are hidden behind its pixels"
    return None
