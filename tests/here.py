"""An executor without processes: what it gives travels as to a worker, and comes back in another order."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

P = TypeVar("P")
R = TypeVar("R")


class HereExecutor:
    """Runs pieces in this process, the last one first.

    Attributes:
        done: how many it has run.
        pieces: those that it was given.
        stops_at: how many it runs before a user's Ctrl-C.
        at_work: whether it is running one.
        started: what it was told to start for.
        closed: how often it was closed.
    """

    name = "local"

    def __init__(self, stops_at: int | None = None) -> None:
        self.workers, self.restarts = 2, 0
        self.done, self.stops_at, self.at_work = 0, stops_at, False
        self.pieces: list[Any] = []
        self.started: list[tuple[int | str, ...]] = []
        self.closed = 0

    def start(self, pieces: int, *modules: str) -> None:
        self.started.append((pieces, *modules))

    def close(self) -> None:
        self.closed += 1

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        self.pieces += pieces
        for piece in reversed(pieces):
            if self.done == self.stops_at:
                raise KeyboardInterrupt
            there, own = pickle.loads(pickle.dumps((task, piece)))
            self.at_work = True
            value = there(own)
            self.at_work = False
            self.done += 1
            yield piece, value
