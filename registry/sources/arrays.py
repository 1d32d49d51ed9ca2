"""Images in a NumPy array: `.npy`, or the first array of an `.npz` (`arr_0`, as the field shares them)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadImages
from ..images import Images, ImageSource, source_of
from .damage import refusing


def open_array(path: Path) -> ImageSource:
    """A uint8 array of shape (n, height, width, channels), or (n, height, width) for grey. Nothing is unpickled.

    Raises:
        BadImages: another type or shape, or no such file.
    """
    with refusing(BadImages, f"{path}: cannot be read", "give a plain .npy or .npz file, without pickled objects"):
        array = _first_of_npz(path) if path.suffix.lower() == ".npz" else np.lib.format.open_memmap(path, mode="r")
    if array.ndim == 3:
        array = array[..., None]
    if array.dtype != np.uint8 or array.ndim != 4 or array.shape[3] not in (1, 3):
        raise BadImages(
            f"{path}: {array.dtype} of shape {array.shape}",
            "images are uint8, shape (n, height, width, 1 or 3); a network's (n, c, h, w) needs a transpose",
        )
    return source_of(str(path), Images(array))


def _first_of_npz(path: Path) -> NDArray[Any]:
    # NumPy leaves a damaged file open where it is given the path.
    with path.open("rb") as f, np.load(f, allow_pickle=False) as found:
        if "arr_0" not in found:
            raise BadImages(f"{path}: no array 'arr_0' among {sorted(found)}", "save it with np.savez(path, images)")
        array: NDArray[Any] = found["arr_0"]
        return array
