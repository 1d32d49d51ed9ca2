"""Standardized samples on disk, protocol version 1: drawn in shards, resumed, and known by one digest.

Batch size, resuming and order change nothing. A killed run goes on at the first missing shard and ends with the same
digest. `docs/protocol.md` says it in full.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import BadSamples, CannotWrite
from ..files import make_folder, read_json, write_json
from ..progress import bar
from ..registry.generators.draws import draws
from ..registry.images import records
from .drawing import BATCH, Plan, draw, refuse_unrepeatable
from .shards import read_shard, shard_name, write_shard

SHARD = 128  # samples: what is lost at most when a run is killed


def sample(plan: Plan, folder: Path, batch_size: int = BATCH) -> dict[str, Any]:
    """Draw the samples of a plan into `folder`, or what is missing of them, and return the manifest.

    Raises:
        BadSamples: the generator gives something else than images of the track's shape, or other ones when asked
            twice, or the folder holds samples of another plan.
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
    if not all((folder / shard_name(number, len(ranges))).is_file() for number in range(len(ranges))):
        refuse_unrepeatable(plan)
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
