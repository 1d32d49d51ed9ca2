"""Work that goes on in a thread of its own while this process does other things."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """The outcome of some work, which begins at once.

    The thread stays until it is released: on Linux what a thread has started may be killed when that thread ends.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work, self._value, self._error = work, list[T](), list[BaseException]()
        self._done, self._released = threading.Event(), threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._value.append(self._work())
        except BaseException as e:
            self._error.append(e)
        self._done.set()
        self._released.wait()

    def wait(self) -> T:
        """What the work gives, or raises, once it is done."""
        self._done.wait()
        if self._error:
            raise self._error[0]
        return self._value[0]

    def release(self) -> None:
        """Let the thread end, after its work."""
        self._released.set()
