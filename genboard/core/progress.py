"""Progress on stderr: a bar for whatever takes more than a second, nothing where stderr is no terminal.

A worker process shows none: the process that started it shows how far all of them are.
"""

from __future__ import annotations

from multiprocessing import parent_process
from threading import RLock
from typing import Never

from tqdm import tqdm


def bar(what: str, total: int, unit: str) -> tqdm[Never]:
    """A bar to be used as a context manager and moved on with `update(n)`; it shows rate and time left."""
    hidden = None
    if parent_process() is not None:
        hidden = True
        tqdm.set_lock(RLock())  # its own would be one of processes, which a worker that is killed leaves behind
    return tqdm(desc=what, total=total, unit=unit, unit_scale=total >= 10_000, delay=1.0, disable=hidden, leave=False)
