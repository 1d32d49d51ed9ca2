"""Labels and captions of image files: from their folders, from a `dataset.json`, or from a CSV.

A `dataset.json` is as StyleGAN's tools write it. A CSV is as Hugging Face's `imagefolder` has it: one row a file, with
a column of file names, and a column of labels, one of captions, or both.
"""

from __future__ import annotations

import csv
import io
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadImages
from ...core.serialization import parse_json
from ..images import Captions, Labels
from .damage import refusing

LIST = "dataset.json"
TABLES = ("metadata.csv", "labels.csv")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "image": ("file_name", "file", "filename"),
    "label": ("label",),
    "caption": ("caption", "text"),
}
LARGEST = 2**31  # of a label: more is a mistake
_FORM = "its form: a head `file_name,label,text` and one row for each image, or `file_name,label`, or `file_name,text`"


@dataclass(frozen=True)
class Said:
    """What is said of images beside their pixels."""

    labels: Labels | None = None
    captions: Captions | None = None


def labels_of_folders(where: str, names: Sequence[str]) -> Labels | None:
    """Labels of files by their POSIX names: the folders they lie in, sorted by name, are the classes 0, 1, ...

    Folders that all files share are no classes, nor are those below a class.

    Raises:
        BadImages: some files lie in folders and others beside them.

    >>> labels_of_folders("x", ["set/cat/1.png", "set/dog/a/1.png", "set/dog/b/1.png"])
    array([0, 1, 1])
    >>> labels_of_folders("x", ["set/1.png", "set/2.png"]) is None
    True
    """
    folders = [PurePosixPath(name).parent.parts for name in names]
    depth = _shared(folders)
    below = [parts[depth] if len(parts) > depth else "" for parts in folders]
    classes = sorted(set(below))
    if len(classes) < 2:
        return None
    if not classes[0]:
        loose, sorted_in = names[below.index("")], names[next(i for i, c in enumerate(below) if c)]
        raise BadImages(
            f"{where}: {loose} lies beside the folder of {sorted_in}",
            "subfolders give the labels: put every image in the folder of its class, or all images in one folder",
        )
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number[name] for name in below], np.int64)


def labels_of_list(where: str, data: bytes, names: Sequence[str]) -> Labels | None:
    """Labels of files by the `labels` of a `dataset.json`: pairs of name and class, or null for none.

    Raises:
        BadImages: another form, or a file that is not in the list.
    """
    hint = 'its form: {"labels": [["folder/name.png", 0], ...]}, or {"labels": null} for images without labels'
    try:
        found: Any = parse_json(data, Path(where))
        listed = found["labels"] if isinstance(found, dict) else found
        if listed is None:
            return None
        by_name = {str(name): label for name, label in listed}
    except (ValueError, TypeError, KeyError) as e:
        raise BadImages(f"{where}: not a list of labels", hint) from e
    for name in names:
        if name not in by_name:
            raise BadImages(f"{where}: no label for {name}", hint)
        label = by_name[name]
        if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < LARGEST:
            shown = reprlib.repr(label)
            raise BadImages(f"{where}: the label of {name} is {shown}, not an integer from 0", hint)
    return np.array([by_name[name] for name in names], np.int64)


def whole_labels(values: NDArray[Any], where: str) -> Labels:
    """Labels of an array of integers as int64.

    Raises:
        BadImages: a label beyond what any set of classes has.
    """
    if len(values) and int(values.max()) >= LARGEST:
        raise BadImages(f"{where}: the label {int(values.max())}", f"labels are below {LARGEST:,}")
    labels: Labels = values.astype(np.int64)
    return labels


def said_by_table(where: str, data: bytes, names: Sequence[str], columns: Mapping[str, str]) -> Said:
    """Labels and captions of files by their POSIX names, in the order of the names, from a CSV.

    Args:
        columns: what the columns of `image`, `label` and `caption` are called, where not as in `COLUMNS`.

    Raises:
        BadImages: another form, a file without a row, a row without a file, or a label that is no whole number.
    """
    with refusing(BadImages, f"{where}: not a CSV of labels", _FORM):
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        head = next(rows, [])
        at = {kind: _position(where, head, columns, kind) for kind in COLUMNS}
        file, said = at.pop("image"), {kind: place for kind, place in at.items() if place is not None}
        if file is None or not said:
            raise BadImages(f"{where}: the columns are {', '.join(head) or 'none'}", _FORM)
        wanted, cells = set(names), dict[str, tuple[str, ...]]()
        for line, row in enumerate((row for row in rows if row), start=2):
            if len(row) != len(head):
                raise BadImages(f"{where}: row {line} does not have {len(head)} fields", _FORM)
            name = row[file].replace("\\", "/").removeprefix("./")
            if name in cells:
                raise BadImages(f"{where}: row {line} is for {name}, like an earlier row", "give every image one row")
            if name not in wanted:
                hint = "restore the file, or remove the row"
                raise BadImages(f"{where}: a row for {name}, which does not exist", hint)
            cells[name] = tuple(row[place] for place in said.values())
    bare = next((name for name in names if name not in cells), None)
    if bare is not None:
        raise BadImages(f"{where}: no row for {bare}", _FORM)
    filled = {
        kind: _filled(where, head[place], {name: cells[name][i] for name in names})
        for i, (kind, place) in enumerate(said.items())
    }
    captions = filled.get("caption")
    return Said(_numbers(where, filled.get("label")), tuple(captions.values()) if captions else None)


def _position(where: str, head: Sequence[str], columns: Mapping[str, str], kind: str) -> int | None:
    if kind in columns and columns[kind] not in head:
        raise BadImages(f"{where}: no column {columns[kind]!r} among {', '.join(head)}", "rename the column")
    wanted = (columns[kind],) if kind in columns else COLUMNS[kind]
    return next((head.index(name) for name in wanted if name in head), None)


def _filled(where: str, column: str, cells: Mapping[str, str]) -> Mapping[str, str] | None:
    """The cells of a column, or none where all are empty."""
    empty = [name for name, cell in cells.items() if not cell.strip()]
    if len(empty) == len(cells):
        return None
    if empty:
        problem = f"{where}: no {column} for {empty[0]}, but others have one"
        raise BadImages(problem, f"give every image a {column}, or none")
    return cells


def _numbers(where: str, cells: Mapping[str, str] | None) -> Labels | None:
    if cells is None:
        return None
    for name, cell in cells.items():
        if not (cell.strip().isascii() and cell.strip().isdecimal() and len(cell) < 12 and int(cell) < LARGEST):
            raise BadImages(f"{where}: the label of {name} is {cell!r}, not an integer from 0", _FORM)
    return np.array([int(cell) for cell in cells.values()], np.int64)


def _shared(folders: Sequence[tuple[str, ...]]) -> int:
    """How many leading folders all files share."""
    if not folders:
        return 0
    low, high = min(folders), max(folders)
    return next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
