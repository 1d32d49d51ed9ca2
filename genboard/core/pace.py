"""How far the workers of an executor are, in words and as a bar."""

from __future__ import annotations

import time
from typing import Never

from tqdm import tqdm

from .executor import Executor
from .progress import bar


class Pace:
    """Counts the pieces that come back from workers.

    Args:
        noun: of the pieces, in the plural.
        pieces, images: how many there are.
    """

    def __init__(self, executor: Executor, noun: str, pieces: int, images: int) -> None:
        self._executor, self._noun, self._pieces, self._images = executor, noun, pieces, images
        self._done, self._there, self._began = 0, 0, time.monotonic()

    def after(self, images: int) -> str:
        """How far the workers are after one more piece, of so many images."""
        self._done, self._there = self._done + 1, self._there + images
        counted = f"{self._done}/{self._pieces} {self._noun}"
        made, seconds = self._executor, time.monotonic() - self._began
        return counted + in_words(self._there, self._images, seconds, made.workers, self._done, made.restarts)


def in_words(there: int, images: int, seconds: float, workers: int, done: int, restarts: int) -> str:
    """Images a second of all workers, time left, and workers that were replaced.

    Nothing is said of speed before as many pieces are done as there are workers: all begin at once, and until then
    most of what they have done has not come back.

    >>> in_words(384, 1536, 10.0, workers=4, done=3, restarts=0)
    ''
    >>> in_words(512, 1536, 10.0, workers=4, done=4, restarts=1)
    ', 51.2 images/s on 4 workers, 00:20 left, 1 restart'
    """
    told = []
    if done >= workers and seconds > 0:
        rate = there / seconds
        told += [f"{rate:.3g} images/s on {workers} {'worker' if workers == 1 else 'workers'}"]
        told += [f"{tqdm.format_interval(round((images - there) / rate))} left"]
    if restarts:
        told += [f"{restarts} {'restart' if restarts == 1 else 'restarts'}"]
    return "".join(f", {one}" for one in told)


def worker_bar(what: str, total: int, unit: str) -> tqdm[Never]:
    """A bar like `bar`, which leaves speed and time left to `Pace`: its own would be of what is read in order."""
    made = bar(what, total, unit)
    made.bar_format = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}{postfix}"
    return made
