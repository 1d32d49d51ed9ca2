"""Images from wherever a user keeps them: a folder, a zip, an npz or npy array, a Parquet file.

Nothing is resized, dropped or converted unless a conversion is named: what is not plain 8-bit grey or RGB, all of one
size, is an error that names the file. Labels come from class folders, a `dataset.json`, or a column or array of labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...errors import BadImages
from ..conversions import check_names
from ..images import ImageSource
from .arrays import open_array
from .containers import open_folder, open_zip
from .parquet import open_parquet

__all__ = ["SUFFIXES", "looks_like_images", "open_images"]

_BY_SUFFIX = {".zip": open_zip, ".npz": open_array, ".npy": open_array, ".parquet": open_parquet}
SUFFIXES = tuple(_BY_SUFFIX)


def looks_like_images(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and path.suffix.lower() in _BY_SUFFIX)


def open_images(path: Path, conversions: Sequence[str] = ()) -> ImageSource:
    """The images at a path, in the order of their names or of the array, with labels where there are any.

    Args:
        conversions: names from `registry.conversions`, applied in order to every image as it is decoded.

    Raises:
        UnknownName: no such conversion.
        BadImages: nothing there, a kind that is not known, or no images in it.
    """
    check_names(conversions)
    if not path.exists():
        raise BadImages(f"{path}: no such file or folder", "check the path")
    if path.is_dir():
        # A folder of Parquet shards, as `genboard sample` and the hub write them.
        pictures = open_folder(path, conversions)
        sharded = any(path.glob("*.parquet"))
        if sharded and pictures.count:
            raise BadImages(f"{path}: both Parquet and image files", "name the one that is meant, or part them")
        source = open_parquet(path, conversions) if sharded else pictures
    else:
        opener = _BY_SUFFIX.get(path.suffix.lower())
        if opener is None:
            raise BadImages(
                f"{path}: images are not read from a {path.suffix or 'nameless'} file",
                f"give a folder, or one of: {', '.join(SUFFIXES)}",
            )
        source = opener(path, conversions)
    if source.count == 0:
        raise BadImages(f"{path}: there are no images in it", "images end in .png, .bmp, .webp, .jpg, .jpeg or .gif")
    return source
