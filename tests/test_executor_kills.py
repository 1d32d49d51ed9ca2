"""Workers and nodes of a Ray cluster that are killed cost a shard each at most."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from executor_tasks import Logged
from genboard.benchmarks.drawing import draw
from genboard.benchmarks.drawing_crew import DrawingCrew
from genboard.benchmarks.drawing_task import DrawingTask
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.sampling import sample
from genboard.benchmarks.shards import SHARD, ShardPath, read_shard, shards_in
from genboard.registry.catalog import track
from ray_cluster import ended, started

from genboard.core.executor.on_ray import RayExecutor


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
@pytest.mark.parametrize("kills", [pytest.param(8, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.large)])
def test_killed_workers_and_nodes_cost_a_shard_each_at_most(
    kills: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks, out, digits, n = tmp_path / "marks", tmp_path / "out", track("digits"), EACH * kills * SHARD
    marks.mkdir()
    target = open_target("ddpm", digits)
    plan = plan_for(target, digits, n)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # of the nodes
    made = started(4)
    monkeypatch.setenv("RAY_ADDRESS", made.address)
    killer = Killer(made, marks, kills)
    task: Any = Logged(DrawingTask.of(target, digits, plan, "cpu", None), str(marks))

    class Harried(DrawingCrew):
        def __call__(self, shards: Sequence[ShardPath]) -> Generator[str]:
            for line in super().__call__(shards):
                killer.look()
                yield line

    try:
        sample(plan, out, helpers=Harried(RayExecutor(4), task))
    finally:
        ended(made)
    assert sum(killer.killed.values()) >= kills * 3 / 4
    assert min(killer.killed["worker"], killer.killed["node"]) > 0
    begun = Counter(int(path.name.split("-")[1]) for path in marks.glob("begun-*"))
    shards = shards_in(out, n)
    assert sorted(begun) == [shard.start for shard in shards]
    assert begun.total() <= EACH * kills + sum(killer.killed.values())
    images = [
        read_shard(Path(shard.path), plan.spec_id, plan.shape, shard.start, shard.stop - shard.start).pixels
        for shard in shards
    ]
    assert sum(map(len, images)) == n
    assert len(np.unique(np.concatenate(images), axis=0)) > 0.99 * n
    # Those that were begun again, and some of the others: all would take longer than the run.
    alone = [i for i, shard in enumerate(shards) if begun[shard.start] > 1 or i % EACH == 0]
    assert all((images[i] == draw(plan, shards[i].start, shards[i].stop).pixels).all() for i in alone)


EACH = 10  # shards for each kill: the one that was lost is drawn again before the next


class Killer:
    """Kills workers, and nodes that it then replaces, at random moments, each some shards after the one before.

    Attributes:
        killed: how many of each.
    """

    def __init__(self, cluster: Any, marks: Path, kills: int) -> None:
        self._cluster, self._marks, self._kills = cluster, marks, kills
        self._rng, self._before = random.Random(2026), 0
        self.killed: Counter[str] = Counter()

    def look(self) -> None:
        """To be called in the thread that started the cluster, as new nodes need it."""
        ended = [path.name.split("-")[2] for path in self._marks.glob("ended-*")]
        if self.killed.total() == self._kills or len(ended) < self._before + EACH - 3:
            return
        # One that has drawn a shard: while it begins, a worker would lose the same one again and again.
        workers = sorted({int(pid) for pid in ended if alive(int(pid))})
        nodes = [
            node for node in self._cluster.worker_nodes if any(parent_of(pid) == raylet_of(node) for pid in workers)
        ]
        victims: list[Any] = nodes if self.killed["node"] < self.killed["worker"] else workers
        if not victims:
            return
        self._before, victim = len(ended), self._rng.choice(victims)
        time.sleep(self._rng.uniform(0.0, 0.3))
        if victims is nodes:
            self._cluster.remove_node(victim, allow_graceful=False)
            self.killed["node"] += 1
            self._cluster.add_node(num_cpus=1)
            return
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            self.killed["worker"] += 1


def raylet_of(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def parent_of(pid: int) -> int:
    return int(stat_of(pid)[1])


def alive(pid: int) -> bool:
    return stat_of(pid)[0] not in "ZX"


def stat_of(pid: int) -> list[str]:
    """State, parent, and so on; of a process that has gone, as of a dead one."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return ["X", "0"]
