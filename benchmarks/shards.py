"""Samples on disk: Parquet shards that Hugging Face `datasets` reads as images, and the manifest that binds them.

A shard is an index range. It is written whole or not at all. It carries the specification it was drawn by, so that a
shard of another run is never taken for one of this, and the digest of its bytes, so that a damaged one is drawn again.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from ..core.errors import BadSamples
from ..core.files import read_bytes, write_bytes
from ..core.seal import BLANK, OTHER_BYTES, seal_holds, sealed
from ..core.serialization import canonical_json
from ..registry.generators import Draw
from ..registry.images import MODES, Images, ImageSource, joined, records
from ..registry.schema import Shape
from ..registry.sources.damage import first_line, refusing

_FEATURES = {
    "index": {"dtype": "int64", "_type": "Value"},
    "label": {"dtype": "int64", "_type": "Value"},
    "seed": {"dtype": "int64", "_type": "Value"},
    "image": {"_type": "Image"},
}
_SCHEMA = pa.schema(
    [
        ("index", pa.int64()),
        ("label", pa.int64()),
        ("seed", pa.int64()),
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    ]
)
_CAPTION = {"caption": {"dtype": "string", "_type": "Value"}}
_SPEC = b"genboard.spec"
_SEAL = "genboard.seal"
SHARD = 128  # samples: what is lost at most when a run is killed, or a batch where that is larger


@dataclass(frozen=True)
class ShardPath:
    """Where a shard goes, and which samples it holds."""

    path: str
    start: int
    stop: int

    def __str__(self) -> str:
        return f"{Path(self.path).name} (samples {self.start} to {self.stop - 1})"


def shards_in(folder: Path, n: int) -> list[ShardPath]:
    """The shards of n samples, there or not."""
    starts = range(0, n, SHARD)
    paths = [folder.absolute() / shard_name(number, len(starts)) for number in range(len(starts))]
    return [ShardPath(str(path), start, min(start + SHARD, n)) for path, start in zip(paths, starts, strict=True)]


def shard_name(number: int, total: int) -> str:
    return f"samples-{number:05d}-of-{total:05d}.parquet"


def write_shard(path: Path, images: Images, tickets: list[Draw], spec_id: str) -> None:
    write_bytes(path, shard_bytes(images, tickets, spec_id))


def shard_bytes(images: Images, tickets: list[Draw], spec_id: str) -> bytes:
    """One shard: index, label, seed and the image as PNG, and the captions where they were asked for."""
    columns = {
        "index": [t.index for t in tickets],
        "label": [t.label for t in tickets],
        "seed": [t.sample_seed for t in tickets],
        "image": [
            {"bytes": png(pixels), "path": f"{t.index:06d}.png"}
            for t, pixels in zip(tickets, images.pixels, strict=True)
        ],
    }
    features, schema = _FEATURES, _SCHEMA
    if images.captions is not None:
        columns["caption"] = list(images.captions)
        features, schema = _FEATURES | _CAPTION, _SCHEMA.append(pa.field("caption", pa.string()))
    metadata = {b"huggingface": canonical_json({"info": {"features": features}}), _SPEC: spec_id.encode()}
    table = pa.table(columns, schema=schema.with_metadata(metadata))
    buffer = pa.BufferOutputStream()
    with pq.ParquetWriter(buffer, table.schema, compression="none") as writer:  # PNG is compressed already
        writer.write(table)
        writer.add_key_value_metadata({_SEAL: BLANK})
    return sealed(buffer.getvalue().to_pybytes())


def read_shard(path: Path, spec_id: str, shape: Shape, first: int, count: int | None = None) -> Images:
    """The images of a shard that was drawn by that specification and starts at sample `first`.

    Args:
        count: how many it must hold; any number by default.

    Raises:
        BadSamples: not such a shard, or a damaged one.
    """
    data = read_bytes(path)
    if seal_holds(data) is False:
        raise BadSamples(f"{path}: {OTHER_BYTES}", _DAMAGED)
    with refusing(BadSamples, f"{path}: cannot be read", _DAMAGED):
        return _parse(data, path, spec_id, shape, first, count)


def damage(shard: ShardPath, spec_id: str, shape: Shape, digest: str | None) -> str | None:
    """What is wrong with a file that once was a shard; none if nothing is.

    Args:
        digest: over its samples, as the manifest has it; that alone tells of shards from before they had seals.

    Raises:
        BadSamples: it is a shard, and another.
    """
    path = Path(shard.path)
    data = read_bytes(path)
    holds = seal_holds(data)
    if holds is not None:
        return None if holds else OTHER_BYTES
    try:
        images = _parse(data, path, spec_id, shape, shard.start, shard.stop - shard.start)
    except (BadSamples, MemoryError):
        raise
    except Exception as e:  # whatever a parser raises over damaged bytes
        return f"cannot be read: {first_line(e)}"
    return None if digest in (None, digest_of_samples(images)) else "its samples are not those of the manifest"


def digest_of_samples(images: Images) -> str:
    """Over shape, mode, pixels and label of each."""
    found = hashlib.sha256()
    for record in records(images):
        found.update(record)
    return found.hexdigest()


def _parse(data: bytes, path: Path, spec_id: str, shape: Shape, first: int, count: int | None) -> Images:
    table = pq.read_table(pa.BufferReader(data))
    found = (table.schema.metadata or {}).get(_SPEC, b"none").decode()
    if found != spec_id:
        raise BadSamples(f"{path} was drawn by specification {found[:12]}, not {spec_id[:12]}", _AGAIN)
    indices = table.column("index").to_pylist()
    if indices != list(range(first, first + len(indices))):
        raise BadSamples(f"{path}: its samples are not {first}..{first + len(indices) - 1} in order", _AGAIN)
    if count is not None and len(indices) != count:
        raise BadSamples(f"{path}: {len(indices)} samples, where {count} are needed", _AGAIN)
    labels = table.column("label").to_pylist()
    pixels = np.stack([decode_png(item["bytes"], shape, path) for item in table.column("image").to_pylist()])
    captions = tuple(table.column("caption").to_pylist()) if "caption" in table.column_names else None
    return Images(pixels, None if None in labels else np.array(labels, np.int64), captions)


def png(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    """Pixels (h, w, c) as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
    return buffer.getvalue()


def decode_png(data: bytes, shape: Shape, path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        if image.mode != MODES[shape[2]] or image.size != (shape[1], shape[0]):
            raise BadSamples(
                f"{path}: an image of {image.size} and mode {image.mode}, the manifest says {shape}", _AGAIN
            )
        return np.asarray(image, np.uint8).reshape(shape)


def source_of_shards(folder: Path, manifest: dict[str, Any]) -> ImageSource:
    """The samples that a manifest lists, read a shard at a time."""
    shards, shape = manifest["shards"], tuple(manifest["shape"])
    size = manifest["shard_size"]
    cached: dict[int, Images] = {}

    def shard(number: int) -> Images:
        if number not in cached:
            cached.clear()
            own = shards[number]
            cached[number] = read_shard(folder / own["file"], manifest["spec_id"], shape, own["first"], own["count"])
        return cached[number]

    def read(start: int, stop: int) -> Images:
        parts = []
        while start < stop:
            number = start // size
            images = shard(number)
            end = min(stop, (number + 1) * size)
            parts.append(images.take(slice(start - number * size, end - number * size)))
            start = end
        return joined(parts)

    again = StoredSamples(str(folder.absolute()), manifest)
    return ImageSource(f"the samples in {folder}", manifest["n"], read, again=again)


@dataclass(frozen=True)
class StoredSamples:
    """Opens the samples that a manifest lists, wherever their shards lie; picklable."""

    folder: str
    manifest: dict[str, Any]

    def __call__(self) -> ImageSource:
        return source_of_shards(Path(self.folder), self.manifest)

    @property
    def key(self) -> str:
        """By which a storage knows them; see `DrawingTask.key`."""
        return str(self.manifest["spec_id"])[:12]

    def files(self, start: int, stop: int) -> tuple[str, ...]:
        """The shards that hold samples start..stop."""
        size = self.manifest["shard_size"]
        return tuple(shard["file"] for shard in self.manifest["shards"][start // size : -(-stop // size)])

    def under(self, folder: Path) -> StoredSamples:
        return replace(self, folder=str(folder))


_AGAIN = "delete the file and sample again: finished shards are kept"
_DAMAGED = "run the same command again: what is damaged is drawn again"
