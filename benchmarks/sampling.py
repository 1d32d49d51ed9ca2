"""Standardized samples on disk, protocol version 1: drawn in shards, resumed, and known by one digest.

Batch size, resuming and order change nothing. A killed run goes on at the first missing shard and ends with the same
digest. `docs/protocol.md` says it in full.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from ..core.errors import BadSamples
from ..core.files import locked, remove, sweep
from ..core.pace import worker_bar
from ..core.progress import bar
from ..core.serialization import read_json, write_json
from ..registry.images import Images, Labels, records
from .disk_space import refuse_full_disk, store_shard
from .drawing import Drawer, Plan
from .shards import SHARD, ShardPath, damage, read_shard, shards_in


class Helpers(Protocol):
    """Other processes that draw shards."""

    def fetch(self, shards: Sequence[ShardPath]) -> None:
        """Bring here what they have drawn before."""
        ...

    def __call__(self, shards: Sequence[ShardPath]) -> Generator[str]:
        """Write the shards, and give a line of progress after each."""
        ...


def sample(
    plan: Plan,
    folder: Path,
    batch_size: int | None = None,
    each: Callable[[Images], None] | None = None,
    drawn: Callable[[int], None] | None = None,
    helpers: Helpers | None = None,
) -> dict[str, Any]:
    """Draw the samples of a plan into `folder`, or what is missing of them, and return the manifest.

    Args:
        batch_size: samples asked for at once; found on the way by default, see `Drawer`.
        each: called with all samples in their order, a shard at a time, whether they were drawn or found.
        drawn: called after every shard that was not found, with the number of its samples.
        helpers: draws the shards that are missing in other processes; without, they are drawn in this one.

    Raises:
        BadSamples: the generator gives something else than images of the track's shape, or other ones when asked
            twice, or the folder holds samples of another plan.
        CannotWrite: the folder cannot be made or filled.

    Where another process is drawing there, this one waits, and takes what the other drew. A damaged shard is drawn
    again, and a line on stderr says so.
    """
    drawer = Drawer(plan, batch_size)
    with _alone(folder):
        return _sample_locked(drawer, folder, each, drawn, helpers)


def drop(folder: Path) -> None:
    """Delete the samples in a folder, and the folder if nothing else is in it.

    Raises:
        CannotWrite: a file cannot be deleted.
    """
    with _alone(folder):
        ours = [folder / "manifest.json", *sorted(folder.glob("samples-*.parquet"))]
        # The plan comes last: until then what is left can be completed again.
        for path in (*ours, folder / "plan.json"):
            remove(path)
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The folder, made if need be, for this process alone, without what killed ones left half written."""
    with locked(folder / ".lock", f"drawing samples into {folder}"):
        sweep(folder, age=0)
        yield


def _sample_locked(
    drawer: Drawer,
    folder: Path,
    each: Callable[[Images], None] | None,
    drawn: Callable[[int], None] | None,
    helpers: Helpers | None,
) -> dict[str, Any]:
    plan = drawer.plan
    _claim(plan, folder)
    every = shards_in(folder, plan.n)
    if helpers is not None:
        helpers.fetch(every)
    _drop_damaged(plan, folder, every)
    ranges = [(shard.start, shard.stop) for shard in every]
    paths = [Path(shard.path) for shard in every]
    limits = _limits(ranges, [path.is_file() for path in paths])
    left = sum(stop - start for (start, stop), limit in zip(ranges, limits, strict=True) if limit is not None)
    if left and helpers is None:
        refuse_full_disk(folder, left, drawer.refuse_unrepeatable(wanted=limits[0] is not None))
    missing = [shard for shard, limit in zip(every, limits, strict=True) if limit is not None]
    arriving = helpers(missing) if helpers is not None and missing else _nobody()
    shards = []
    whole = hashlib.sha256()
    shown = bar if helpers is None else worker_bar
    with shown(f"samples of {plan.generator.name}", plan.n, "image") as progress, closing(arriving):
        for (start, stop), path, limit in zip(ranges, paths, limits, strict=True):
            if limit is None:
                images = _found(path, plan, start, stop)
            elif helpers is not None:
                while not path.is_file() and (line := next(arriving, None)) is not None:
                    progress.set_postfix_str(line)
                images = _found(path, plan, start, stop)
                if start == missing[0].start:
                    refuse_full_disk(folder, left - len(images), images)
            else:
                images = drawer.draw(start, stop, limit)
                store_shard(path, images, plan, start)
            if limit is not None and drawn is not None:
                drawn(stop - start)
            own = hashlib.sha256()
            for r in records(images):
                own.update(r)
                whole.update(r)
            shards.append({"file": path.name, "first": start, "count": stop - start, "digest": own.hexdigest()})
            if each is not None:
                each(images)
            progress.update(stop - start)
        for line in arriving:  # what the last workers have to tell
            progress.set_postfix_str(line)
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


def _nobody() -> Generator[str]:
    yield from ()


def _limits(ranges: Sequence[tuple[int, int]], there: Sequence[bool]) -> list[int | None]:
    """Of each shard that is missing, where the run of missing ones ends; none of one that is there.

    >>> _limits([(0, 2), (2, 4), (4, 6), (6, 7)], [False, False, True, False])
    [4, 4, None, 7]
    """
    found: list[int | None] = []
    for (_, stop), is_there in zip(reversed(ranges), reversed(there), strict=True):
        found.append(None if is_there else (found[-1] if found and found[-1] is not None else stop))
    return found[::-1]


def _drop_damaged(plan: Plan, folder: Path, shards: Sequence[ShardPath]) -> None:
    """Delete the shards that are not as they were written: they are drawn again, like those that are missing."""
    known = _digests_in(folder / "manifest.json")
    for shard in shards:
        path = Path(shard.path)
        if path.is_file() and (why := damage(shard, plan.spec_id, plan.shape, known.get(path.name))) is not None:
            print(f"{path}: {why}: drawing it again", file=sys.stderr)
            remove(path)


def _digests_in(path: Path) -> dict[str, str]:
    """The digest of each shard by its name, where there is a manifest."""
    found = read_json(path) if path.is_file() else None
    shards = found.get("shards") if isinstance(found, dict) else None
    listed = shards if isinstance(shards, list) else []
    return {one["file"]: one["digest"] for one in listed if isinstance(one, dict) and {"file", "digest"} <= one.keys()}


def _found(path: Path, plan: Plan, start: int, stop: int) -> Images:
    """The images of a shard that is there, if they have the plan's labels and captions."""
    images = read_shard(path, plan.spec_id, plan.shape, start, stop - start)
    labels, captions = plan.asked.told(start, stop)
    if _listed(labels) != _listed(images.labels) or captions != images.captions:
        what = "labels" if captions is None else "captions"
        raise BadSamples(f"{path}: its {what} are not those of the plan", "delete the file and sample again")
    return images


def _listed(labels: Labels | None) -> list[int] | None:
    return None if labels is None else labels.tolist()


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
