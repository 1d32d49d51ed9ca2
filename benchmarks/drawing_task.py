"""The samples of one shard, drawn in whatever process a worker is.

A worker opens the generator itself, once, and draws shards of it as they are asked for. It refuses to draw where its
own plan is not the one of the run, as with other weights or another registry.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import BadWorkers
from ..core.spending import Meter, Spent
from ..registry.schema import Track
from ..registry.trust import trusting_code
from .disk_space import store_shard
from .drawing import Drawer, Plan
from .evaluation_target import EvaluationTarget, open_target, plan_for
from .shards import ShardPath


@dataclass(frozen=True)
class DrawingTask:
    """Draws the shards of a plan; a picklable function of `ShardPath`.

    Attributes:
        source, name, trust_code, device: what `open_target` takes.
        spec_id: of the plan, which the worker's own must have.
    """

    source: str
    name: str | None
    track: Track
    n: int
    trust_code: bool
    device: str
    batch_size: int | None
    spec_id: str

    @staticmethod
    def of(target: EvaluationTarget, track: Track, plan: Plan, device: str, batch_size: int | None) -> DrawingTask:
        """That of a generator which this process has opened, and of its plan."""
        name = None if target.record.kind == "registered" else target.record.name
        return DrawingTask(target.source, name, track, plan.n, target.trusted_code, device, batch_size, plan.spec_id)

    def __call__(self, shard: ShardPath) -> Spent:
        """Draw a shard and write it, and tell what that took.

        Raises:
            BadWorkers: this worker does not see the folder, or would draw other samples.
            BadSamples: see `Drawer`; also where a sample differs when it is drawn twice.
            CannotWrite: the shard cannot be written.
        """
        path, meter = Path(shard.path), Meter(self.device)
        if not (path.parent / "plan.json").is_file():
            raise BadWorkers(
                f"worker {socket.gethostname()} does not see {path.parent}",
                "choose a folder that all workers share, with --out or GENBOARD_HOME, or give --storage an address",
            )
        drawer = _OPEN.get(self.spec_id)
        if drawer is None:
            _OPEN.clear()
            drawer = _OPEN[self.spec_id] = self._opened()
        images = drawer.draw(shard.start, shard.stop)
        store_shard(path, images, drawer.plan, shard.start)
        return meter.spent()

    @property
    def key(self) -> str:
        return self.spec_id[:12]

    def folder_of(self, shard: ShardPath) -> Path:
        return Path(shard.path).parent

    def reads(self, shard: ShardPath) -> tuple[str, ...]:
        return ("plan.json",)

    def writes(self, shard: ShardPath) -> str:
        return Path(shard.path).name

    def moved(self, shard: ShardPath, folder: Path) -> tuple[DrawingTask, ShardPath]:
        return self, replace(shard, path=str(folder / self.writes(shard)))

    def _opened(self) -> Drawer:
        with trusting_code(self.trust_code):
            target = open_target(self.source, self.track, self.name, self.trust_code, device=self.device)
            plan = plan_for(target, self.track, self.n)
        if plan.spec_id != self.spec_id:
            raise BadWorkers(
                f"worker {socket.gethostname()} would draw other samples of {self.source}: its specification is "
                f"{plan.spec_id[:12]}, not {self.spec_id[:12]}",
                "give every worker the same entries, weights and versions",
            )
        drawer = Drawer(plan, self.batch_size)
        drawer.refuse_unrepeatable(wanted=False)  # what repeats in one process need not repeat in another
        return drawer


# What this process has open, by its specification: one at a time.
_OPEN: dict[str, Drawer] = {}
