"""The manifest of a submission: which images were measured, by digest, and none of them.

`<id>.manifest.json` stands beside `<id>.json`. With it whoever keeps the images shows later that they are the ones, run
by run; it names no path of the machine it was made on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ...benchmarks.shards import SHARD
from ...core.newer import refuse_newer
from ...core.serialization import canonical_json, read_json
from ...core.validation import bad_entry
from ...registry.images import Images, ImageSource, sequence_digest
from ...registry.schema import Sha256, Shape, Strict
from ..storage.records import MANIFEST


class Chunk(Strict):
    """A run of the images, and the digest of their records in order."""

    file: str | None = None  # of samples that genboard drew: the name of the shard
    first: int = Field(ge=0)
    count: int = Field(ge=1)
    digest: Sha256


class Manifest(Strict):
    """What was measured: how many images, of which shape, and the one digest over all of them in order."""

    schema_: int = Field(1, alias="schema", ge=1, le=1)
    n: int = Field(ge=1)
    shape: Shape
    digest: Sha256
    spec_id: Sha256 | None = None  # of samples that genboard drew: SHA-256 of what they were drawn by
    chunks: tuple[Chunk, ...] = Field(min_length=1)

    def encode(self) -> bytes:
        return canonical_json(self.model_dump(mode="json", by_alias=True))


def manifest_path(result_path: Path) -> Path:
    return result_path.with_suffix(MANIFEST)


def manifest_of_samples(drawn: dict[str, Any]) -> Manifest:
    """The manifest of samples that genboard drew, from the one that stands with them."""
    chunks = tuple(Chunk.model_validate({key: shard[key] for key in Chunk.model_fields}) for shard in drawn["shards"])
    return Manifest(
        schema=1, n=drawn["n"], shape=drawn["shape"], digest=drawn["digest"], spec_id=drawn["spec_id"], chunks=chunks
    )


def manifest_of_images(images: ImageSource) -> Manifest:
    """The manifest of images that somebody gave."""
    chunks: list[Chunk] = []
    shapes: set[Shape] = set()

    def watched() -> Iterator[Images]:
        for run in images.runs(SHARD):
            first = chunks[-1].first + chunks[-1].count if chunks else 0
            chunks.append(Chunk(first=first, count=len(run), digest=sequence_digest(iter([run]))))
            shapes.add(run.shape)
            yield run

    digest = sequence_digest(watched())
    (shape,) = shapes
    return Manifest(schema=1, n=images.count, shape=shape, digest=digest, chunks=tuple(chunks))


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file.

    Raises:
        BadEntry: `path: field: problem`.
    """
    value = read_json(path)
    refuse_newer(value, path, 1)
    try:
        return Manifest.model_validate(value)
    except ValidationError as e:
        raise bad_entry(path, e, "write it again: genboard submit") from e
