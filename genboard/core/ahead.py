"""Work done in threads before it is needed: in its order, a bounded number of pieces ahead, its errors in their place.

For what lets go of Python's lock, as reading and decoding files do. Every thread ends with the `with` or the loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

P = TypeVar("P")
R = TypeVar("R")

PATIENCE = 0.2  # seconds waited at a time, so that Ctrl-C is heard on every system


def read_ahead(items: Generator[R]) -> Generator[R]:
    """The items in their order; while the caller has one, a thread makes the next, and no more than that.

    An error of making one is raised where that one would have come. Close it where the loop may be left early, with
    `contextlib.closing`: it then waits for the item in the making, and closes the generator.
    """
    end = object()
    with ThreadPoolExecutor(1, "reading ahead") as pool:
        try:
            waiting = pool.submit(next, items, end)
            while (item := _result(waiting)) is not end:
                waiting = pool.submit(next, items, end)
                yield item  # type: ignore[misc]
        finally:
            waiting.cancel()
            pool.shutdown()
            items.close()


def on_threads(work: Callable[[P], R], pieces: Iterable[P], threads: int) -> Generator[R]:
    """`work` of each piece in order, by so many threads, of which each is at most one piece ahead.

    The pieces are taken in the caller's thread, as they are needed.
    """
    with ThreadPoolExecutor(threads, "decoding") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for piece in pieces:
                waiting.append(pool.submit(work, piece))
                if len(waiting) > threads:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for one in waiting:
                one.cancel()


def _result(future: Future[R]) -> R:
    while not wait([future], PATIENCE).done:
        pass
    return future.result()
