"""Images in Parquet, as Hugging Face `datasets` and `genboard sample` write them: a column of encoded files.

Memory holds the labels and the row groups of late, never a whole file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ...core.errors import BadImages
from ..images import Captions, ImageSource, Labels
from .damage import refusing
from .decode import source_of_files

IMAGES = ("image", "img")
LABEL = "label"
CAPTIONS = ("caption", "text")
KEPT = 128 * 2**20  # bytes of encoded images: row groups that were read last
_DAMAGED = "the file is truncated or damaged: write it again"


def open_parquet(
    path: Path, conversions: Sequence[str] = (), columns: Mapping[str, str] = MappingProxyType({})
) -> ImageSource:
    """The images of a Parquet file, or of all Parquet files in a folder in the order of their names.

    A column `label` of whole numbers gives the labels; one that is empty from top to bottom gives none. A column
    `caption` or `text` of strings gives the captions.

    Args:
        columns: what the columns `image`, `label` and `caption` are called, where otherwise; those must be there.

    Raises:
        BadImages: not Parquet, no column of images, or labels that are no whole numbers.
    """
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    image = (columns["image"],) if "image" in columns else IMAGES
    caption = (columns["caption"],) if "caption" in columns else CAPTIONS
    label, named = columns.get("label", LABEL), "label" in columns
    return open_files(str(path), files, image, label, not named, conversions, caption, "caption" not in columns)


def open_files(
    name: str,
    files: Sequence[Path],
    image: Sequence[str],
    label: str | None,
    may_lack: bool = False,
    conversions: Sequence[str] = (),
    caption: Sequence[str] = (),
    may_lack_captions: bool = True,
) -> ImageSource:
    """The images of Parquet files in that order.

    Args:
        image: names that the column of images may have.
        label: name of the column of labels; none: they are not read.
        may_lack: whether there may be no such column.
        caption: names that the column of captions may have; none: they are not read.
        may_lack_captions: whether there may be no such column.

    Raises:
        BadImages: as `open_parquet`.
    """
    tables = [_Table(file, image, label, may_lack) for file in files]
    labels = _one_kind(name, [(str(t.file), t.labels) for t in tables if t.rows])
    captions = _captions(name, [t for t in tables if t.rows], caption, may_lack_captions)
    groups = [(number, group) for number, t in enumerate(tables) for group in range(len(t.rows))]
    starts = np.cumsum([0, *(rows for t in tables for rows in t.rows)])
    kept: OrderedDict[int, pa.ChunkedArray] = OrderedDict()

    def encoded(i: int) -> tuple[str, bytes]:
        at = int(np.searchsorted(starts, i, side="right")) - 1
        number, group = groups[at]
        if at in kept:
            kept.move_to_end(at)
        else:
            kept[at] = tables[number].read(group)
            while len(kept) > 1 and sum(g.nbytes for g in kept.values()) > KEPT:
                kept.popitem(last=False)
        row = i - int(starts[at])
        where = f"{tables[number].file}: row {row + sum(tables[number].rows[:group])}"
        data = kept[at][row].as_py()
        if data is None:
            raise BadImages(f"{where}: no image bytes", "images must be stored as encoded files, with their bytes")
        return where, data

    return source_of_files(name, int(starts[-1]), encoded, labels, conversions, captions)


class _Table:
    """One file: its columns, the rows of each row group, and its labels."""

    def __init__(self, file: Path, image: Sequence[str], label: str | None, may_lack: bool) -> None:
        self.file = file
        with refusing(BadImages, f"{file}: not a Parquet file", _DAMAGED), self._open() as parquet:
            schema = parquet.schema_arrow
            meta = parquet.metadata
            self.rows = [meta.row_group(g).num_rows for g in range(meta.num_row_groups) if meta.num_rows]
        self.image = self._column(schema, image)
        self.labels: Labels | None = None
        if label and not (may_lack and label not in schema.names):
            self.labels = self._labels(self._column(schema, (label,)))

    def read(self, group: int) -> pa.ChunkedArray:
        """The encoded images of a row group, null where there are none."""
        with refusing(BadImages, f"{self.file}: cannot be read", _DAMAGED), self._open() as parquet:
            column = parquet.read_row_group(group, columns=[self.image]).column(0)
            if len(column) != self.rows[group]:
                raise ValueError("it has changed since it was opened")
        if pa.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0:
            column = pc.struct_field(column, "bytes")
        if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
            first = sum(self.rows[:group])
            raise BadImages(
                f"{self.file}: row {first}: no image bytes, column {self.image} holds {column.type}",
                "images must be stored as encoded files, with their bytes",
            )
        return column

    def _labels(self, name: str) -> Labels | None:
        with refusing(BadImages, f"{self.file}: cannot be read", _DAMAGED), self._open() as parquet:
            column = parquet.read([name]).column(0)
        if column.null_count == len(column):
            return None
        where = f"{self.file}: column {name}"
        if not pa.types.is_integer(column.type):
            raise BadImages(f"{where} holds {column.type}", "labels must be integers, one for each image")
        if column.null_count:
            row = next(i for i, value in enumerate(column) if not value.is_valid)
            raise BadImages(
                f"{where}: row {row} has no label, but others have one", "give every image a label, or none"
            )
        values: NDArray[Any] = column.to_numpy()
        return values.astype(np.int64)

    def captions(self, wanted: Sequence[str], may_lack: bool) -> Captions | None:
        """The texts of the first such column; of none, and of one that is empty or no text, none."""
        with refusing(BadImages, f"{self.file}: cannot be read", _DAMAGED), self._open() as parquet:
            schema = parquet.schema_arrow
            if may_lack and not any(name in schema.names for name in wanted):
                return None
            name = self._column(schema, wanted)
            kind = schema.field(name).type
            if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                if may_lack:
                    return None
                raise BadImages(
                    f"{self.file}: column {name} holds {kind}", "captions must be strings, one for each image"
                )
            column = parquet.read([name]).column(0)
        if column.null_count == len(column):
            return None
        if column.null_count:
            row = next(i for i, value in enumerate(column) if not value.is_valid)
            raise BadImages(
                f"{self.file}: column {name}: row {row} has no caption, but others have one",
                "give every image a caption, or none",
            )
        return tuple(column.to_pylist())

    def _column(self, schema: pa.Schema, wanted: Sequence[str]) -> str:
        found = next((name for name in wanted if name in schema.names), None)
        if found is None:
            columns = ", ".join(schema.names)
            raise BadImages(f"{self.file}: no column named {' or '.join(wanted)} among {columns}", "rename the column")
        return found

    def _open(self) -> pq.ParquetFile:
        # Read ahead, all row groups that are asked for would be in memory at once.
        return pq.ParquetFile(self.file, pre_buffer=False)


def _captions(name: str, tables: Sequence[_Table], wanted: Sequence[str], may_lack: bool) -> Captions | None:
    found = [table.captions(wanted, may_lack) for table in tables] if wanted else []
    if not found or all(captions is None for captions in found):
        return None
    without = next((t.file for t, captions in zip(tables, found, strict=True) if captions is None), None)
    if without is not None:
        raise BadImages(f"{name}: {without} has no captions, but others have", "give every image a caption, or none")
    return tuple(text for captions in found for text in captions or ())


def _one_kind(name: str, labels: Sequence[tuple[str, Labels | None]]) -> Labels | None:
    """The labels of all files; a mixture of files with and without is an error."""
    without = next((file for file, found in labels if found is None), None)
    if without is None:
        return np.concatenate([found for _, found in labels if found is not None]) if labels else None
    labelled = next((file for file, found in labels if found is not None), None)
    if labelled is not None:
        raise BadImages(f"{name}: {without} has no labels, {labelled} has", "give every image a label, or none")
    return None
