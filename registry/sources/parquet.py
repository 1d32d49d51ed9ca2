"""Images in Parquet, as Hugging Face `datasets` and `genboard sample` write them: a column of encoded files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from ...errors import BadImages
from ..images import ImageSource
from .damage import refusing
from .decode import source_of_files

COLUMNS = ("image", "img")
_DAMAGED = "the file is truncated or damaged: write it again"


def open_parquet(path: Path) -> ImageSource:
    """The images of a Parquet file, or of all Parquet files in a folder in the order of their names.

    Raises:
        BadImages: not Parquet, or no column of images.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    counts = []
    for file in files:
        with refusing(BadImages, f"{file}: not a Parquet file", _DAMAGED), pq.ParquetFile(file) as parquet:
            if not set(COLUMNS) & set(parquet.schema_arrow.names):
                names = ", ".join(parquet.schema_arrow.names)
                raise BadImages(f"{file}: no column named {' or '.join(COLUMNS)} among {names}", "rename the column")
            counts.append(parquet.metadata.num_rows)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(int)
    cached: dict[int, list[bytes]] = {}

    def encoded(number: int) -> list[bytes]:
        if number not in cached:
            cached.clear()
            cached[number] = _column(files[number])
        return cached[number]

    def named(i: int) -> tuple[str, bytes]:
        number = int(np.searchsorted(starts, i, side="right")) - 1
        return f"{files[number]}: row {i - starts[number]}", encoded(number)[i - starts[number]]

    return source_of_files(str(path), int(starts[-1]), named)


def _column(file: Path) -> list[bytes]:
    with refusing(BadImages, f"{file}: cannot be read", _DAMAGED), pq.ParquetFile(file) as parquet:
        name = next(c for c in COLUMNS if c in parquet.schema_arrow.names)
        column = parquet.read([name]).column(0).to_pylist()
    found: list[bytes] = []
    for row, item in enumerate(column):
        data = item.get("bytes") if isinstance(item, dict) else item
        if not isinstance(data, bytes):
            raise BadImages(f"{file}: row {row}: no image bytes", "images are stored as encoded files, bytes included")
        found.append(data)
    return found
