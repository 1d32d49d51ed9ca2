"""Worker processes on this machine.

Each worker has a process pool of its own, with one process in it: no lock is shared, so that a worker may be killed at
any moment and takes nothing with it but the piece it was at. Whoever has nothing to do waits for the next run.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeVar

from .checked import import_all
from .protocol import PATIENCE, RETRIES, SLOWER, given_up

P = TypeVar("P")
R = TypeVar("R")

TICK = 0.5  # seconds between two looks at workers that may hang


class LocalExecutor:
    """So many worker processes, each with one thread, or with GPUs of its own; see `Executor`.

    A piece that takes longer than `patience` seconds, and much longer than all before it, is taken for hung. A worker
    with GPUs ends with the run, which leaves their memory to others.
    """

    name = "local"

    def __init__(self, workers: int, gpus_per_worker: int = 0, patience: float = PATIENCE) -> None:
        self.workers, self.restarts = workers, 0
        self._gpus, self._patience = gpus_per_worker, patience
        self._idle: list[_Seat] = []

    def start(self, pieces: int, *modules: str) -> None:
        seats = self._seated(pieces)
        for seat in seats:
            seat.open(modules)
        self._idle = seats + self._idle

    def close(self) -> None:
        while self._idle:
            self._idle.pop().kill(wait=True)  # Python would complain of pools that are still ending when it ends

    def _seated(self, pieces: int) -> list[_Seat]:
        """Places for as many workers as have something to do, those of idle workers first; nobody else has them."""
        count = min(self.workers, pieces)
        seats, self._idle = self._idle[:count], self._idle[count:]
        taken = {seat.index for seat in (*seats, *self._idle)}
        free = [number for number in range(self.workers) if number not in taken]
        return seats + [_Seat(number, self._gpus) for number in free[: count - len(seats)]]

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        waiting = deque(range(len(pieces)))
        lost = [0] * len(pieces)
        seats = self._seated(len(pieces))
        slowest = 0.0
        try:
            while waiting or any(seat.future for seat in seats):
                for seat in seats:
                    if seat.future is None and waiting:
                        self.restarts += seat.begin(task, pieces, waiting.popleft())
                wait([seat.future for seat in seats if seat.future], TICK, FIRST_COMPLETED)
                for seat in seats:
                    if seat.future is None:
                        continue
                    if not seat.future.done():
                        if seat.seconds > max(self._patience, SLOWER * slowest):
                            seat.kill()
                        continue
                    number, future, seconds = seat.number, seat.future, seat.seconds
                    seat.future = None
                    try:
                        value = future.result()
                    except BrokenProcessPool as e:
                        seat.replace()
                        self.restarts += 1
                        lost[number] += 1
                        if lost[number] > RETRIES:
                            raise given_up(pieces[number], lost[number], "its process ended") from e
                        waiting.appendleft(number)
                        continue
                    slowest = max(slowest, seconds)
                    if waiting:  # at once: whoever takes the value may read for a while
                        self.restarts += seat.begin(task, pieces, waiting.popleft())
                    yield pieces[number], value
        finally:
            for seat in seats:
                if seat.future or self._gpus or len(self._idle) == self.workers:
                    seat.kill()
                else:
                    self._idle.append(seat)


@dataclass
class _Seat:
    """A worker's place: its pool of one process, and the piece it is at."""

    index: int
    gpus: int
    pool: ProcessPoolExecutor | None = None
    future: Future[Any] | None = None
    number: int = -1
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def begin(self, task: Callable[[P], R], pieces: Sequence[P], number: int) -> int:
        """Give a piece to the worker, or to a new one where it was lost while it had none; how many were lost."""
        self.number, self.began = number, time.monotonic()
        lost = 0
        while True:
            try:
                self.future = self.open().submit(task, pieces[number])
                return lost
            except BrokenProcessPool:
                self.replace()
                lost += 1

    def open(self, modules: Sequence[str] = ()) -> ProcessPoolExecutor:
        """The pool, and a new one with a process that imports these modules where there is none."""
        if self.pool is None:
            # A fresh interpreter: after a fork torch's threads and CUDA would be in no state to go on.
            self.pool = ProcessPoolExecutor(1, get_context("spawn"), _settle, (self.index, self.gpus))
            if modules:
                self.pool.submit(import_all, modules)  # what cannot be imported is an error of the piece that needs it
        return self.pool

    def kill(self, wait: bool = False) -> None:
        """End the process, at whatever it is; the pool then says of its piece that it is broken."""
        if self.pool is None:
            return
        for process in list((self.pool._processes or {}).values()):
            with suppress(OSError, ValueError):
                process.kill()
        self.pool.shutdown(wait, cancel_futures=True)

    def replace(self) -> None:
        self.kill()
        self.pool = None


def _settle(index: int, gpus: int) -> None:
    """In a new worker, before torch is imported: one thread, its own GPUs, and an end when the parent ends."""
    # Last bits depend on the number of threads, and must not on that of workers.
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    if gpus:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        all_of_them = visible.split(",") if visible else [str(n) for n in range((index + 1) * gpus)]
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(all_of_them[index * gpus : (index + 1) * gpus])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
