"""An executor that runs pieces in this process, in an order that a seed decides."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

P = TypeVar("P")
R = TypeVar("R")


class InAnyOrder:
    name, workers = "here", 1

    def __init__(self, seed: int) -> None:
        self.restarts, self.done, self._random = 0, 0, random.Random(seed)

    def start(self, pieces: int, *modules: str) -> None:
        """Nothing: it works in this process."""

    def close(self) -> None:
        """Nothing to end."""

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        for piece in self._random.sample(pieces, len(pieces)):
            self.done += 1
            yield piece, task(piece)
