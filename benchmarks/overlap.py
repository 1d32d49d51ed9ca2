"""Features are computed while further samples are drawn, so that neither waits for the other.

Drawing stays where it was, in the caller's thread: what a user's function finds there does not change, and Ctrl-C stops
it. The features are computed in a thread of their own, behind a short queue. What comes out does not depend on which of
the two was faster: the samples come in their order, and each extractor cuts them into its own compute blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

import torch

from ..reference_stats.features import Measured, Stream
from ..registry.images import Images

AHEAD = 4  # shards drawn and not yet measured
PATIENCE = 0.2  # seconds waited at a time, so that Ctrl-C is heard on every system


class FeatureWorker:
    """Passes through extractors that take in samples as they are drawn.

    Within `with`, `give` hands over samples; the features are there afterwards, in `measured`. Where either side fails
    both stop: an error of the passes is raised from `give` or `finish`, and one of the drawing ends the passes.

    Attributes:
        measured: of each extractor, once all samples were given.
    """

    def __init__(self, streams: Mapping[str, Stream]) -> None:
        self.measured: dict[str, Measured] = {}
        self._streams = streams
        self._waiting: deque[Future[None]] = deque()
        # Both threads compute with as many as this one has: a new thread's number may be changed by others at work.
        self._pool = ThreadPoolExecutor(1, "features", torch.set_num_threads, (torch.get_num_threads(),))

    def __enter__(self) -> FeatureWorker:
        return self

    def give(self, images: Images) -> None:
        """Hand over the samples that come next; waits where too many are not yet measured."""
        self.settle(AHEAD)
        self._waiting.append(self._pool.submit(self._add, images))

    def finish(self) -> None:
        """Wait for the features of all samples that were given."""
        self.settle()
        self.measured = {name: stream.finish() for name, stream in self._streams.items()}

    def settle(self, left: int = 0) -> None:
        """Wait until at most so many pieces are not yet measured; raises the error of one that failed."""
        while self._waiting and (len(self._waiting) > left or self._waiting[0].done()):
            if wait(list(self._waiting)[:1], PATIENCE).done:
                self._waiting.popleft().result()

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _add(self, images: Images) -> None:
        for stream in self._streams.values():
            stream.add(images)
