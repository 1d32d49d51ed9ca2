"""What a run costs: its stages, their seconds, and what devices and workers took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from ..core.spending import Bill, Meter, peak_memory_mib
from ..registry.catalog import entries
from ..registry.schema import Generator
from .drawing_crew import DrawingCrew
from .evaluation_target import EvaluationTarget
from .result import Cost, SpentRecord, WorkersRecord

Stage = Literal["sampling", "measuring"]


@dataclass
class RunClock:
    """The stage of a run, seconds spent in each so far, and how many samples were drawn, and by whom if not here.

    Attributes:
        meter: of this process.
        bill: of the workers.
    """

    meter: Meter
    bill: Bill = field(default_factory=Bill)
    stage: Stage = "measuring"
    seconds: dict[Stage, float] = field(default_factory=dict)
    since: float = field(default_factory=time.perf_counter)
    drawn: int = 0
    crew: DrawingCrew | None = None

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """A stage, or one inside another, whose time then does not count for the outer one."""
        outer = self.stage
        self.turn(stage)
        yield
        self.turn(outer)  # after an error the stage stays what it was: that is where the run failed

    def count(self, drawn: int) -> None:
        self.drawn += drawn

    def turn(self, stage: Stage) -> None:
        now = time.perf_counter()
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self.since
        self.stage, self.since = stage, now

    def cost(self, target: EvaluationTarget, n: int, drew: bool) -> Cost:
        """What the run of n samples took until now.

        Args:
            drew: whether all samples are there.
        """
        self.turn(self.stage)
        sampling_s, measuring_s = (self.seconds.get(stage, 0.0) for stage in get_args(Stage))
        return Cost(
            sampling_s=sampling_s,
            measuring_s=measuring_s,
            images_per_s=self.drawn / sampling_s if drew and self.drawn and sampling_s > 0 else None,
            drawn=self.drawn if target.generator and self.drawn < n else None,
            peak_memory_mib=peak_memory_mib(),
            workers=_workers(self.crew) if self.drawn else None,
            spent=self._spent(target),
        )

    def _spent(self, target: EvaluationTarget) -> SpentRecord:
        bill, mine = self.bill, self.meter.spent()
        # A GPU of this process may be one that workers have counted already.
        joules = None if bill.device_seconds else mine.joules
        bill.add(replace(mine, seconds=mine.seconds - bill.waited, joules=joules))
        entry = entries(Generator).get(target.record.name) if target.record.kind == "registered" else None
        return SpentRecord(
            device_seconds=bill.device_seconds, energy_j=bill.joules, evaluations=entry.nfe if entry else None
        )


def _workers(crew: DrawingCrew | None) -> WorkersRecord | None:
    if crew is None:
        return None
    made = crew.executor
    return WorkersRecord(
        executor=made.name,
        count=made.workers,
        seconds=crew.drawing_s,
        restarts=made.restarts,
        peak_memory_mib=crew.bill.peak_memory_mib,
    )
