"""What is known of every image of a part: its digest and its label, 40 bytes, kept in the user's data folder.

The index is all that has to be in memory to cut splits, to check a data set, and to know each image again when it is
read. Making it reads the part once. The digest of all parts together must be the entry's, or the one recorded on this
machine if it has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ...core.errors import BadEntry, BadImages
from ...core.files import home, locked, remove, sha256, write_bytes
from ...core.progress import bar
from ...core.serialization import digest_of, read_json, write_json
from ...core.validation import field_and_problem
from ..images import ImageSource, Labels, example_digests, expect_shape
from ..schema import Archive, Dataset, Embedded, Sha256, Strict

FORMAT = 1
RUN = 256
_BEFORE = (("skip", False), ("caption", None))
Digests = NDArray[np.uint8]  # shape (n, 32)


@dataclass(frozen=True)
class Index:
    """Digests and labels of a part's images, in the order they are stored."""

    digests: Digests
    labels: Labels | None

    def __len__(self) -> int:
        return len(self.digests)


def index_of(entry: Dataset, part: str, source: ImageSource, fresh: bool = False) -> Index:
    """The index of a part: the kept one, or made now and kept.

    Args:
        fresh: make it again, whatever is kept.

    Raises:
        BadImages: an image that is not as the entry says.
        CannotWrite: no place to keep it.
    """
    if isinstance(entry.source, Embedded):
        return make_index(entry, part, source)
    path = index_path(entry, part)
    with locked(path.with_suffix(".lock"), f"reading data set {entry.name!r}"):  # and its index is taken
        kept = None if fresh else _read(path, entry.parts[part])
        if kept is None:
            kept = make_index(entry, part, source)
            _write(path, kept)
        return kept


def forget_index(entry: Dataset, part: str) -> None:
    remove(index_path(entry, part))


def index_path(entry: Dataset, part: str) -> Path:
    """Where an index is kept: another source, revision, conversion or set of classes is another file."""
    decides = {"format": FORMAT, "shape": list(entry.shape), "classes": len(entry.classes)}
    return _beside(entry, f"{part}-", decides, ".index")


def _beside(entry: Dataset, start: str, decides: Mapping[str, Any], ending: str) -> Path:
    """A file in the data folder, named by where the images come from and by what else decides."""
    source = entry.source.model_dump(mode="json")
    origin = {
        # A set that leaves nothing out, or has no captions, is the one that it was before it could.
        "source": {key: value for key, value in source.items() if (key, value) not in _BEFORE},
        "revision": entry.revision,
        "conversions": list(entry.conversions),
    }
    return home() / "datasets" / entry.name / f"{start}{digest_of({**origin, **decides})[:12]}{ending}"


def make_index(entry: Dataset, part: str, source: ImageSource) -> Index:
    """The index of a part, from reading all of it.

    Raises:
        BadImages: an image of another shape than the entry's, or a label outside its classes.
    """
    digests = np.empty((source.count, hashlib.sha256().digest_size), np.uint8)
    labels = np.empty(source.count, np.int64) if entry.classes else None
    with bar(f"index of {source.name}", source.count, "image") as progress:
        start = 0
        if source.count:  # before many images of another size are in memory at once
            expect_shape(source.read(0, 1), entry.shape, source.name)
        for images in source.runs(RUN):
            stop = start + len(images)
            expect_shape(images, entry.shape, source.name)
            digests[start:stop] = as_rows(example_digests(images))
            if labels is not None:
                labels[start:stop] = _checked(entry, source.name, images.labels, start)
            start = stop
            progress.update(len(images))
    return Index(digests, labels)


def as_rows(digests: Sequence[bytes]) -> Digests:
    """Digests below one another, uint8, shape (n, bytes)."""
    return np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)


def _checked(entry: Dataset, name: str, labels: Labels | None, start: int) -> Labels:
    if labels is None:
        raise BadImages(
            f"{name}: it has no labels, but its entry lists {len(entry.classes)} classes",
            "remove `classes` from the entry",
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= len(entry.classes)))
    if len(wrong):
        raise BadImages(
            f"{name}: image {start + wrong[0]} has label {labels[wrong[0]]}, not 0..{len(entry.classes) - 1}",
            "many data sets use -1 for 'no label'; remove such a part from the entry",
        )
    return labels


def _write(path: Path, index: Index) -> None:
    arrays = {"digests": index.digests} | ({} if index.labels is None else {"labels": index.labels})
    write_bytes(path, save(arrays, {"sha256": _digest(index)}))


def _read(path: Path, count: int) -> Index | None:
    """The kept index; none where there is none, or one that is not whole: it is made again from the images."""
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as f:
            expected = (f.metadata() or {}).get("sha256")
            arrays = {name: f.get_tensor(name) for name in f.keys()}
    except (SafetensorError, OSError):
        return None
    index = Index(arrays.get("digests", np.empty((0, 32), np.uint8)), arrays.get("labels"))
    return index if len(index) == count and _digest(index) == expected else None


def _digest(index: Index) -> str:
    whole = hashlib.sha256(index.digests.tobytes())
    whole.update(b"-" if index.labels is None else index.labels.tobytes())
    return whole.hexdigest()


class Record(Strict):
    """What `genboard dataset record` leaves."""

    schema_version: int = 1
    dataset: str
    revision: str
    content_digest: Sha256


def known_digest(entry: Dataset) -> str | None:
    """The content digest of a data set, from its entry or recorded here; none: not yet recorded.

    Raises:
        BadEntry: a record that does not parse.
    """
    if entry.content_digest is not None:
        return entry.content_digest
    path = record_path(entry)
    if not path.exists():
        return None
    hint = f"delete it, then: genboard dataset record {entry.name}"
    try:
        return Record.model_validate(read_json(path)).content_digest
    except ValidationError as e:
        raise BadEntry(path, "", field_and_problem(e.errors()[0])[1], hint) from e
    except BadEntry as e:
        raise BadEntry(path, "", e.fact.removeprefix(f"{path}: "), hint) from e


def record_digest(entry: Dataset, digest: str) -> Path:
    """Keep the digest of an entry that has none: every load is checked against it from now on."""
    path = record_path(entry)
    write_json(path, Record(dataset=entry.name, revision=entry.revision, content_digest=digest).model_dump())
    return path


def record_path(entry: Dataset) -> Path:
    """Where a digest is recorded: another source, revision or conversion is another record."""
    return _beside(entry, "", {"parts": entry.parts}, ".digest.json")


def in_order(digests: Digests) -> NDArray[np.int64]:
    """The positions of digests from the smallest to the largest, compared as bytes."""
    return np.lexsort(digests.T[::-1])


def digest_of_parts(indices: Mapping[str, Index]) -> str:
    """The content digest of a data set: SHA-256 over the sorted digests of the images of all its parts."""
    digests = np.concatenate([index.digests for index in indices.values()])
    return sha256(digests[in_order(digests)].tobytes())


def refuse_other(entry: Dataset, found: str) -> None:
    """Raises BadImages, with both, if the content digest of a data set is known and another."""
    known = known_digest(entry)
    if known not in (None, found):
        where = "its entry says" if entry.content_digest else f"{record_path(entry)} says"
        hint = "the source has changed; restore the pinned version, or enter the new one with a new revision"
        if isinstance(entry.source, Archive):
            from .archives import place_of_archive

            hint = f"it holds other images: delete {place_of_archive(entry.source)}, and it is downloaded again"
        raise BadImages(f"data set {entry.name!r} has content digest {found}, {where} {known}", hint)
