"""Images in Parquet, as Hugging Face `datasets` and `genboard sample` write them: a column of encoded files.

Memory holds the labels and the row groups of late, never a whole file.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...core.errors import BadImages
from .. import limits
from ..images import ImageSource
from .damage import refusing, size_of
from .decode import source_of_files
from .labels import whole_labels

KEPT = 128 * 2**20  # bytes of encoded images: row groups that were read last
_DAMAGED = "the file is truncated or damaged: write it again"


@dataclass(frozen=True)
class Column:
    """A column that is looked for: the names that it may have, and whether it must be there."""

    names: tuple[str, ...]
    needed: bool = False


IMAGE = Column(("image", "img"), needed=True)
LABEL = Column(("label",))
CAPTION = Column(("caption", "text"))


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
    image, label, caption = (
        Column((columns[kind],), needed=True) if kind in columns else default
        for kind, default in (("image", IMAGE), ("label", LABEL), ("caption", CAPTION))
    )
    return open_files(str(path), files, image, label, caption, conversions)


def open_files(
    name: str,
    files: Sequence[Path],
    image: Column,
    label: Column | None = None,
    caption: Column | None = None,
    conversions: Sequence[str] = (),
) -> ImageSource:
    """The images of Parquet files in that order, with the labels and captions that are asked for.

    Raises:
        BadImages: as `open_parquet`.
    """
    tables = [_Table(file, image) for file in files]
    count = sum(rows for table in tables for rows in table.rows)
    if count > limits.IMAGES:
        raise BadImages(f"{name}: {count:,} rows", f"the limit is {limits.IMAGES:,}")
    labels = _joined(name, "label", label, tables)
    captions = _joined(name, "caption", caption, tables)
    groups = [(table, group) for table in tables for group in range(len(table.rows))]
    starts = np.cumsum([0, *(rows for table in tables for rows in table.rows)])
    kept: OrderedDict[int, pa.ChunkedArray] = OrderedDict()

    def encoded(i: int) -> tuple[str, bytes]:
        at = int(np.searchsorted(starts, i, side="right")) - 1
        table, group = groups[at]
        if at in kept:
            kept.move_to_end(at)
        else:
            kept[at] = table.read(group)
            while len(kept) > 1 and sum(g.nbytes for g in kept.values()) > KEPT:
                kept.popitem(last=False)
        row = i - int(starts[at])
        where = f"{table.file}: row {row + sum(table.rows[:group])}"
        data = kept[at][row].as_py()
        if data is not None and len(data) > limits.ENCODED:
            raise BadImages(f"{where}: {len(data):,} bytes", f"the limit is {limits.ENCODED:,}")
        if data is None:
            raise BadImages(f"{where}: no image bytes", "images must be stored as encoded files, with their bytes")
        return where, data

    return source_of_files(
        name,
        count,
        encoded,
        None if labels is None else np.concatenate([whole_labels(c.to_numpy(), f"{name}: a label") for c in labels]),
        conversions,
        None if captions is None else tuple(text for column in captions for text in _texts(name, column)),
    )


class _Table:
    """One file: its column of images, and the rows of each row group."""

    dictionaries: Sequence[str] = ()

    def __init__(self, file: Path, image: Column) -> None:
        self.file = file
        size_of(file, BadImages)
        with refusing(BadImages, f"{file}: not a Parquet file", _DAMAGED), self._open() as parquet:
            meta = parquet.metadata
            self.rows = [meta.row_group(g).num_rows for g in range(meta.num_row_groups) if meta.num_rows]
            self.image = str(self._column(parquet.schema_arrow, image))
            leaves = (meta.schema.column(i) for i in range(meta.num_columns))
            # A cell that a file says once for many rows is then in memory once.
            self.dictionaries = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]

    def read(self, group: int) -> pa.ChunkedArray:
        """The encoded images of a row group, null where there are none."""
        with refusing(BadImages, f"{self.file}: cannot be read", _DAMAGED), self._open() as parquet:
            self._refuse_large(parquet.metadata, group, self.image)
            column = parquet.read_row_group(group, columns=[self.image]).column(0)
            if len(column) != self.rows[group]:
                raise ValueError("it has changed since it was opened")
        if pa.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0:
            column = pc.struct_field(column, "bytes")
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            first = sum(self.rows[:group])
            raise BadImages(
                f"{self.file}: row {first}: no image bytes, column {self.image} holds {kind}",
                "images must be stored as encoded files, with their bytes",
            )
        return column

    def said(self, what: Literal["label", "caption"], wanted: Column) -> pa.ChunkedArray | None:
        """The labels or captions of all rows; none where there is no such column, or an empty one."""
        with refusing(BadImages, f"{self.file}: cannot be read", _DAMAGED), self._open() as parquet:
            name = self._column(parquet.schema_arrow, wanted)
            for group in range(parquet.metadata.num_row_groups if name else 0):
                self._refuse_large(parquet.metadata, group, str(name))
            column = parquet.read([name]).column(0) if name else None
        if column is None or column.null_count == len(column):
            return None
        held = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        texts = pa.types.is_string(held) or pa.types.is_large_string(held)
        if not (texts if what == "caption" else pa.types.is_integer(held)):
            if what == "caption" and not wanted.needed:  # a column `text` may be anything
                return None
            kind = "strings" if what == "caption" else "integers"
            raise BadImages(f"{self.file}: column {name} holds {held}", f"{what}s must be {kind}, one for each image")
        if column.null_count:
            row = column.is_null().index(True).as_py()
            raise BadImages(
                f"{self.file}: column {name}: row {row} has no {what}, but others have one",
                f"give every image a {what}, or none",
            )
        return column

    def _refuse_large(self, meta: pq.FileMetaData, group: int, name: str) -> None:
        columns = (meta.row_group(group).column(i) for i in range(meta.num_columns))
        size = sum(c.total_uncompressed_size for c in columns if c.path_in_schema.partition(".")[0] == name)
        if size > limits.ROW_GROUP:
            problem = f"{self.file}: row group {group}: {size:,} bytes in column {name}"
            raise BadImages(problem, f"the limit is {limits.ROW_GROUP:,}: write it again with smaller row groups")

    def _column(self, schema: pa.Schema, wanted: Column) -> str | None:
        found = next((name for name in wanted.names if name in schema.names), None)
        if found is None and wanted.needed:
            problem = f"no column named {' or '.join(wanted.names)} among {', '.join(schema.names)}"
            raise BadImages(f"{self.file}: {problem}", "rename the column")
        return found

    def _open(self) -> pq.ParquetFile:
        # Read ahead, all row groups that are asked for would be in memory at once.
        return pq.ParquetFile(self.file, pre_buffer=False, read_dictionary=self.dictionaries)


def _texts(name: str, column: pa.ChunkedArray) -> Iterator[str]:
    """The texts of a column; equal ones are one object."""
    for chunk in column.dictionary_encode().chunks:
        known = chunk.dictionary.to_pylist()
        longest = max((len(text.encode()) for text in known), default=0)
        if longest > limits.TEXT:
            raise BadImages(f"{name}: a caption of {longest:,} bytes", f"the limit is {limits.TEXT:,}")
        yield from (known[i] for i in chunk.indices.to_pylist())


def _joined(
    name: str, what: Literal["label", "caption"], wanted: Column | None, tables: Sequence[_Table]
) -> list[pa.ChunkedArray] | None:
    """The labels or captions of each file; a mixture of files with and without is an error."""
    found = [(table.file, table.said(what, wanted)) for table in tables if table.rows] if wanted else []
    columns = [column for _, column in found if column is not None]
    if columns and len(columns) < len(found):
        without, having = (next(f for f, column in found if (column is None) == lacks) for lacks in (True, False))
        raise BadImages(f"{name}: {without} has no {what}s, {having} has", f"give every image a {what}, or none")
    return columns or None
