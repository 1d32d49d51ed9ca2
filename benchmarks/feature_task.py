"""Features of samples on an executor's workers: to the bit those that one process computes.

A piece is a stretch of whole compute blocks, so that no block is cut. What it leaves is a file with the digest of its
bytes; the driver joins them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from ..core.errors import BadSamples, DiskFull
from ..core.executor import Executor, fetch
from ..core.files import digest_of, read_bytes, write_bytes
from ..core.pace import Pace, worker_bar
from ..core.seal import BLANK, OTHER_BYTES, seal_holds, sealed, stands
from ..reference_stats.features import Measured, Pass, joined_measures
from ..registry.catalog import find
from ..registry.conversions import convert_images
from ..registry.extractors import LiveExtractor, Runtime, load_extractor
from ..registry.extractors.runtimes import expect_runtime, runtime_version
from ..registry.schema import Extractor, Precision, Track
from ..registry.sources.damage import refusing
from ..registry.trust import code_is_trusted, trusting_code
from .disk_space import too_full
from .shards import source_of_shards
from .spending import Bill, Meter, Spent

FOLDER = "features"


@dataclass(frozen=True)
class Stretch:
    """Samples start..stop in a feature space, and the file for their features."""

    space: str
    start: int
    stop: int
    path: str

    def __str__(self) -> str:
        return f"{self.space} of samples {self.start} to {self.stop - 1}"


@dataclass(frozen=True)
class FeatureTask:
    """Computes features of stored samples; a picklable function of `Stretch`.

    Attributes:
        manifest: of the samples in `folder`.
        conversions: of each feature space, see `Track.conversions`.
        runtime: what computes networks in torch's place, with its version.
        trusted: whether feature spaces may be code of others.
    """

    folder: str
    name: str
    manifest: Mapping[str, Any]
    conversions: Mapping[str, tuple[str, ...]]
    device: str
    precision: Precision
    runtime: str | None
    trusted: bool

    def __call__(self, stretch: Stretch) -> Spent:
        """Compute the features and write them, and tell what that took.

        Raises:
            BadSamples: a shard is missing or damaged.
            BadFeatures, BadImages: see `LiveExtractor.compute`.
        CannotWrite: they cannot be written; on a full disk, with what the missing ones of the feature space need.
        """
        meter = Meter(self.device)
        source = source_of_shards(Path(self.folder), dict(self.manifest))
        extractor = self._opened(stretch.space)
        block, count = extractor.entry.block, stretch.stop - stretch.start
        run = Pass(self.name, count, extractor, moments=False)
        for first in range(0, count, block):
            images = source.read(stretch.start + first, min(stretch.start + first + block, stretch.stop))
            converted = convert_images(images, self.conversions.get(stretch.space, ()))
            run.take(np.arange(first, first + len(images)), converted)
        found = run.finish()
        tensors = {"features": found.features, "logits": found.logits, "labels": found.labels, "keys": found.keys}
        tensors["digests"] = torch.from_numpy(run.digests)
        kept = {key: tensor for key, tensor in tensors.items() if tensor is not None}
        self._store(stretch, sealed(safetensors.torch.save(kept, {"seal": BLANK})))
        return meter.spent()

    @property
    def key(self) -> str:
        return str(self.manifest["spec_id"])[:12]

    def folder_of(self, stretch: Stretch) -> Path:
        return Path(self.folder)

    def reads(self, stretch: Stretch) -> tuple[str, ...]:
        shards, size = self.manifest["shards"], self.manifest["shard_size"]
        return tuple(shard["file"] for shard in shards[stretch.start // size : -(-stretch.stop // size)])

    def writes(self, stretch: Stretch) -> str:
        return Path(stretch.path).relative_to(self.folder).as_posix()

    def moved(self, stretch: Stretch, folder: Path) -> tuple[FeatureTask, Stretch]:
        return replace(self, folder=str(folder)), replace(stretch, path=str(folder / self.writes(stretch)))

    def _store(self, stretch: Stretch, data: bytes) -> None:
        path = Path(stretch.path)
        try:
            write_bytes(path, data)
        except DiskFull as e:
            missing = [one for one in _stretches(self, stretch.space) if not Path(one.path).is_file()]
            left = sum(one.stop - one.start for one in missing)
            what = f"features of {left:,} samples in {stretch.space}"
            raise too_full(path.parent, what, left * len(data) / (stretch.stop - stretch.start)) from e

    def _opened(self, space: str) -> LiveExtractor:
        key = (space, self.device, self.precision, self.runtime)
        if key not in _OPEN:
            _OPEN.clear()
            with trusting_code(self.trusted):
                _OPEN[key] = load_extractor(space, self.device, self.precision, expect_runtime(self.runtime))
        return _OPEN[key]


# The feature space that this process has open: one at a time, since each may fill a GPU.
_OPEN: dict[tuple[str, str, Precision, str | None], LiveExtractor] = {}


def measure_on(
    executor: Executor,
    folder: Path,
    manifest: dict[str, Any],
    track: Track,
    device: str,
    precision: Precision,
    runtime: Runtime,
    name: str,
    bill: Bill,
    keep: Callable[[Measured], Measured],
) -> dict[str, Measured]:
    """The features of samples in every feature space of a track; what an interrupted run has left is taken up.

    Args:
        bill: to which what the workers spend is added.
        keep: puts those of one space where they may stay while those of the next are joined.

    Raises:
        BadWorkers: see `Executor.run`.
        BadSamples, BadFeatures, BadImages: see `FeatureTask`.
    """
    how = device, precision, runtime_version(runtime), code_is_trusted()
    task = FeatureTask(str(folder.absolute()), name, manifest, dict(track.conversions), *how)
    plans = {space: _stretches(task, space) for space in track.extractors}
    fetch(executor, task, [one for stretches in plans.values() for one in stretches])
    again = "computing the features again"
    missing = [one for stretches in plans.values() for one in stretches if not stands(Path(one.path), again)]
    every = sum(len(stretches) for stretches in plans.values())
    pace = Pace(executor, "pieces", len(missing), sum(one.stop - one.start for one in missing))
    with worker_bar(f"features of {name}", every, "piece") as progress:
        progress.update(every - len(missing))
        for one, spent in executor.run(task, missing):
            bill.add(spent)
            progress.set_postfix_str(pace.after(one.stop - one.start))
            progress.update(1)
    measured = {space: keep(_joined(stretches)) for space, stretches in plans.items()}
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    return measured


def stretch_size(shard_size: int, entry: Extractor) -> int:
    """How many samples a stretch has: as many whole compute blocks as a shard has room for, or one."""
    return max(1, shard_size // entry.block) * entry.block


def _stretches(task: FeatureTask, space: str) -> list[Stretch]:
    entry, n = find(Extractor, space), task.manifest["n"]
    size = stretch_size(task.manifest["shard_size"], entry)
    what = [task.manifest["digest"], entry.model_dump(mode="json"), task.conversions.get(space, ()), task.precision]
    how = [torch.device(task.device).type, task.runtime]
    place = Path(task.folder) / FOLDER / f"{space}-{digest_of([*what, *how])[:12]}"
    return [
        Stretch(space, start, min(start + size, n), str(place / f"{start:08d}.safetensors"))
        for start in range(0, n, size)
    ]


def _joined(stretches: list[Stretch]) -> Measured:
    parts, digests = [], []
    for one in stretches:
        path = Path(one.path)
        data = read_bytes(path)
        if not seal_holds(data):
            raise BadSamples(f"{path}: {OTHER_BYTES}", "run the same command again: they are computed again")
        with refusing(BadSamples, f"{path}: cannot be read", "delete the file, and run the same command again"):
            found = safetensors.torch.load(data)
            digests.append(found["digests"].numpy())
            parts.append(Measured(None, found["features"], found.get("logits"), found.get("labels"), "", found["keys"]))
    return joined_measures(parts, np.concatenate(digests))
