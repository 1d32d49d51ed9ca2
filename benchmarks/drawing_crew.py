"""Shards drawn by an executor's workers, and what that cost."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from ..core.executor import Executor, fetch
from ..core.pace import Pace
from ..core.spending import Bill
from .drawing_task import DrawingTask
from .shards import ShardPath


class DrawingCrew:
    """Draws shards on the workers of an executor: what `sample` takes as `helpers`.

    Attributes:
        bill: to which what they spend is added.
        drawing_s: seconds that workers spent drawing, added up.
    """

    def __init__(self, executor: Executor, task: DrawingTask, bill: Bill | None = None) -> None:
        self.executor, self._task = executor, task
        self.bill, self.drawing_s = Bill() if bill is None else bill, 0.0

    def fetch(self, shards: Sequence[ShardPath]) -> None:
        """Bring here what workers have drawn for a driver that is gone.

        Raises:
            BadWorkers: the storage cannot be read.
        """
        fetch(self.executor, self._task, shards)

    def __call__(self, shards: Sequence[ShardPath]) -> Generator[str]:
        """Draw the shards in any order, and say after each how far the workers are.

        Raises:
            BadWorkers: see `Executor.run` and `DrawingTask`.
            BadSamples, CannotWrite: of a worker.
        """
        pace = Pace(self.executor, "shards", len(shards), sum(shard.stop - shard.start for shard in shards))
        for shard, done in self.bill.awaited(self.executor.run(self._task, shards)):
            self.bill.add(done)
            self.drawing_s += done.seconds
            yield pace.after(shard.stop - shard.start)
