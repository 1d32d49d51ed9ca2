"""The content digest that a data set must have: its entry's, or one recorded on this machine for want of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from ...core.errors import BadEntry, BadImages
from ...core.files import digest_of, home, read_json, sha256, write_json
from ..schema import Dataset, Sha256, Strict
from .index import Index
from .splits import in_order


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
    try:
        return Record.model_validate(read_json(path)).content_digest
    except ValidationError as e:
        raise BadEntry(path, "", e.errors()[0]["msg"], f"delete it, then: genboard dataset record {entry.name}") from e


def record_digest(entry: Dataset, digest: str) -> Path:
    """Keep the digest of an entry that has none: every load is checked against it from now on."""
    path = record_path(entry)
    write_json(path, Record(dataset=entry.name, revision=entry.revision, content_digest=digest).model_dump())
    return path


def record_path(entry: Dataset) -> Path:
    """Where a digest is recorded: another source, revision or conversion is another record."""
    decides = {
        "source": entry.source.model_dump(mode="json"),
        "revision": entry.revision,
        "conversions": list(entry.conversions),
        "parts": entry.parts,
    }
    return home() / "datasets" / entry.name / f"{digest_of(decides)[:12]}.digest.json"


def digest_of_parts(indices: Mapping[str, Index]) -> str:
    """The content digest of a data set: SHA-256 over the sorted digests of the images of all its parts."""
    digests = np.concatenate([index.digests for index in indices.values()])
    return sha256(digests[in_order(digests)].tobytes())


def refuse_other(entry: Dataset, found: str) -> None:
    """Raises BadImages, with both, if the content digest of a data set is known and another."""
    known = known_digest(entry)
    if known not in (None, found):
        where = "its entry says" if entry.content_digest else f"{record_path(entry)} says"
        raise BadImages(
            f"data set {entry.name!r} has content digest {found}, {where} {known}",
            "the source has changed; restore the pinned version, or enter the new one with a new revision",
        )
