"""Images of one folder of a zip or tar archive, with the folders below it as classes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np

from ...core.errors import BadImages
from .. import limits
from ..conversions import check_names
from ..images import ImageSource, Labels
from .containers import File, files_of_zip, images_among, reading
from .damage import size_of
from .decode import ENDINGS, source_of_files
from .tars import files_of_tar

# How a compressed tar begins; a plain one says what it is within, and a zip at its end.
_MAGIC = {".gz": b"\x1f\x8b", ".tgz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\x00"}
_USTAR = slice(257, 262)


def open_archive(
    path: Path, folder: str, classes: Sequence[str] = (), conversions: Sequence[str] = (), skip: bool = False
) -> ImageSource:
    """The images below a folder of an archive, in the order of their names, read from the archive as they are needed.

    Args:
        folder: its name in the archive, with forward slashes; empty: the archive itself.
        classes: what the folders below it are called, whose position is the label; none: images are unlabelled.
        skip: leave out image files of formats that are not read, which are an error otherwise.

    Raises:
        UnknownName: no such conversion.
        BadImages: no archive, one that `files_of_zip` or `files_of_tar` refuses, no such folder, or folders that are
            not the classes.
    """
    check_names(conversions)
    start = f"{folder.strip('/')}/" if folder.strip("/") else ""
    size_of(path, BadImages)
    files = _files(path, path.stat().st_size, path.stat().st_mtime_ns)
    below = [File(file.name.removeprefix(start), file.told, file.read) for file in files if file.name.startswith(start)]
    where = f"{path}: {start}" if start else str(path)
    _, images = images_among(where, below, skip)
    if not images:
        raise BadImages(f"{where}: it contains no images", _folders(files))
    if len(images) > limits.IMAGES:
        raise BadImages(f"{where}: {len(images):,} images", f"the limit is {limits.IMAGES:,}")
    labels = _labels(where, images, classes) if classes else None
    source = source_of_files(where, len(images), reading(images), labels, conversions)
    return replace(source, skipped=tuple(sorted({file.name for file in below} - {image.name for image in images})))


@lru_cache(maxsize=1)  # the parts of a data set are in one archive
def _files(path: Path, size: int, changed: int) -> Sequence[File]:
    return files_of_zip(path) if path.suffix.lower() == ".zip" else files_of_tar(path)


def is_archive(name: str, data: bytes) -> bool:
    """Whether bytes begin, or end, as an archive of that name does."""
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".zip":
        return zipfile.is_zipfile(io.BytesIO(data))
    return data.startswith(_MAGIC[ending]) if ending in _MAGIC else data[_USTAR] == b"ustar"


def _labels(where: str, images: Sequence[File], classes: Sequence[str]) -> Labels:
    number = {name: i for i, name in enumerate(classes)}
    found = [image.name.partition("/")[0] if "/" in image.name else "" for image in images]
    for image, name in zip(images, found, strict=True):
        if name not in number:
            problem = f"lies in the folder {name!r}" if name else "lies in no folder of a class"
            raise BadImages(f"{where}: {image.name} {problem}", f"the classes of the entry: {', '.join(classes)}")
    missing = [name for name in classes if name not in set(found)]
    if missing:
        raise BadImages(
            f"{where}: no folder of images for the class {missing[0]!r}",
            f"the folders are: {', '.join(sorted(set(found)))}",
        )
    return np.array([number[name] for name in found], np.int64)


def _folders(files: Sequence[File]) -> str:
    """A hint that names the folders of an archive that hold others or images, the first of them."""
    found = sorted({str(parent) for file in files if file.ending in ENDINGS for parent in _parents(file.name)})
    if not found:
        return f"supported endings: {', '.join(sorted(ENDINGS))}"
    return f"its folders: {', '.join(found[:8])}{', ...' if len(found) > 8 else ''}"


def _parents(name: str) -> list[PurePosixPath]:
    return [parent for parent in PurePosixPath(name).parents if parent.parts]
