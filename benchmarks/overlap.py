"""Features are computed while further samples are drawn, so that neither waits for the other.

Drawing stays where it was, in the caller's thread: what a user's function finds there does not change, and Ctrl-C stops
it. The features are computed in a thread of their own, behind a short queue. What comes out does not depend on which of
the two was faster: the samples come in their order, and each extractor cuts them into its own compute blocks.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from types import TracebackType

import torch

from ..reference_stats.features import Measured, Stream
from ..registry.images import Images

AHEAD = 4  # shards drawn and not yet measured
PATIENCE = 0.2  # seconds waited at a time, so that Ctrl-C is heard on every system


class FeatureWorker:
    """Passes through extractors that take in samples as they are drawn.

    Within `with`, `give` hands over samples; the features are there afterwards, in `measured`. Where either side fails
    both stop: an error of the passes is raised from `give` or on leaving, and one of the drawing ends the passes.

    Attributes:
        measured: of each extractor, once all samples were given.
    """

    def __init__(self, streams: Mapping[str, Stream]) -> None:
        self.measured: dict[str, Measured] = {}
        self._streams = streams
        self._queue: queue.Queue[Images | None] = queue.Queue(AHEAD)
        self._error: BaseException | None = None
        self._stopped = threading.Event()
        # Both threads compute with as many as this one has: a new thread's number may be changed by others at work.
        self._threads = torch.get_num_threads()
        self._thread = threading.Thread(target=self._work, name="features", daemon=True)

    def __enter__(self) -> FeatureWorker:
        self._thread.start()
        return self

    def give(self, images: Images) -> None:
        """Hand over the samples that come next; waits where too many are not yet measured."""
        while True:
            if self._error is not None:
                raise self._error
            try:
                self._queue.put(images, timeout=PATIENCE)
            except queue.Full:
                continue
            return

    def finish(self) -> None:
        """Wait for the features of all samples that were given."""
        self._end()
        if self._error is not None:
            raise self._error
        self.measured = {name: stream.finish() for name, stream in self._streams.items()}

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._thread.is_alive():
            self._stopped.set()
            self._end()

    def _end(self) -> None:
        """Tell the thread that nothing follows, and wait until it has ended."""
        while self._thread.is_alive():
            try:
                self._queue.put(None, timeout=PATIENCE)
                break
            except queue.Full:
                continue
        while self._thread.is_alive():
            self._thread.join(PATIENCE)

    def _work(self) -> None:
        torch.set_num_threads(self._threads)
        while (images := self._queue.get()) is not None:
            if self._error is not None or self._stopped.is_set():
                continue  # the queue is emptied, so that nobody waits to put something into it
            try:
                for stream in self._streams.values():
                    stream.add(images)
            except BaseException as e:
                self._error = e
