"""The same images in every container that is read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from genboard.benchmarks.shards import write_shard
from genboard.registry.generators.draws import draws
from genboard.registry.images import Images, Pixels
from PIL import Image

GREY = np.random.default_rng(1).integers(0, 256, (9, 8, 6, 1), np.uint8)
RGB = np.random.default_rng(2).integers(0, 256, (9, 8, 6, 3), np.uint8)


def encoded(pixels: Pixels, kind: str = "PNG") -> bytes:
    """One image (h, w, c) as a lossless file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, kind)
    return buffer.getvalue()


def as_folder(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images"
    path.mkdir()
    for i, image in enumerate(pixels):
        (path / f"{i:03d}.png").write_bytes(encoded(image))
    return path


def as_nested_folder(pixels: Pixels, folder: Path) -> Path:
    path = folder / "nested"
    for i, image in enumerate(pixels):
        below = path / f"class-{i // 4}" / f"{i:03d}.png"
        below.parent.mkdir(parents=True, exist_ok=True)
        below.write_bytes(encoded(image))
    return path


def as_bmp_folder(pixels: Pixels, folder: Path) -> Path:
    path = folder / "bmp"
    path.mkdir()
    for i, image in enumerate(pixels):
        (path / f"{i:03d}.BMP").write_bytes(encoded(image, "BMP"))
    return path


def as_zip(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # Written backwards: the order of an archive is the order of its names.
        for i, image in reversed(list(enumerate(pixels))):
            archive.writestr(f"some/{i:03d}.png", encoded(image))
    return path


def as_npz(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images.npz"
    np.savez_compressed(path, pixels, np.arange(len(pixels)))
    return path


def as_npy(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images.npy"
    np.save(path, pixels)
    return path


def table(pixels: Pixels, column: str = "image") -> pa.Table:
    return pa.table({column: [{"bytes": encoded(image), "path": None} for image in pixels]})


def as_parquet(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images.parquet"
    pq.write_table(table(pixels), path)
    return path


def as_bare_bytes_parquet(pixels: Pixels, folder: Path) -> Path:
    path = folder / "bare.parquet"
    pq.write_table(pa.table({"img": [encoded(image) for image in pixels], "label": list(range(len(pixels)))}), path)
    return path


def as_parquet_folder(pixels: Pixels, folder: Path) -> Path:
    path = folder / "shards"
    path.mkdir()
    for number, part in enumerate(np.split(pixels, [2, 7])):
        pq.write_table(table(part), path / f"part-{number}.parquet")
    return path


def as_samples(pixels: Pixels, folder: Path) -> Path:
    path = folder / "samples"
    for number, part in enumerate(np.split(pixels, [4])):
        start = 4 * number
        tickets = draws(7, start, start + len(part))
        write_shard(path / f"samples-{number:05d}-of-00002.parquet", Images(part), tickets, "0" * 64)
    return path


CONTAINERS: tuple[Callable[[Pixels, Path], Path], ...] = (
    as_folder,
    as_nested_folder,
    as_bmp_folder,
    as_zip,
    as_npz,
    as_npy,
    as_parquet,
    as_bare_bytes_parquet,
    as_parquet_folder,
    as_samples,
)
