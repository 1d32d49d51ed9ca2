"""Ranks of a process group as threads of one process: what `torch.distributed` does for them, without its processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any, TypeVar

import pytest
from genboard.benchmarks.monitor import ranks

T = TypeVar("T")


class Group:
    """The functions of `torch.distributed` that monitors call."""

    def __init__(self, size: int) -> None:
        self._size, self._barrier, self._local = size, threading.Barrier(size, timeout=60), threading.local()
        self._given: list[Any] = [None] * size

    def run(self, work: Callable[[int], T]) -> list[T]:
        """What `work` gives on every rank."""

        def one(rank: int) -> T:
            self._local.rank = rank
            return work(rank)

        with ThreadPoolExecutor(self._size) as pool:
            return [done.result() for done in [pool.submit(one, rank) for rank in range(self._size)]]

    def is_available(self) -> bool:
        return True

    def is_initialized(self) -> bool:
        return True

    def get_rank(self) -> int:
        rank: int = self._local.rank
        return rank

    def get_world_size(self) -> int:
        return self._size

    def all_gather_object(self, found: list[Any], own: Any) -> None:
        self._given[self.get_rank()] = own
        self._barrier.wait()
        found[:] = deepcopy(self._given)
        self._barrier.wait()

    def broadcast_object_list(self, message: list[Any], src: int) -> None:
        if self.get_rank() == src:
            self._given[src] = message
        self._barrier.wait()
        message[:] = deepcopy(self._given[src])
        self._barrier.wait()


def on_ranks(monkeypatch: pytest.MonkeyPatch, size: int, work: Callable[[int], T]) -> list[T]:
    """What `work` gives on every one of so many ranks."""
    group = Group(size)
    monkeypatch.setattr(ranks, "distributed", group)
    return group.run(work)
