"""Shards drawn by an executor's workers, and what that cost."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ..core.executor import Executor
from ..core.pace import Pace
from .drawing_task import DrawingTask, ShardPath


class DrawingCrew:
    """Draws shards on the workers of an executor: what `sample` takes as `helpers`.

    Attributes:
        seconds: that workers spent drawing, added up.
        peak_memory_mib: of the worker that held the most; none where the system does not tell.
    """

    def __init__(self, executor: Executor, task: DrawingTask) -> None:
        self.executor, self._task = executor, task
        self.seconds = 0.0
        self.peak_memory_mib: float | None = None

    def __call__(self, shards: Sequence[ShardPath]) -> Generator[str]:
        """Draw the shards in any order, and say after each how far the workers are.

        Raises:
            BadWorkers: see `Executor.run` and `DrawingTask`.
            BadSamples, CannotWrite: of a worker.
        """
        pace = Pace(self.executor, "shards", len(shards), sum(shard.stop - shard.start for shard in shards))
        for shard, done in self.executor.run(self._task, shards):
            self.seconds += done.seconds
            self.peak_memory_mib = max(filter(None, (self.peak_memory_mib, done.peak_memory_mib)), default=None)
            yield pace.after(shard.stop - shard.start)
