"""Forged previews."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from committed import current
from genboard.benchmarks.result import preview_path
from PIL import Image
from tampered import BOARD, Ground, edit, put, redraw, resheet

from .edits import Forgery, Spoil, forgery


def chunks(change: Callable[[list[tuple[bytes, bytes]]], object], crc: Callable[[bytes], int] = zlib.crc32) -> Spoil:
    """The chunks of a PNG, changed and put together again."""

    def spoil(ground: Ground) -> None:
        data, at, found = preview_path(ground.path).read_bytes(), 8, []
        while at < len(data):
            (size,) = struct.unpack(">I", data[at : at + 4])
            found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
            at += 12 + size
        change(found)
        whole = b"".join(struct.pack(">I", len(b)) + n + b + struct.pack(">I", crc(n + b)) for n, b in found)
        redraw(data[:8] + whole)(ground)

    return spoil


def behind(found: list[tuple[bytes, bytes]]) -> None:
    """Bytes in the stream of pixels, behind the last."""
    stream = zlib.decompress(b"".join(body for name, body in found if name == b"IDAT"))
    found[:] = [one for one in found if one[0] != b"IDAT"]
    found.insert(1, (b"IDAT", zlib.compress(stream + b"a secret")))


def theirs(
    change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]], mode: str = "RGBA", kind: str = "PNG"
) -> Spoil:
    """A rival's preview, saved anew."""

    def spoil(ground: Ground) -> None:
        path = preview_path(ground.board / "digits@1" / BOARD[0] / current(BOARD[0]).name)
        with Image.open(path) as image:
            sheet = change(np.array(image))
        buffer = io.BytesIO()
        Image.fromarray(sheet).convert(mode).save(buffer, kind, compress_level=1)
        redraw(buffer.getvalue())(ground)

    return spoil


def tile(sheet: np.ndarray[Any, Any], i: int, right: bool = False) -> np.ndarray[Any, Any]:
    y, x = i // 8 * 9, i % 8 * 9 + (72 if right else 0)
    return sheet[y : y + 8, x : x + 8]


def filled(i: int, value: Any, right: bool = False) -> Spoil:
    def change(sheet: np.ndarray[Any, Any]) -> None:
        tile(sheet, i, right)[:] = value

    return resheet(change)


def ink(y: int, x: int, value: tuple[int, int, int, int]) -> Spoil:
    def change(sheet: np.ndarray[Any, Any]) -> None:
        sheet[y, x] = value

    return resheet(change)


def blank(value: int) -> Spoil:
    def change(sheet: np.ndarray[Any, Any]) -> None:
        for i in range(64):
            tile(sheet, i)[..., :3] = value

    return resheet(change)


def noisy(sheet: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """By a grey level here and there, where a tile is."""
    step = np.random.default_rng(3).integers(0, 2, sheet.shape[:2])[..., None] * (sheet[..., 3:] > 0)
    sheet[..., :3] = np.clip(sheet[..., :3].astype(int) + step, 0, 255)
    return sheet


def of_previews() -> Iterator[Forgery]:
    kind = "preview"
    yield forgery(kind, "all black", "R515", blank(0))
    yield forgery(kind, "all white", "R515", blank(255))
    yield forgery(kind, "all grey", "R515", blank(128))
    for mode in ("RGB", "L", "P", "LA", "1"):
        yield forgery(kind, f"in mode {mode}", "R503 R504", resheet(lambda s: None, mode))
    for i in (0, 31, 63):
        yield forgery(kind, f"without tile {i}", "R513", filled(i, 0))
        yield forgery(kind, f"tile {i} half transparent", "R513", filled(i, (9, 9, 9, 128)))
        yield forgery(kind, f"neighbour {i} of another sort", "R514", filled(i, (77, 77, 77, 255), right=True))
        yield forgery(kind, f"neighbour {i} missing", "R513", filled(i, 0, right=True))
    yield forgery(kind, "a colour where there are greys", "R513", filled(5, (255, 0, 0, 255)))
    for y, x in ((8, 0), (0, 8), (71, 143), (40, 71)):
        yield forgery(kind, f"ink between the tiles at {y}, {x}", "R513", ink(y, x, (1, 2, 3, 255)))
        yield forgery(kind, f"what nobody sees at {y}, {x}", "R513", ink(y, x, (1, 2, 3, 0)))
    for field, value in (
        ("tiles", 63),
        ("tiles", 1),
        ("tiles", 0),
        ("columns", 4),
        ("columns", 0),
        ("gap", 0),
        ("gap", -1),
        ("tile", [8, 9]),
        ("tile", [0, 0]),
        ("tiles", -64),
        ("tiles", 10**9),
    ):
        yield forgery(kind, f"{field} as {value}", "R503", edit(put("preview", field, value=value)))
    yield forgery(
        kind, "samples on the right too", "R514", resheet(lambda s: np.concatenate([s[:, :72], s[:, :72]], axis=1))
    )
    for name in (b"tEXt", b"eXIf", b"iCCP", b"zTXt", b"acTL", b"tIME", b"prVt", b"PLTE"):
        yield forgery(
            kind, f"a chunk {name.decode()}", "R504", chunks(lambda c, n=name: c.insert(1, (n, b"a\0secret")))
        )
    yield forgery(kind, "a wrong checksum", "R504 R503", chunks(lambda c: None, lambda data: zlib.crc32(data) ^ 1))
    yield forgery(kind, "bytes behind the pixels", "R504", chunks(behind))
    yield forgery(kind, "bytes behind the stream", "R504", chunks(lambda c: c.insert(-1, (b"IDAT", b"a secret"))))
    yield forgery(kind, "two headers", "R504 R503", chunks(lambda c: c.insert(1, c[0])))
    yield forgery(kind, "no end", "R504 R503", chunks(lambda c: c.pop()))
    yield forgery(kind, "no pixels", "R503", chunks(lambda c: c.__delitem__(slice(1, -1))))
    yield forgery(kind, "a second picture", "R504", lambda g: redraw(preview_path(g.path).read_bytes() * 2)(g))
    yield forgery(
        kind, "nine megabytes", "R503", lambda g: redraw(preview_path(g.path).read_bytes() + bytes(9 * 2**20))(g)
    )
    yield forgery(kind, "none of it", "R503", lambda g: redraw(b"")(g))
    yield forgery(kind, "a rival's, saved anew", "R603", theirs(lambda s: s))
    yield forgery(kind, "a rival's, with a little noise", "R603 R514", theirs(noisy))
    yield forgery(kind, "a rival's left with one's own right", "R603", theirs(lambda s: s))
    yield forgery(kind, "a device", "R109 R501", fifo)


def fifo(ground: Ground) -> None:
    preview_path(ground.path).unlink()
    os.mkfifo(preview_path(ground.path))
