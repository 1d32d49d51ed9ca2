"""Labels and captions of image files from a CSV beside them, as Hugging Face's `imagefolder` has it, or from one given.

One row a file: a column of file names, a column of labels, a column of captions, or both.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...core.errors import BadImages
from ..images import Captions, Labels
from .damage import refusing
from .labels import LARGEST

TABLES = ("metadata.csv", "labels.csv")  # looked for beside the images
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "image": ("file_name", "file", "filename"),
    "label": ("label",),
    "caption": ("caption", "text"),
}
_FORM = "its form: a head `file_name,label,text` and one row for each image, or `file_name,label`, or `file_name,text`"


@dataclass(frozen=True)
class Said:
    """What is said of images beside their pixels."""

    labels: Labels | None = None
    captions: Captions | None = None


def read_table(where: str, data: bytes, names: Sequence[str], columns: Mapping[str, str]) -> Said:
    """Labels and captions of files by their POSIX names, in the order of the names.

    Args:
        columns: what the columns of `image`, `label` and `caption` are called, where not as in `COLUMNS`.

    Raises:
        BadImages: another form, a file without a row, a row without a file, or a label that is no whole number.
    """
    with refusing(BadImages, f"{where}: not a CSV of labels", _FORM):
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        head = reader.fieldnames or []
        rows = list(reader)
    file = _column(where, head, columns, "image")
    label, caption = _column(where, head, columns, "label"), _column(where, head, columns, "caption")
    if file is None or label is caption is None:
        raise BadImages(f"{where}: the columns are {', '.join(head) or 'none'}", _FORM)
    by_name: dict[str, dict[str, str]] = {}
    for line, row in enumerate(rows, start=2):
        name = str(row[file] or "").replace("\\", "/").removeprefix("./")
        if None in row or None in row.values():
            raise BadImages(f"{where}: row {line} does not have {len(head)} fields", _FORM)
        if name in by_name:
            raise BadImages(f"{where}: row {line} is for {name}, like an earlier row", "give every image one row")
        by_name[name] = row
    bare = next((name for name in names if name not in by_name), None)
    if bare is not None:
        raise BadImages(f"{where}: no row for {bare}", _FORM)
    if len(by_name) > len(names):
        gone = next(name for name in by_name if name not in set(names))
        raise BadImages(f"{where}: a row for {gone}, which does not exist", "restore the file, or remove the row")
    cells = {key: _filled(where, key, [(n, by_name[n][key]) for n in names]) for key in (label, caption) if key}
    captions = cells.get(caption) if caption else None
    return Said(_numbers(where, names, cells.get(label) if label else None), tuple(captions) if captions else None)


def _column(where: str, head: Sequence[str], columns: Mapping[str, str], kind: str) -> str | None:
    if kind in columns:
        if columns[kind] not in head:
            raise BadImages(f"{where}: no column {columns[kind]!r} among {', '.join(head)}", "rename the column")
        return columns[kind]
    return next((name for name in COLUMNS[kind] if name in head), None)


def _filled(where: str, column: str, cells: Sequence[tuple[str, str]]) -> list[str] | None:
    """The cells of a column, or none where all are empty."""
    empty = [name for name, cell in cells if not cell.strip()]
    if len(empty) == len(cells):
        return None
    if empty:
        raise BadImages(
            f"{where}: no {column} for {empty[0]}, but others have one", f"give every image a {column}, or none"
        )
    return [cell for _, cell in cells]


def _numbers(where: str, names: Sequence[str], cells: Sequence[str] | None) -> Labels | None:
    if cells is None:
        return None
    for name, cell in zip(names, cells, strict=True):
        if not (cell.strip().isascii() and cell.strip().isdecimal() and len(cell) < 12 and int(cell) < LARGEST):
            raise BadImages(f"{where}: the label of {name} is {cell!r}, not an integer from 0", _FORM)
    return np.array([int(cell) for cell in cells], np.int64)
