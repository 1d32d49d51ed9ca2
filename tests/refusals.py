"""What the tests of bad input share: the form every refusal has, and files to be refused."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

Run = Callable[..., tuple[int, str, str]]
Make = Callable[[Path], Path]

GREY = np.random.default_rng(3).integers(0, 256, (6, 8, 8), np.uint8)
FEATURES = np.random.default_rng(4).normal(size=(20, 4)).astype(np.float32)
DIGITS = Path(__file__).resolve().parents[1] / "registry" / "entries" / "tracks" / "digits.toml"
REFERENCE = "digits/reference-500.digits-cnn.safetensors"


# What `evaluate` says before it measures another number of samples than the track's.
REMARKS = re.compile(r"\Athis result will not be ranked: [^\n]+\n([^\n]+: shares of [^\n]+\n)?(hint: track [^\n]+\n)*")


def refused(run: Run, *arguments: object) -> str:
    """The fact of a refusal, after checking its form."""
    code, out, err = run(*arguments)
    err = REMARKS.sub("", err)
    assert code == 1, (code, out, err)
    assert out == ""
    assert "Traceback" not in err
    form = re.fullmatch(r"Error: ([^\n]+)\n\nhint: ([^\n]+)\n", err)
    assert form, err
    return form[1]


def hint(run: Run, *arguments: object) -> str:
    refused(run, *arguments)
    return run(*arguments)[2].rpartition("hint: ")[2].strip()


def png(pixels: np.ndarray[Any, Any], mode: str | None = None, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(buffer, kind, **options)
    return buffer.getvalue()


def raw_png(bits: int, colour: int, row_bytes: int) -> bytes:
    """An 8x8 PNG of a depth that Pillow does not write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 8, 8, bits, colour, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(range(row_bytes))) * 8)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def folder(tmp_path: Path, **files: bytes) -> Path:
    """A folder with one good image, `a.png`, and others: `folder(tmp, b_png=...)` writes `b.png`."""
    path = tmp_path / "images"
    path.mkdir(exist_ok=True)
    (path / "a.png").write_bytes(png(GREY[0]))
    for name, data in files.items():
        (path / name.replace("_", ".")).write_bytes(data)
    return path


RGB = np.stack([GREY[0]] * 3, axis=-1)
ANIMATION = png(GREY[0], kind="GIF", save_all=True, append_images=[Image.fromarray(GREY[1])])
DEEP = GREY[0].astype(np.uint16) * 257


def only(name: str, data: bytes) -> Make:
    def make(tmp_path: Path) -> Path:
        path = tmp_path / "images"
        path.mkdir()
        (path / name).write_bytes(data)
        return path

    return make


def a_file(name: str, write: Callable[[Path], object]) -> Make:
    def make(tmp_path: Path) -> Path:
        write(tmp_path / name)
        return tmp_path / name

    return make


def cut(name: str, write: Callable[[Path], object]) -> Make:
    """A file that lost its second half."""

    def make(tmp_path: Path) -> Path:
        path = a_file(name, write)(tmp_path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return path

    return make


def zip_of(*names: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as z:
            for name in names:
                z.writestr(name, png(GREY[0]))

    return write


def table_of(**columns: list[Any]) -> Callable[[Path], None]:
    return lambda path: pq.write_table(pa.table(columns), path)


def objects(path: Path) -> None:
    np.save(path, np.array([{}, None], object), allow_pickle=True)


def objects_npz(path: Path) -> None:
    np.savez(path, np.array([{}, None], object), allow_pickle=True)


def nothing(path: Path) -> None:
    """A path with nothing there."""


def features(tmp_path: Path, name: str = "features.npy") -> Path:
    np.save(tmp_path / name, FEATURES)
    return tmp_path / name


def spoiled(value: float) -> np.ndarray[Any, Any]:
    array = FEATURES.copy()
    array[7, 2] = value
    return array


FUNCTION = "import numpy as np\ndef sample(seeds, labels):\n    n = len(seeds)\n    "


def module(tmp_path: Path, text: str) -> str:
    (tmp_path / "mine.py").write_text(text)
    return f"{tmp_path / 'mine.py'}:sample"


def draw_into(path: Path, name: str = "noise", n: int = 200, track: str = "digits") -> tuple[object, ...]:
    return ("sample", name, "--track", track, "--samples", n, "--out", path, "--json")


def reseeded(own_home: Path) -> None:
    """A track of the user's that differs from `digits` in nothing but its seed."""
    text = DIGITS.read_text("utf-8")
    path = own_home / "entries" / "tracks" / "reseeded.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text.replace("seed = 2026", "seed = 7"), "utf-8")


def measure(run: Run, *more: object) -> tuple[int, str, str]:
    return run("evaluate", "noise", "--track", "digits", "--samples", 20, *more)
