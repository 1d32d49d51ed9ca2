"""Runs on Ray clusters of this machine: the same result files on any number of nodes, whoever is killed meanwhile."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cached import cached_test_split, skip_without
from executor_tasks import Logged
from few_partitions import few_partitions
from genboard.benchmarks.drawing import draw
from genboard.benchmarks.drawing_crew import DrawingCrew
from genboard.benchmarks.drawing_task import DrawingTask
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.result import influence_path, preview_path
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.benchmarks.sampling import sample
from genboard.benchmarks.shards import SHARD, ShardPath, read_shard, shards_in
from genboard.registry import schema
from genboard.registry.catalog import track

from genboard.core.executor import Executor
from genboard.core.executor.on_ray import RayExecutor
from genboard.core.files import canonical_json, read_json

# Of MNIST a tenth of the track's samples: eight shards. Of digits, with four, all.
RUNS = {"vae": ("digits", 500), "ddpm": ("digits", 500), "csinva-mnist-vae": ("mnist", 1000)}


def started(nodes: int) -> Any:
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(nodes - 1):
        made.add_node(num_cpus=1)
    return made


def ended(cluster: Any) -> None:
    import ray

    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module", params=[1, 2, 4], ids="{} nodes".format)
def cluster(request: pytest.FixtureRequest) -> Iterator[tuple[Any, int]]:
    """So many Ray nodes of one core each."""
    made = started(request.param)
    yield made, request.param
    ended(made)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that keeps the reference statistics of MNIST."""
    return tmp_path_factory.mktemp("references")


Files = tuple[bytes, bytes, bytes]


def files_of(name: str, workspace: Path, executor: Executor | None) -> Files:
    """The result, without its cost and the time of its making, its preview and its influences."""
    on, n = RUNS[name]
    with few_partitions():
        path = evaluate(name, track(on), n, Workspace.under(workspace), Options(executor=executor)).path
    value = read_json(path)
    del value["cost"], value["provenance"]["created"]
    return canonical_json(value), preview_path(path).read_bytes(), influence_path(path).read_bytes()


@pytest.fixture(scope="module")
def alone() -> dict[str, Files]:
    """What one process gives for each run, once it was asked for."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_the_result_file_is_the_same_on_any_number_of_nodes(
    name: str,
    cluster: tuple[Any, int],
    alone: dict[str, Files],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if RUNS[name][0] == "mnist":
        skip_without(schema.Generator, name)
        cached_test_split("mnist", 1)
    monkeypatch.setenv("GENBOARD_HOME", str(home))
    monkeypatch.setenv("RAY_ADDRESS", cluster[0].address)
    if name not in alone:
        alone[name] = files_of(name, tmp_path / "alone", None)
    executor = RayExecutor(cluster[1])
    found = files_of(name, tmp_path / "cluster", executor)
    assert executor.workers == cluster[1]
    assert found == alone[name]


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
