"""Processes that hold a lock for a while, or end by SIGKILL while they write."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from filelock import FileLock

# What sampling imports on its way. It takes seconds, and each of the processes is a fork of one that has done so.
PRELOADED = [
    "genboard.cli",
    "genboard.benchmarks.sampling",
    "genboard.benchmarks.evaluation_target",
    "genboard.registry.generators.baselines",
    "pandas",
    "genboard.leaderboard.verification.log",
    "genboard.benchmarks.runner",
]


def spawned(work: Callable[..., None], *arguments: Any) -> BaseProcess:
    """A process of its own that does some work and has started."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(PRELOADED)
    process = forks.Process(target=work, args=arguments)
    process.start()
    return process


def killed_while_writing(target: Path, length: int, after: float) -> int | None:
    """The exit status of a process that writes a file again and again, killed so many seconds after its first write."""
    begun = target.with_name(f"{target.name}.begun")
    process = spawned(_write_again_and_again, target, length, begun)
    while not begun.exists() and process.is_alive():
        time.sleep(0.001)
    time.sleep(after)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    begun.unlink(missing_ok=True)
    return process.exitcode


def _write_again_and_again(target: Path, length: int, begun: Path) -> None:
    from genboard.core.files import write_bytes

    for number in itertools.count():
        write_bytes(target, bytes([number % 256]) * length)
        if not number:
            begun.touch()


@contextmanager
def held(lock: Path, seconds: float = 0.5) -> Iterator[None]:
    """A lock that somebody else holds at first, and lets go after a while."""
    has_it = threading.Event()

    def hold() -> None:
        with FileLock(lock):
            has_it.set()
            threading.Event().wait(seconds)

    other = threading.Thread(target=hold)
    other.start()
    assert has_it.wait(10)
    try:
        yield
    finally:
        other.join()


def killed_at(rename: int, when: str, folder: Path, log: Path) -> int | None:
    """The exit status of a run into a folder that is killed "before" or "after" its n-th rename.

    Args:
        log: gets what it wrote to stderr.
    """
    process = spawned(_sample, rename, when, folder, log)
    process.join()
    return process.exitcode


def _sample(rename: int, when: str, folder: Path, log: Path) -> None:
    real, count = os.replace, 0

    def replace(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        if when == "after":
            real(source, target)
        if count == rename:
            os.kill(os.getpid(), signal.SIGKILL)
        if when == "before":
            real(source, target)

    os.replace = replace  # type: ignore[assignment]
    sys.stderr = log.open("w", buffering=1)
    # The lock of a progress bar then has no name, which a killed process would leave behind.
    multiprocessing.set_start_method("fork", force=True)
    from genboard.cli import app

    app(["sample", "noise", "--track", "digits", "--out", str(folder)])
