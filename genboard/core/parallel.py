"""Work on every core at once, each piece on one of them: what a piece gives does not depend on how many there are.

torch's own way, all cores in one operation, waits for the slowest core at every layer and rounds differently with
another number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

P = TypeVar("P")
R = TypeVar("R")


def on_all_cores(work: Callable[[P], R], pieces: Sequence[P]) -> list[R]:
    """`work` of each piece, in order; as many at once as torch has threads, and each with one thread to itself."""
    threads = torch.get_num_threads()
    if threads == 1 or len(pieces) == 0:
        return [work(piece) for piece in pieces]
    try:
        with ThreadPoolExecutor(min(threads, len(pieces)), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(work, pieces))
    finally:
        torch.set_num_threads(threads)  # what a new thread starts with is one number for the whole process
