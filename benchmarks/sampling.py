"""Standardized samples, protocol version 1: sample i depends on the track's seed and on i, and on nothing else.

Batch size, resuming and order change nothing. A killed run goes on at the first missing shard and ends with the same
digest. `docs/protocol.md` says it in full.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ..errors import BadSamples, CannotWrite
from ..files import digest_of, make_folder, read_json, write_json
from ..progress import bar
from ..registry.generators import LiveGenerator
from ..registry.generators.draws import Draw, draws
from ..registry.images import Images, describe, records
from ..registry.schema import Shape
from .shards import read_shard, shard_name, write_shard

PROTOCOL = 1
SHARD = 128  # samples: what is lost at most when a run is killed
BATCH = 64
OUTSIDE_LIMIT = 0.05  # share of a batch's values below -0.5 or above 1.5; what overshoots a little is clamped

_RANGE = "give uint8 in 0..255, or floats in [0, 1]"


@dataclass(frozen=True)
class Plan:
    """Which samples: of which generator, how many, from which seed, of what shape."""

    generator: LiveGenerator
    seed: int
    n: int
    shape: Shape

    @property
    def spec(self) -> dict[str, Any]:
        """All that decides the samples, and nothing that does not."""
        return {
            "protocol": PROTOCOL,
            "generator": self.generator.identity,
            "block": self.generator.block,
            "seed": self.seed,
            "n": self.n,
            "shape": list(self.shape),
        }

    @property
    def spec_id(self) -> str:
        return digest_of(self.spec)


def sample(plan: Plan, folder: Path, batch_size: int = BATCH) -> dict[str, Any]:
    """Draw the samples of a plan into `folder`, or what is missing of them, and return the manifest.

    Raises:
        BadSamples: the generator gives something else than images of the track's shape, or the folder holds samples
            of another plan.
        CannotWrite: the folder cannot be made or filled, or another process is writing there.
    """
    if batch_size < 1:
        raise BadSamples(f"a batch of {batch_size} samples", "use --batch-size 1 or more")
    make_folder(folder)
    try:
        with FileLock(folder / ".lock", timeout=0):
            return _sample_locked(plan, folder, batch_size)
    except Timeout as e:
        raise CannotWrite(
            f"another process is drawing samples into {folder}", "wait for it, or use another folder"
        ) from e


def _sample_locked(plan: Plan, folder: Path, batch_size: int) -> dict[str, Any]:
    _claim(plan, folder)
    ranges = [(start, min(start + SHARD, plan.n)) for start in range(0, plan.n, SHARD)]
    shards = []
    whole = hashlib.sha256()
    with bar(f"samples of {plan.generator.name}", plan.n, "image") as progress:
        for number, (start, stop) in enumerate(ranges):
            path = folder / shard_name(number, len(ranges))
            if path.is_file():
                images = read_shard(path, plan.spec_id, plan.shape, start, stop - start)
            else:
                images = draw(plan, start, stop, batch_size)
                write_shard(path, images, draws(plan.seed, start, stop), plan.spec_id)
            own = hashlib.sha256()
            for r in records(images):
                own.update(r)
                whole.update(r)
            shards.append({"file": path.name, "first": start, "count": stop - start, "digest": own.hexdigest()})
            progress.update(stop - start)
    manifest = {
        **plan.spec,
        "spec_id": plan.spec_id,
        "shard_size": SHARD,
        "shards": shards,
        "digest": whole.hexdigest(),
    }
    _refuse_other_digest(folder / "manifest.json", manifest)
    write_json(folder / "manifest.json", manifest)
    return manifest


def _refuse_other_digest(path: Path, manifest: dict[str, Any]) -> None:
    """Finished samples that now read differently were tampered with, or damaged: never a thing to paper over."""
    if path.is_file():
        before = read_json(path)
        if not isinstance(before, dict) or before.get("digest") != manifest["digest"]:
            raise BadSamples(
                f"{path.parent}: the samples have digest {manifest['digest'][:12]}, not the one of {path.name}",
                "delete the folder, and sample again",
            )


def _claim(plan: Plan, folder: Path) -> None:
    """Write what the folder is for, or refuse one that is for something else."""
    path = folder / "plan.json"
    if path.is_file():
        found = read_json(path)
        if not isinstance(found, dict):
            raise BadSamples(f"{path}: not the plan of a run", "choose another --out, or delete the folder")
        if found != plan.spec:
            differing = [key for key in plan.spec if found.get(key) != plan.spec[key]]
            key = differing[0] if differing else "format"
            raise BadSamples(
                f"{folder} holds other samples: {key} is {found.get(key)!r}, not {plan.spec.get(key)!r}",
                "choose another --out, or delete the folder",
            )
        return
    if any(folder.glob("*.parquet")):
        raise BadSamples(f"{folder} holds Parquet files that are not of this run", "choose another --out")
    write_json(path, plan.spec)


def draw(plan: Plan, start: int, stop: int, batch_size: int = BATCH) -> Images:
    """Samples start..stop of a plan, uint8."""
    parts = [to_uint8(array, plan, first) for first, array in _batches(plan, start, stop, batch_size)]
    return Images(np.concatenate(parts))


def _batches(plan: Plan, start: int, stop: int, batch_size: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """What the generator gives for start..stop, cut from the aligned blocks it computes in."""
    block = plan.generator.block
    if block is None:
        for first in range(start, stop, batch_size):
            yield first, _call(plan, draws(plan.seed, first, min(first + batch_size, stop)))
        return
    for first in range(start // block * block, stop, block):
        # The whole block, also past the last sample: a shorter one may have other last bits.
        array = _call(plan, draws(plan.seed, first, first + block))
        low, high = max(start, first), min(stop, first + block)
        yield low, array[low - first : high - first]


def _call(plan: Plan, tickets: list[Draw]) -> NDArray[Any]:
    array = np.asarray(plan.generator.sample(tickets))
    name = plan.generator.name
    if array.ndim != 4 or len(array) != len(tickets):
        raise BadSamples(
            f"{name} gave an array of shape {array.shape} for {len(tickets)} samples",
            f"{len(tickets)} images of {describe(plan.shape)} are asked for at this point",
        )
    if array.shape[1:] != plan.shape:
        raise BadSamples(
            f"{name} gives images of shape {array.shape[1:]} (height, width, channels), the track's are {plan.shape}",
            "samples are measured as they are: nothing is resized",
        )
    return array


def to_uint8(array: NDArray[Any], plan: Plan, first: int) -> NDArray[np.uint8]:
    """uint8 as it is; floats in [0, 1] by clamp and round half up: floor(255 x + 1/2).

    Raises:
        BadSamples: another type, a NaN or an infinity, or floats that are clearly in another range: clamping them
            would make black images of a generator in [-1, 1], and nobody would know.
    """
    name = plan.generator.name
    if array.dtype == np.uint8:
        return np.asarray(array, np.uint8)
    if not np.issubdtype(array.dtype, np.floating):
        raise BadSamples(f"{name} gives {array.dtype} images", _RANGE)
    finite = np.isfinite(array).all(axis=(1, 2, 3))
    if not finite.all():
        raise BadSamples(f"{name}: sample {first + int(np.argmin(finite))} has NaN or infinite pixels", _RANGE)
    outside = float(np.mean((array < -0.5) | (array > 1.5)))
    if outside > OUTSIDE_LIMIT:
        raise BadSamples(
            f"{name} gives values from {array.min():.3g} to {array.max():.3g}, {outside:.0%} far outside [0, 1]",
            "give uint8 in 0..255, or floats in [0, 1]; for [-1, 1] return (x + 1) / 2",
        )
    scaled = np.clip(array.astype(np.float32), 0, 1) * np.float32(255)
    rounded: NDArray[np.uint8] = np.floor(scaled + np.float32(0.5)).astype(np.uint8)
    return rounded
