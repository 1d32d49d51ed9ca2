"""Images in a NumPy array: `.npy`, or `arr_0` of an `.npz` with the labels in `arr_1`, as the field shares them.

Both are read a run at a time: neither the file nor the array is ever whole in memory. Nothing is unpickled.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadImages
from ..conversions import check_names, convert_all
from ..images import Images, ImageSource, Labels
from .damage import refusing

LABELS = ("labels", "arr_1")  # of an .npz
_PLAIN = "give a plain .npy or .npz file, without pickled objects"
Rows = Callable[[int, int], NDArray[Any]]


def open_array(path: Path, conversions: Sequence[str] = ()) -> ImageSource:
    """A uint8 array of shape (n, height, width, channels), or (n, height, width) for grey.

    Raises:
        BadImages: another type or shape, or no such file.
    """
    with refusing(BadImages, f"{path}: cannot be read", _PLAIN):
        if path.suffix.lower() == ".npz":
            return _open_npz(path, conversions)
        array = np.lib.format.open_memmap(path, mode="r")
        return _source(path, array.dtype, array.shape, lambda start, stop: array[start:stop], None, conversions)


def images_of(array: NDArray[Any], name: str, conversions: Sequence[str] = ()) -> ImageSource:
    """The images of an array in memory, of the type and shape of `open_array`; `name` stands for it in errors.

    Raises:
        UnknownName: no such conversion.
        BadImages: another type or shape, or no images in it.
    """
    check_names(conversions)
    if len(array.shape) == 0 or 0 in array.shape:
        raise BadImages(f"{name}: shape {array.shape}: there are no images in it", "give an array of images")
    return _source(Path(name), array.dtype, array.shape, lambda start, stop: array[start:stop], None, conversions)


def _open_npz(path: Path, conversions: Sequence[str]) -> ImageSource:
    archive = zipfile.ZipFile(path)
    names = {name.removesuffix(".npy") for name in archive.namelist()}
    if "arr_0" not in names:
        raise BadImages(f"{path}: no array 'arr_0' among {sorted(names)}", "save it with np.savez(path, images)")
    dtype, shape, offset = _header(archive, "arr_0.npy")
    present = [name for name in LABELS if name in names]
    if len(present) > 1:
        raise BadImages(f"{path}: labels twice, in {' and '.join(present)}", "remove one of them")
    labels = _labels(path, archive, present[0], shape[0] if shape else 0) if present else None
    row = math.prod(shape[1:]) * dtype.itemsize
    opened: list[IO[bytes]] = []

    def rows(start: int, stop: int) -> NDArray[Any]:
        # Reading on is cheap, also where the member is deflated; going back unpacks it from its beginning.
        with refusing(BadImages, f"{path}: cannot be unpacked", "the file is truncated or damaged: write it again"):
            if not opened:
                opened.append(archive.open("arr_0.npy"))
            opened[0].seek(offset + start * row)
            return np.frombuffer(_exactly(opened[0], (stop - start) * row), dtype).reshape(stop - start, *shape[1:])

    return _source(path, dtype, shape, rows, labels, conversions)


def _header(archive: zipfile.ZipFile, member: str) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Type, shape and offset of the array in a member, whose size must be what they say."""
    with archive.open(member) as f:
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[np.lib.format.read_magic(f)]
        shape, by_columns, dtype = read(f)
        offset = f.tell()
    size = archive.getinfo(member).file_size
    if dtype.hasobject:
        raise ValueError(f"{member} holds pickled objects, which are not read")
    if by_columns and len(shape) > 1:
        raise ValueError(f"{member} is stored by columns (Fortran order)")
    if size != offset + math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{member} has {size:,} bytes, its header says {dtype} of shape {shape}")
    return dtype, shape, offset


def _labels(path: Path, archive: zipfile.ZipFile, name: str, count: int) -> Labels:
    dtype, shape, offset = _header(archive, f"{name}.npy")
    if dtype.kind not in "iu" or shape != (count,):
        raise BadImages(
            f"{path}: {name} is {dtype} of shape {shape}, not labels of {count:,} images",
            "labels must be integers, one for each image",
        )
    with archive.open(f"{name}.npy") as f:
        f.seek(offset)
        return np.frombuffer(_exactly(f, count * dtype.itemsize), dtype).astype(np.int64)


def _exactly(f: IO[bytes], size: int) -> bytes:
    data = f.read(size)
    if len(data) != size:
        raise ValueError(f"{size - len(data):,} bytes are missing")
    return data


def _source(
    path: Path,
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    rows: Rows,
    labels: Labels | None,
    conversions: Sequence[str],
) -> ImageSource:
    full = (*shape, 1) if len(shape) == 3 else shape
    channels = (1, 2, 3, 4) if conversions else (1, 3)
    if dtype != np.uint8 or len(full) != 4 or full[3] not in channels:
        raise BadImages(
            f"{path}: {dtype} of shape {full}",
            "images are uint8, shape (n, height, width, 1 or 3); transpose a network's (n, c, h, w)",
        )

    def read(start: int, stop: int) -> Images:
        pixels = np.array(rows(start, stop), np.uint8).reshape(stop - start, *full[1:])
        return Images(convert_all(pixels, conversions), None if labels is None else labels[start:stop])

    return ImageSource(str(path), full[0], read)
