"""Files and folders that strangers made: images, archives and arrays that must be refused by name, soon and cheaply.

Each row makes one in an empty folder, and names what the refusal must say. To add one: a row.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from refusals import GREY, RGB, png, zip_of

Write = Callable[[Path], object]


@dataclass(frozen=True)
class Hostile:
    """An input that is refused.

    Attributes:
        name: of the file, or of the folder that `write` fills.
        write: makes it at a path.
        says: what the fact of the refusal holds.
        hints: what its hint holds.
        convert: conversions that are asked for.
    """

    name: str
    write: Write
    says: str
    hints: str = ""
    convert: str = ""


def of_files(**files: bytes) -> Write:
    """A folder of files; `_` in a name stands for the dot."""

    def write(path: Path) -> None:
        path.mkdir()
        for name, data in files.items():
            (path / name.replace("_", ".")).write_bytes(data)

    return write


def with_image(then: Write) -> Write:
    """A folder with one good image, and whatever else is put into it."""

    def write(path: Path) -> None:
        path.mkdir()
        (path / "a.png").write_bytes(png(GREY[0]))
        then(path)

    return write


def linked(name: str, target: str) -> Write:
    return with_image(lambda path: (path / name).symlink_to(target))


def pipe(path: Path) -> None:
    os.mkfifo(path)


def crowd_of_links(path: Path) -> None:
    """Thirty folders, of which each leads to the next by two names: a billion ways to the last."""
    path.mkdir()
    for i in range(30):
        (path / f"d{i}").mkdir()
        for way in "xy":
            (path / f"d{i}" / way).symlink_to(path / f"d{i + 1}")


def large_after_small(path: Path) -> None:
    """Two hundred names of one image of 64,000,000 pixels, after a small one."""
    path.mkdir()
    (path / "0.png").write_bytes(png(GREY[0]))
    (path.parent / "large.png").write_bytes(png_of(8000, 8000))
    for i in range(200):
        (path / f"a{i}.png").symlink_to(path.parent / "large.png")


def bound_socket(path: Path) -> None:
    # The name of a socket may have a hundred bytes only.
    with contextlib.chdir(path), socket.socket(socket.AF_UNIX) as bound:
        bound.bind("b.png")


def zipped(*members: tuple[str, bytes]) -> Write:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)

    return write


def encrypted(path: Path) -> None:
    """The flag of an encrypted member, in both of its headers."""
    zip_of("a.png")(path)
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)


def png_of(width: int, height: int, colour: int = 0, packed: bytes = b"") -> bytes:
    """A PNG of that size, black unless its data are given, without making its pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    channels = {0: 1, 2: 3, 6: 4}[colour]
    squeezed, row = zlib.compressobj(1), bytes(1 + width * channels)
    body = packed or b"".join(squeezed.compress(row) for _ in range(height)) + squeezed.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def bmp_16(masks: tuple[int, ...] = ()) -> bytes:
    """An 8x8 BMP of 16 bits a pixel: 5-5-5, or 5-6-5 by its masks."""
    pixels, head = bytes(8 * 8 * 2), 14 + 40 + 4 * len(masks)
    info = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 16, 3 if masks else 0, len(pixels), 0, 0, 0, 0)
    return (
        struct.pack("<2sIHHI", b"BM", head + len(pixels), 0, 0, head)
        + info
        + struct.pack(f"<{len(masks)}I", *masks)
        + pixels
    )


def encoded(pixels: np.ndarray[Any, Any], kind: str, mode: str | None = None, **options: Any) -> bytes:
    return png(pixels, mode, kind, **options)


def several(kind: str, frames: int = 2) -> bytes:
    buffer = io.BytesIO()
    first, *others = [Image.fromarray(RGB) for _ in range(frames)]
    first.save(buffer, kind, save_all=True, append_images=others)
    return buffer.getvalue()


def tiff_of_four() -> bytes:
    """A TIFF of three colours and a fourth channel that is neither a colour nor an alpha."""
    data = bytearray(encoded(np.dstack([RGB, GREY[0]]), "TIFF"))
    at = data.index(struct.pack("<HHI", 338, 3, 1))  # the tag ExtraSamples
    data[at + 8] = 0
    return bytes(data)


def npz(**arrays: Any) -> Write:
    return lambda path: np.savez(path, **arrays)


def parquet(**columns: list[Any]) -> Write:
    return lambda path: pq.write_table(pa.table(columns), path)


def sparse(shape: tuple[int, ...]) -> Write:
    """An array of zeros that takes no room on the disk."""

    def write(path: Path) -> None:
        with path.open("wb") as f:
            np.lib.format.write_array_header_1_0(f, {"descr": "|u1", "fortran_order": False, "shape": shape})
            f.truncate(f.tell() + int(np.prod(shape, dtype=np.int64)))

    return write


LIST = json.dumps({"labels": [["a.png", 10**30]]}).encode()
NESTED = b"[" * 100_000 + b"]" * 100_000
LONG_NUMBER = b'{"labels": [["a.png", ' + b"9" * 10_000 + b"]]}"

HOSTILE: dict[str, Hostile] = {
    # What is no regular file.
    "a pipe among images": Hostile(
        "i", with_image(lambda p: pipe(p / "b.png")), "b.png: cannot be read: it is a named pipe"
    ),
    "a socket among images": Hostile("i", with_image(bound_socket), "b.png: cannot be read: it is a socket"),
    "a device among images": Hostile("i", linked("b.png", "/dev/zero"), "b.png: cannot be read: it is a device"),
    "a pipe for a list": Hostile("i", with_image(lambda p: pipe(p / "metadata.csv")), "it is a named pipe"),
    "a device for a list": Hostile("i", linked("dataset.json", "/dev/zero"), "it is a device"),
    "a pipe": Hostile("i.zip", pipe, "i.zip: cannot be read: it is a named pipe"),
    "a pipe for an array": Hostile("i.npy", pipe, "i.npy: cannot be read: it is a named pipe"),
    "a device for an array": Hostile(
        "i.npz", lambda p: p.symlink_to("/dev/zero"), "i.npz: cannot be read: it is a device"
    ),
    "a pipe for Parquet": Hostile("i.parquet", pipe, "i.parquet: cannot be read: it is a named pipe"),
    "a pipe among Parquet": Hostile("i", lambda p: (p.mkdir(), pipe(p / "a.parquet")), "it is a named pipe"),
    # Links.
    "a link to itself": Hostile("i", linked("b.png", "b.png"), "b.png: cannot be read: Too many levels"),
    "a link to nothing": Hostile("i", linked("b.png", "gone.png"), "b.png: cannot be read: No such file"),
    "a link to its folder": Hostile("i", linked("again", "."), "again: the same folder as"),
    "a link to the folder above": Hostile("i", linked("up", ".."), "i/up/i: the same folder as"),
    "a billion ways by links": Hostile("i", crowd_of_links, "the same folder as"),
    # Archives.
    "a list that unpacks to more than 64 MiB": Hostile(
        "i.zip",
        zipped(("a.png", png(GREY[0])), ("dataset.json", bytes(2**26 + 1))),
        "67,108,865 bytes unpacked",
        "67,108,864",
    ),
    "a member twice": Hostile("i.zip", zipped(("a\\b.png", b""), ("a/b.png", b"")), "a/b.png is there 2 times"),
    "an encrypted member": Hostile("i.zip", encrypted, "is encrypted"),
    "a deep list": Hostile("i", of_files(a_png=png(GREY[0]), dataset_json=NESTED), "not a list of labels"),
    "a number of 10,000 digits": Hostile(
        "i", of_files(a_png=png(GREY[0]), dataset_json=LONG_NUMBER), "not a list of labels"
    ),
    "a label of 31 digits": Hostile("i", of_files(a_png=png(GREY[0]), dataset_json=LIST), "not a list of labels"),
    "a cell of a megabyte": Hostile(
        "i",
        of_files(a_png=png(GREY[0]), metadata_csv=b"file_name,text\na.png," + b"x" * 2**20),
        "not a CSV of labels: field larger than field limit",
    ),
    # Sizes.
    "too many pixels": Hostile(
        "i", of_files(a_png=png_of(64_000, 1_001, packed=b"")), "64000x1001 pixels", "64,000,000"
    ),
    "far too many pixels": Hostile("i", of_files(a_png=png_of(2**30, 2**20, packed=b"x")), "too many pixels"),
    "large images after a small one": Hostile("i", large_after_small, "a0.png: 8000x8000 grey, but"),
    "a long image, made wide": Hostile(
        "i", of_files(a_png=png_of(64_000_000, 1)), "pixels would be made of it", "64,000,000", "adm-crop-64"
    ),
    "an array of large images": Hostile("i.npy", sparse((1, 10**5, 10**5, 3)), "images of 100000x100000 pixels"),
    "an array of too many images": Hostile("i.npy", sparse((10**9, 1, 1, 1)), "1,000,000,000 images", "50,000,000"),
    "a long caption": Hostile(
        "i.parquet", parquet(image=[png(GREY[0])], text=["x" * 10**6]), "a caption of 1,000,000 bytes", "65,536"
    ),
    "a label of 19 digits": Hostile(
        "i.parquet",
        parquet(image=[png(GREY[0])], label=pa.array([2**63 + 1], pa.uint64())),
        "the label 9223372036854775809",
    ),
    "labels of an npz beyond int64": Hostile(
        "i.npz", npz(arr_0=GREY, arr_1=np.full(6, 2**64 - 1, np.uint64)), "arr_1: the label 18446744073709551615"
    ),
    # Formats that are not read, among images that are.
    **{
        f"{ending} beside PNG": Hostile(
            "i",
            with_image(lambda path, ending=ending: (path / f"b{ending}").write_bytes(b"x")),  # type: ignore[misc]
            f"image files of formats that are not read: 1 {ending}, such as b{ending}",
            "--skip",
        )
        for ending in (
            ".avif",
            ".heic",
            ".HEIF".lower(),
            ".jp2",
            ".jxl",
            ".tga",
            ".exr",
            ".psd",
            ".svg",
            ".cr2",
            ".mpo",
        )
    },
    "a format not read in a zip": Hostile("i.zip", zip_of("a.png", "b.heic"), "not read: 1 .heic, such as b.heic"),
    # What a hint must not lay to another cause.
    "BMP of 5-6-5 bits": Hostile(
        "i", of_files(a_bmp=bmp_16((0xF800, 0x7E0, 0x1F))), "5 or 6 bits a channel", "24 bits"
    ),
    "BMP of 5-5-5 bits": Hostile("i", of_files(a_bmp=bmp_16()), "5 or 6 bits a channel", "24 bits"),
    "TIFF in Lab": Hostile("i", of_files(a_tiff=encoded(RGB, "TIFF", "LAB")), "mode LAB", "CIE L*a*b*"),
    "TIFF of floats": Hostile("i", of_files(a_tiff=encoded(RGB, "TIFF", "F")), "mode F", "16 or more bits"),
    "TIFF of four channels": Hostile(
        "i", of_files(a_tiff=tiff_of_four()), "neither colour nor alpha", "without that channel"
    ),
    "the MPO of a phone": Hostile(
        "i", of_files(a_jpg=several("MPO")), "2 pictures in one JPEG file (MPO)", "first picture"
    ),
    "TIFF of two pages": Hostile("i", of_files(a_tif=several("TIFF")), "animated, 2 frames", "its own file"),
    "PPM of 16 bits": Hostile("i", of_files(a_ppm=b"P6 8 8 65535\n" + bytes(384)), "white is 65535, not 255", "8 bits"),
    "PGM of 4 bits": Hostile("i", of_files(a_pgm=b"P5 8 8 15\n" + bytes(64)), "white is 15, not 255", "8 bits"),
    "PGM in words": Hostile("i", of_files(a_pgm=b"P2 8 8 15\n" + b"7 " * 64), "white is 15, not 255", "8 bits"),
    "PBM": Hostile("i", of_files(a_pbm=b"P4 8 8\n" + bytes(8)), "mode 1,", "one bit a pixel"),
    "npz of floats": Hostile(
        "i.npz", npz(arr_0=GREY[..., None] / 255), "float64 of shape (6, 8, 8, 1)", "np.round(255 *"
    ),
    "npz of int64": Hostile(
        "i.npz", npz(arr_0=GREY.astype(np.int64)), "int64 of shape (6, 8, 8, 1)", "astype(np.uint8)"
    ),
    "npz of (n, c, h, w)": Hostile(
        "i.npz", npz(arr_0=GREY[:, None]), "uint8 of shape (6, 1, 8, 8)", "transpose(0, 2, 3, 1)"
    ),
    "npz with alpha": Hostile("i.npz", npz(arr_0=np.zeros((6, 8, 8, 4), np.uint8)), "(6, 8, 8, 4)", "rgba-over-white"),
    "npz without pixels": Hostile(
        "i.npz", npz(arr_0=np.zeros((6, 0, 8, 3), np.uint8)), "(6, 0, 8, 3)", "of shape (n, height"
    ),
}
