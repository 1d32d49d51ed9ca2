"""Labels of image files, from the folders they lie in or from the `dataset.json` that StyleGAN's tools write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ...core.errors import BadImages
from ...core.files import parse_json
from ..images import Labels

LIST = "dataset.json"
LARGEST = 2**31  # of a label: more is a mistake


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
    missing = next((name for name in names if name not in by_name), None)
    if missing is not None:
        raise BadImages(f"{where}: no label for {missing}", hint)
    wrong = next((name for name in names if not is_label(by_name[name])), None)
    if wrong is not None:
        raise BadImages(f"{where}: the label of {wrong} is {by_name[wrong]!r}, not an integer from 0", hint)
    return np.array([by_name[name] for name in names], np.int64)


def is_label(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST


def _shared(folders: Sequence[tuple[str, ...]]) -> int:
    """How many leading folders all files share."""
    if not folders:
        return 0
    low, high = min(folders), max(folders)
    return next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
