"""What stands of the runs whose samples lie in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from ..core.errors import GenboardError
from ..core.files import read_json
from .shards import SHARD

State = Literal["complete", "drawing", "stopped"]


@dataclass(frozen=True)
class Run:
    """Samples of a generator on a track, as far as they are drawn.

    Attributes:
        state: `complete`: all are there, with their manifest; `drawing`: a process is at it; `stopped`: neither, and
            the same command goes on.
        shards, of: how many are there, and of how many.
    """

    track: str
    generator: str
    folder: Path
    state: State
    shards: int
    of: int
    samples: int


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
        here = plan.parent
        state: State = "drawing" if _held(here / ".lock") else "stopped"
        if state == "stopped" and (here / "manifest.json").is_file():
            state = "complete"
        shards = len(list(here.glob("samples-*.parquet")))
        yield Run(here.parents[1].name, here.parent.name, here, state, shards, -(-samples // SHARD), samples)


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
