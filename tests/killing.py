"""`genboard sample` in a process of its own that ends by SIGKILL while it writes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path

# What sampling imports on its way. It takes seconds, and each of the processes is a fork of one that has done so.
PRELOADED = [
    "genboard.cli",
    "genboard.benchmarks.sampling",
    "genboard.benchmarks.evaluation_target",
    "genboard.registry.generators.baselines",
    "pandas",
]


def killed_at(rename: int, when: str, folder: Path, log: Path) -> int | None:
    """The exit status of a run into a folder that is killed "before" or "after" its n-th rename.

    Args:
        log: gets what it wrote to stderr.
    """
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(PRELOADED)
    process = forks.Process(target=_sample, args=(rename, when, folder, log))
    process.start()
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
