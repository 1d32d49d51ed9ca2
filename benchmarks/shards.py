"""Samples on disk: Parquet shards that Hugging Face `datasets` reads as images, and the manifest that binds them.

A shard is an index range. It is written whole or not at all and carries the specification it was drawn by, so that a
shard of another run is never taken for one of this.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from ..core.errors import BadSamples
from ..core.files import canonical_json, read_bytes, write_bytes
from ..registry.generators import Draw
from ..registry.images import MODES, Images, ImageSource, joined
from ..registry.schema import Shape
from ..registry.sources.damage import refusing

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


def shard_name(number: int, total: int) -> str:
    return f"samples-{number:05d}-of-{total:05d}.parquet"


def write_shard(path: Path, images: Images, tickets: list[Draw], spec_id: str) -> None:
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
    pq.write_table(table, buffer, compression="none")  # PNG is compressed already
    write_bytes(path, buffer.getvalue().to_pybytes())


def read_shard(path: Path, spec_id: str, shape: Shape, first: int, count: int | None = None) -> Images:
    """The images of a shard that was drawn by that specification and starts at sample `first`.

    Args:
        count: how many it must hold; any number by default.

    Raises:
        BadSamples: not such a shard.
    """
    data = read_bytes(path)
    with refusing(BadSamples, f"{path}: cannot be read", _AGAIN):
        return _parse(data, path, spec_id, shape, first, count)


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

    return ImageSource(f"the samples in {folder}", manifest["n"], read)


_AGAIN = "delete the file and sample again: finished shards are kept"
