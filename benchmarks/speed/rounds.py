"""Programs timed side by side: in every round each does the work once, one right after the other.

A machine that others share changes its speed from minute to minute. What is compared in one round met the same speed,
so what is quoted is the median, over the rounds, of the ratio within a round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from time import perf_counter
from typing import Any

import torch
from pytest_benchmark.fixture import BenchmarkFixture

OURS = "genboard"
ARITHMETIC = "the arithmetic alone"
BEFORE = "one after the other"
Call = Callable[[], Any]


def alternate(
    benchmark: BenchmarkFixture, ours: Call, others: Mapping[str, Call] | None = None, rounds: int = 3, **info: Any
) -> None:
    """Time `ours` by the benchmark, and before it in every round each of the others by the clock.

    Args:
        info: what the report needs to know: which calls it compares, and what they do.
    """
    seconds: dict[str, list[float]] = {who: [] for who in others or {}}
    yardstick: list[float] = []

    def others_first() -> None:
        yardstick.append(clocked(lambda: _square() @ _square()))
        for who, call in (others or {}).items():
            seconds[who].append(clocked(call))

    benchmark.extra_info.update(seconds=seconds, yardstick=yardstick, **info)
    benchmark.pedantic(ours, setup=others_first, rounds=rounds)


def clocked(call: Call) -> float:
    """Seconds of the wall's clock that a call takes."""
    start = perf_counter()
    call()
    return perf_counter() - start


@cache
def _square() -> torch.Tensor:
    """What is multiplied in every round of every work, to see how steady the machine is."""
    return torch.randn(2048, 2048, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
