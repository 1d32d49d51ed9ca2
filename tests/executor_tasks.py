"""Tasks that workers import: what tests of executors run there."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

from genboard.core.errors import BadEntry, BadSamples


def square(number: int) -> int:
    return number * number


def pid(_: int) -> int:
    return os.getpid()


def imported(module: str) -> tuple[bool, int]:
    """Whether this process had a module before it was asked for, and which process it is."""
    return module in sys.modules, os.getpid()


def threads(_: int) -> tuple[str | None, int]:
    import torch

    return os.environ.get("OMP_NUM_THREADS"), torch.get_num_threads()


def refuse(number: int) -> int:
    raise BadSamples(f"piece {number} is none", "take another")


def refuse_entry(number: int) -> int:
    raise BadEntry(Path("some.toml"), "field", f"piece {number}", "write another")


def die(_: int) -> int:
    os._exit(3)


def noted(work: tuple[str, int, float]) -> int:
    """Leaves a file for each time that a piece is begun and ended."""
    folder, number, seconds = work
    (Path(folder) / f"begun-{number}-{uuid4().hex}").write_text(str(os.getpid()))
    time.sleep(seconds)
    (Path(folder) / f"ended-{number}-{uuid4().hex}").touch()
    return number


def killed_once(work: tuple[str, int, bool]) -> int:
    """Leaves a file for each time that a piece is begun; some kill their worker the first time."""
    folder, number, deadly = work
    others = list(Path(folder).glob(f"begun-{number}-*"))
    (Path(folder) / f"begun-{number}-{uuid4().hex}").touch()
    if deadly and not others:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def hang_once(folder: str) -> int:
    """Hangs in the process that is the first to do it."""
    mark = Path(folder) / "hung"
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return 1
    time.sleep(3600)
    return 0


def hang_or_die_once(work: tuple[str, int]) -> int:
    """Piece 1 hangs and piece 2 ends its process, each the first time."""
    folder, number = work
    first = not list(Path(folder).glob(f"begun-{number}-*"))
    (Path(folder) / f"begun-{number}-{uuid4().hex}").touch()
    if first and number == 1:
        time.sleep(3600)
    if first and number == 2:
        os._exit(3)
    return number


@dataclass(frozen=True)
class OnFullDisk:
    """Draws shards like the task, in a process whose disk has room for those that start before a sample."""

    task: Callable[[Any], Any]
    room: int

    def __call__(self, shard: Any) -> Any:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with mock.patch("os.fsync", side_effect=full if shard.start >= self.room else None):
            return self.task(shard)


@dataclass(frozen=True)
class Logged:
    """A task that leaves, of each piece, a file when it is begun and one when it is ended, with the process at it."""

    task: Callable[[Any], Any]
    folder: str

    def __call__(self, piece: Any) -> Any:
        mark = f"{piece.start}-{os.getpid()}-{uuid4().hex}"
        (Path(self.folder) / f"begun-{mark}").touch()
        value = self.task(piece)
        (Path(self.folder) / f"ended-{mark}").touch()
        return value
