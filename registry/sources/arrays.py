"""Images in a NumPy array: `.npy`, or `arr_0` of an `.npz` with the labels in `arr_1`, as the field shares them.

Both are read a run at a time: neither the file nor the array is ever whole in memory. Nothing is unpickled.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadImages
from .. import limits
from ..conversions import check_names, convert_all
from ..images import Images, ImageSource, Labels
from .damage import refusing
from .labels import whole_labels

LABELS = ("labels", "arr_1")  # of an .npz
_PLAIN = "give a plain .npy or .npz file, without pickled objects"
_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
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
    found = headers(archive)
    if "arr_0" not in found:
        raise BadImages(f"{path}: no array 'arr_0' among {sorted(found)}", "save it with np.savez(path, images)")
    images = found["arr_0"]
    dtype, shape = images.dtype, images.shape
    _check(archive, "arr_0", images)
    present = [name for name in LABELS if name in found]
    if len(present) > 1:
        raise BadImages(f"{path}: labels twice, in {' and '.join(present)}", "remove one of them")
    labels = None
    if present:
        labels = _labels(path, archive, present[0], found[present[0]], shape[0] if shape else 0)
    row = math.prod(shape[1:]) * dtype.itemsize
    opened: list[IO[bytes]] = []

    def rows(start: int, stop: int) -> NDArray[Any]:
        # Reading on is cheap, also where the member is deflated; going back unpacks it from its beginning.
        with refusing(BadImages, f"{path}: cannot be unpacked", "the file is truncated or damaged: write it again"):
            if not opened:
                opened.append(archive.open("arr_0.npy"))
            opened[0].seek(images.offset + start * row)
            return np.frombuffer(_exactly(opened[0], (stop - start) * row), dtype).reshape(stop - start, *shape[1:])

    return _source(path, dtype, shape, rows, labels, conversions)


@dataclass(frozen=True)
class Header:
    """What a member of an npz says of its array, and where in the member the values begin."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    by_columns: bool
    offset: int

    @property
    def bytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.shape)


def headers(archive: zipfile.ZipFile) -> dict[str, Header]:
    """The arrays of an npz by name, of which no value is read.

    Raises:
        ValueError, KeyError: a header that NumPy does not write.
    """
    found = {}
    for member in archive.namelist():
        if member.endswith(".npy"):
            with archive.open(member) as f:
                shape, by_columns, dtype = _READERS[np.lib.format.read_magic(f)](f)
                found[member.removesuffix(".npy")] = Header(dtype, shape, by_columns, f.tell())
    return found


def _check(archive: zipfile.ZipFile, name: str, header: Header) -> None:
    """Raises ValueError for an array whose values cannot be read row by row."""
    if header.dtype.hasobject:
        raise ValueError(f"{name}.npy holds pickled objects, which are not read")
    if header.by_columns and len(header.shape) > 1:
        raise ValueError(f"{name}.npy is stored by columns (Fortran order)")
    size = archive.getinfo(f"{name}.npy").file_size
    if size != header.offset + header.bytes:
        raise ValueError(f"{name}.npy has {size:,} bytes, its header says {header.dtype} of shape {header.shape}")


def _labels(path: Path, archive: zipfile.ZipFile, name: str, header: Header, count: int) -> Labels:
    _check(archive, name, header)
    if header.dtype.kind not in "iu" or header.shape != (count,) or count > limits.IMAGES:
        raise BadImages(
            f"{path}: {name} is {header.dtype} of shape {header.shape}, not labels of {count:,} images",
            "labels must be integers, one for each image",
        )
    with archive.open(f"{name}.npy") as f:
        f.seek(header.offset)
        return whole_labels(np.frombuffer(_exactly(f, header.bytes), header.dtype), f"{path}: {name}")


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
    if dtype != np.uint8 or len(full) != 4 or full[3] not in channels or 0 in full[1:]:
        raise BadImages(f"{path}: {dtype} of shape {full}", _hint(dtype, full))
    if full[1] * full[2] > limits.PIXELS:
        raise BadImages(f"{path}: images of {full[2]}x{full[1]} pixels", f"the limit is {limits.PIXELS:,}")

    def read(start: int, stop: int) -> Images:
        pixels = np.array(rows(start, stop), np.uint8).reshape(stop - start, *full[1:])
        return Images(convert_all(pixels, conversions), None if labels is None else labels[start:stop])

    return ImageSource(str(path), full[0], read)


def _hint(dtype: np.dtype[Any], shape: tuple[int, ...]) -> str:
    """How to make images of an array that are none: the first thing that is wrong with it."""
    if dtype.kind == "f":
        return "images are uint8, 0 to 255: values in [0, 1] become so by np.round(255 * images).astype(np.uint8)"
    if dtype != np.uint8:
        return "images are uint8, 0 to 255: images.astype(np.uint8), if all values are whole and within"
    if len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        return "transpose a network's (n, c, h, w): images.transpose(0, 2, 3, 1)"
    if len(shape) == 4 and shape[3] in (2, 4):
        return "the last axis holds an alpha channel: name a conversion, rgba-over-white or rgba-over-black"
    return "images are uint8 of shape (n, height, width, 1 or 3), or (n, height, width) where they are grey"
