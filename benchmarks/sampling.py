"""Standardized samples on disk, protocol version 1: drawn in shards, resumed, and known by one digest.

Batch size, resuming and order change nothing. A killed run goes on at the first missing shard and ends with the same
digest. `docs/protocol.md` says it in full.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from math import prod
from pathlib import Path
from typing import Any

from ..core.errors import BadSamples, CannotWrite
from ..core.files import locked, read_json, remove, sweep, write_json
from ..core.pace import worker_bar
from ..core.progress import bar
from ..registry.images import Images, Labels, records
from .drawing import Drawer, Plan
from .drawing_task import ShardPath
from .shards import png, read_shard, shard_name, write_shard

# Shards to be written, to a line of progress after each that is.
Helpers = Callable[[Sequence[ShardPath]], Generator[str]]
SHARD = 128  # samples: what is lost at most when a run is killed, or a batch where that is larger
OVERHEAD = 256  # bytes of a sample beside its image: index, label, seed, name, and its part of a shard's head
COMPRESSED = 16  # images that are compressed to learn how large they are


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

    Where another process is drawing there, this one waits, and takes what the other drew.
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
    ranges = [(start, min(start + SHARD, plan.n)) for start in range(0, plan.n, SHARD)]
    paths = [folder / shard_name(number, len(ranges)) for number in range(len(ranges))]
    limits = _limits(ranges, [path.is_file() for path in paths])
    left = sum(stop - start for (start, stop), limit in zip(ranges, limits, strict=True) if limit is not None)
    if left and helpers is None:
        _refuse_full_disk(folder, left, drawer.refuse_unrepeatable(wanted=limits[0] is not None))
    every = [ShardPath(str(path.absolute()), *of) for of, path in zip(ranges, paths, strict=True)]
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
                    _refuse_full_disk(folder, left - len(images), images)
            else:
                images = drawer.draw(start, stop, limit)
                write_shard(path, images, plan.draws(start, stop), plan.spec_id)
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


def _refuse_full_disk(folder: Path, left: int, first: Images) -> None:
    """Raises CannotWrite if the disk has no room for the samples that are left to draw, as large as the first ones."""
    free = shutil.disk_usage(folder).free
    if left * (prod(first.shape) + first.shape[0] + OVERHEAD) <= free:  # they fit even if nothing can be compressed
        return
    some = first.pixels[:COMPRESSED]
    each = sum(len(png(pixels)) for pixels in some) / len(some) + OVERHEAD
    if left * each > free:
        raise CannotWrite(
            f"{left:,} samples need about {_in_words(left * each)}, and {folder} has {_in_words(free)} left",
            "free some space, or choose another disk: --out for samples, GENBOARD_HOME for everything",
        )


def _in_words(size: float) -> str:
    """A size in bytes.

    >>> _in_words(999), _in_words(1_530_000), _in_words(2e12)
    ('999 bytes', '1.53 MB', '2,000 GB')
    """
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            return f"{size / one:,.0f} {unit}" if size >= 100 * one else f"{size / one:.3g} {unit}"
    return f"{size:.0f} bytes"
