"""Images from wherever a user keeps them: a folder, a zip, an npz or npy array, a Parquet file.

Nothing is resized, dropped or converted unless a conversion is named: what is not plain 8-bit grey or RGB, all of one
size, is an error that names the file. Labels come from class folders, a `dataset.json`, a `metadata.csv` or
`labels.csv`, or a column or array of labels; captions from the CSV, or from a column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ...core.errors import BadImages
from .. import limits
from ..conversions import check_names
from ..images import ImageSource
from .damage import size_of

__all__ = ["SUFFIXES", "looks_like_images", "open_images"]

SUFFIXES = (".zip", ".npz", ".npy", ".parquet")


def looks_like_images(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and path.suffix.lower() in SUFFIXES)


def open_images(
    path: Path,
    conversions: Sequence[str] = (),
    table: Path | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
    skip: bool = False,
) -> ImageSource:
    """The images at a path, in the order of their names or of the array, with labels where there are any.

    Args:
        conversions: names from `registry.conversions`, applied in order to every image as it is decoded.
        table: a CSV of labels and captions of the files of a folder or zip; else one beside them.
        columns: what the columns of `image`, `label` and `caption` are called, of that table or of Parquet.
        skip: leave out image files of formats that are not read, which are an error otherwise.

    Raises:
        UnknownName: no such conversion.
        BadImages: nothing there, a kind that is not known, or no images in it.
    """
    # Not needed to tell whether a source is images, which every evaluation asks.
    from .arrays import open_array
    from .containers import open_folder, open_zip
    from .decode import ENDINGS
    from .parquet import open_parquet

    check_names(conversions)
    if not path.exists():
        raise BadImages(f"{path}: no such file or folder", "check the path")
    if not path.is_dir():
        size_of(path, BadImages)
    suffix = "" if path.is_dir() else path.suffix.lower()
    sharded = path.is_dir() and any(path.glob("*.parquet"))
    if table is not None and (sharded or suffix in (".npz", ".npy", ".parquet")):
        raise BadImages(f"{path}: a table of labels needs image files", "use a folder or a zip with a table")
    if sharded and open_folder(path, conversions, None, columns, skip).count:
        raise BadImages(f"{path}: both Parquet and image files", "name one file, or separate them")
    if sharded or suffix == ".parquet":
        # A folder of Parquet shards, as `genboard sample` and the hub write them.
        source = open_parquet(path, conversions, columns)
    elif path.is_dir():
        source = open_folder(path, conversions, table, columns, skip)
    elif suffix == ".zip":
        source = open_zip(path, conversions, table, columns, skip)
    elif suffix in SUFFIXES:
        source = open_array(path, conversions)
    else:
        raise BadImages(
            f"{path}: {path.suffix or 'files without an ending'} cannot be read as images",
            f"give a folder, or one of: {', '.join(SUFFIXES)}",
        )
    if source.count == 0:
        raise BadImages(f"{path}: it contains no images", f"supported endings: {', '.join(sorted(ENDINGS))}")
    if source.count > limits.IMAGES:
        raise BadImages(f"{path}: {source.count:,} images", f"the limit is {limits.IMAGES:,}")
    whole = None if table is None else table.absolute()
    again = partial(open_images, path.absolute(), tuple(conversions), whole, dict(columns), skip)
    return replace(source, again=again)
