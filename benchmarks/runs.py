"""What stands of the runs whose samples lie in a folder: of their shards, and of the features that workers compute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from ..core.errors import GenboardError
from ..core.serialization import read_json
from ..reference_stats.measuring_task import stretch_size
from ..reference_stats.on_workers import FOLDER
from ..registry.catalog import find
from ..registry.schema import Extractor, Track
from .shards import SHARD

State = Literal["complete", "drawing", "measuring", "stopped"]


@dataclass(frozen=True)
class Run:
    """Samples of a generator on a track, as far as they are drawn.

    Attributes:
        state: `complete`: all are there, with their manifest, and no features are left; `drawing`: a process draws;
            `measuring`: workers compute their features; `stopped`: none of these, and the same command goes on.
        shards, of: how many are there, and of how many.
        pieces, pieces_of: of the features, how many are there, and of how many; none where workers compute none, or the
            track is not known here.
        last: when the last shard or piece was written, in UTC; none if there is none.
    """

    track: str
    generator: str
    folder: Path
    state: State
    shards: int
    of: int
    samples: int
    pieces: int | None
    pieces_of: int | None
    last: str | None


def runs_under(folder: Path) -> Iterator[Run]:
    """The runs of a workspace's folder of samples, which lie in `<track>/<generator>/<specification>/`, by name.

    A folder whose plan cannot be read is no run.
    """
    for plan in sorted(folder.glob("*/*/*/plan.json")):
        try:
            found = read_json(plan)
            samples = int(found["n"])
        except (GenboardError, KeyError, TypeError, ValueError):
            continue
        yield _run(plan.parent, samples)


def _run(here: Path, samples: int) -> Run:
    track, generator = here.parents[1].name, here.parent.name
    shards, pieces = list(here.glob("samples-*.parquet")), list((here / FOLDER).glob("*/*.safetensors"))
    measured = (here / FOLDER).is_dir()
    state: State = "stopped"
    if _held(here / ".lock"):
        state = "drawing"
    elif measured and any(map(_held, here.parent.glob(".*.lock"))):
        state = "measuring"
    elif not measured and (here / "manifest.json").is_file():
        state = "complete"
    written = list(map(_written, (*shards, *pieces)))
    return Run(
        track,
        generator,
        here,
        state,
        len(shards),
        -(-samples // SHARD),
        samples,
        len(pieces) if measured else None,
        _pieces(track, samples) if measured else None,
        max(filter(None, written), default=None),
    )


def _written(path: Path) -> str | None:
    """When a file was written; none of one that has been deleted in the meantime."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    except OSError:
        return None


def _pieces(track: str, samples: int) -> int | None:
    """How many pieces the features of the samples are computed in; none of a track that is not known here."""
    try:
        found = find(Track, track.partition("@")[0])
        if found.id != track:
            return None
        return sum(-(-samples // stretch_size(find(Extractor, space).block)) for space in found.extractors)
    except GenboardError:
        return None


def _held(path: Path) -> bool:
    """Whether a process holds the lock; a file that a killed one left behind is held by nobody."""
    if not path.is_file():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False
