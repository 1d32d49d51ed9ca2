"""Runs on executors: the same samples and results as in one process, and clear errors where workers differ."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from genboard.benchmarks.drawing_crew import DrawingCrew
from genboard.benchmarks.drawing_task import DrawingTask
from genboard.benchmarks.evaluation_target import EvaluationTarget, open_target, plan_for
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.benchmarks.runs import runs_under
from genboard.benchmarks.sampling import sample
from genboard.benchmarks.shards import ShardPath
from genboard.registry.catalog import track
from ray_cluster import ended, started
from worker_processes import worker_processes

from genboard.core.errors import BadSamples, BadWorkers
from genboard.core.executor import EXECUTORS
from genboard.core.executor.local import LocalExecutor
from genboard.core.executor.on_ray import RayExecutor

DIGITS = track("digits")


def opened(name: str, n: int = 300) -> tuple[EvaluationTarget, DrawingTask]:
    target = open_target(name, DIGITS)
    return target, DrawingTask.of(target, DIGITS, plan_for(target, DIGITS, n), "cpu", None)


def manifest(folder: Path) -> bytes:
    return (folder / "manifest.json").read_bytes()


@pytest.mark.parametrize("name", ["vae", pytest.param("pixelcnn", marks=pytest.mark.slow)])
def test_workers_draw_the_samples_of_one_process(name: str, tmp_path: Path) -> None:
    target, task = opened(name)
    plan = plan_for(target, DIGITS, 300)
    sample(plan, tmp_path / "alone")
    told = []
    drawn: list[int] = []
    crew = DrawingCrew(LocalExecutor(2), task)
    sample(plan, tmp_path / "crew", each=told.append, drawn=drawn.append, helpers=crew)
    assert manifest(tmp_path / "alone") == manifest(tmp_path / "crew")
    for path in (tmp_path / "alone").glob("*.parquet"):
        assert path.read_bytes() == (tmp_path / "crew" / path.name).read_bytes()
    assert [len(images) for images in told] == drawn == [128, 128, 44]
    assert crew.drawing_s > 0


def test_only_what_is_missing_is_drawn(tmp_path: Path) -> None:
    target, task = opened("vae")
    plan = plan_for(target, DIGITS, 300)
    sample(plan, tmp_path)
    before = manifest(tmp_path)
    (tmp_path / "samples-00001-of-00003.parquet").unlink()
    drawn: list[int] = []
    sample(plan, tmp_path, drawn=drawn.append, helpers=DrawingCrew(LocalExecutor(2), task))
    assert drawn == [128]
    assert manifest(tmp_path) == before


def unlike(record: dict[str, Any]) -> dict[str, Any]:
    """A result without what depends on the run: its cost, its moment, and how many threads the network had."""
    left = {key: value for key, value in record.items() if key not in ("cost", "provenance", "environment")}
    return json.loads(json.dumps(left))


@pytest.mark.slow
@pytest.mark.usefixtures("quick_intervals")
def test_a_result_is_the_same_but_for_its_cost(tmp_path: Path) -> None:
    results = []
    for workers in (None, 1, 2):
        made = None if workers is None else LocalExecutor(workers)
        done = evaluate("vae", DIGITS, 300, Workspace.under(tmp_path / str(workers)), Options(executor=made))
        results.append(done.result)
    assert unlike(results[0].to_json()) == unlike(results[1].to_json()) == unlike(results[2].to_json())
    assert results[0].cost.workers is None
    found = results[2].cost.workers
    assert found is not None
    assert (found.executor, found.count, found.restarts) == ("local", 2, 0)
    assert found.seconds > 0


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    _, task = opened("vae")
    with pytest.raises(BadWorkers, match="does not see"):
        task(ShardPath(str(tmp_path / "samples.parquet"), 0, 4))


def test_a_worker_that_would_draw_other_samples_says_so(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    _, task = opened("vae")
    with pytest.raises(BadWorkers, match="would draw other samples of vae"):
        replace(task, spec_id="0" * 64)(ShardPath(str(tmp_path / "samples.parquet"), 0, 4))


def test_a_generator_that_fails_in_a_worker_fails_here(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(
        "import numpy as np\n\n\ndef sample(seeds, labels):\n    return np.full((len(seeds), 1, 8, 8), np.nan)\n",
        "utf-8",
    )
    target = open_target(f"{own}:sample", DIGITS, trust_code=True)
    plan = plan_for(target, DIGITS, 300)
    crew = DrawingCrew(LocalExecutor(1), DrawingTask.of(target, DIGITS, plan, "cpu", None))
    with pytest.raises(BadSamples, match="NaN"):
        sample(plan, tmp_path / "out", helpers=crew)


def test_status_tells_what_stands(tmp_path: Path) -> None:
    target, _ = opened("vae")
    plan = plan_for(target, DIGITS, 300)
    folder = tmp_path / "digits@1" / "vae" / "0123"
    sample(plan, folder)
    (tmp_path / "digits@1" / "vae" / "broken").mkdir()
    (tmp_path / "digits@1" / "vae" / "broken" / "plan.json").write_text("{")
    (run,) = runs_under(tmp_path)
    assert (run.track, run.generator, run.state, run.shards, run.of) == ("digits@1", "vae", "complete", 3, 3)
    (folder / "manifest.json").unlink()
    (folder / "samples-00002-of-00003.parquet").unlink()
    (run,) = runs_under(tmp_path)
    assert (run.state, run.shards) == ("stopped", 2)


def test_the_commands_take_an_executor(run: Any, tmp_path: Path) -> None:
    code, out, err = run(
        "sample", "vae", "--track", "digits", "--samples", "140", "--out", str(tmp_path / "a"), "--executor", "local"
    )
    assert code == 0, err
    code, again, err = run("sample", "vae", "--track", "digits", "--samples", "140", "--out", str(tmp_path / "b"))
    assert out.splitlines()[1] == again.splitlines()[1]
    code, out, err = run("sample", "vae", "--track", "digits", "--out", str(tmp_path / "c"), "--workers", "2")
    assert code == 2
    assert "need --executor" in " ".join(err.split())
    code, out, err = run("status", "--samples", str(tmp_path / "nowhere"))
    assert (code, out) == (0, "")
    assert "no runs in" in err


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two Ray nodes of one core each."""
    made = started(2)
    yield made
    ended(made)


@pytest.mark.slow
def test_ray_draws_the_same_and_bears_the_loss_of_a_node(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    target, task = opened("ddpm", 1280)
    plan = plan_for(target, DIGITS, 1280)
    sample(plan, tmp_path / "alone")
    crew = DrawingCrew(RayExecutor(2), task)
    node = next(iter(cluster.worker_nodes))

    def lose() -> None:
        while not list((tmp_path / "ray").glob("samples-*.parquet")):
            time.sleep(0.01)
        cluster.remove_node(node, allow_graceful=False)

    losing = threading.Thread(target=lose)
    losing.start()
    sample(plan, tmp_path / "ray", helpers=crew)
    losing.join()
    assert len(cluster.worker_nodes) == 0
    assert manifest(tmp_path / "alone") == manifest(tmp_path / "ray")
    with pytest.raises(BadWorkers, match="9 workers with one CPU each: the cluster has"):
        assert RayExecutor(9).workers


def test_an_address_that_nobody_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    ray.shutdown()  # another test may have joined a cluster
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(BadWorkers, match=r"no Ray cluster answers at 127\.0\.0\.1:1") as caught:
        assert RayExecutor(1).workers
    assert "ray start --head" in str(caught.value.hint)


@pytest.mark.usefixtures("quick_intervals")
def test_what_was_measured_or_drawn_before_needs_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    ray.shutdown()  # another test may have joined a cluster
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    first = evaluate("noise", DIGITS, 40, Workspace.under(tmp_path))
    options = Options(executor=RayExecutor(1))
    again = evaluate("noise", DIGITS, 40, Workspace.under(tmp_path), options)
    assert (again.reused, again.path) == (True, first.path)
    with pytest.raises(BadWorkers, match="no Ray cluster answers"):
        evaluate("noise", DIGITS, 41, Workspace.under(tmp_path), options)
    target, task = opened("noise", 40)
    sample(plan_for(target, DIGITS, 40), tmp_path / "out")
    sample(plan_for(target, DIGITS, 40), tmp_path / "out", helpers=DrawingCrew(RayExecutor(1), task))
    assert not ray.is_initialized()


SLOW = """
import os, time, uuid
import numpy as np


def sample(seeds, labels):
    open(os.path.join({folder!r}, f"{{os.getpid()}}-{{uuid.uuid4().hex}}"), "w").close()
    time.sleep(0.004 * len(seeds))
    return np.stack([np.random.default_rng(s).integers(0, 255, (1, 8, 8), np.uint8) for s in seeds])
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
@pytest.mark.parametrize("kills", [pytest.param(8, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.large)])
def test_killed_workers_cost_a_shard_each_at_most(kills: int, tmp_path: Path) -> None:
    """Workers of a slow generator are killed at random moments, each some time after other shards were done."""
    own, calls = tmp_path / "slow.py", tmp_path / "calls"
    calls.mkdir()
    own.write_text(SLOW.format(folder=str(calls)), "utf-8")
    target = open_target(f"{own}:sample", DIGITS, trust_code=True)
    shards = 12 * kills
    plan = plan_for(target, DIGITS, 128 * shards)
    executor, out, done = LocalExecutor(2), tmp_path / "out", threading.Event()
    crew = DrawingCrew(executor, DrawingTask.of(target, DIGITS, plan, "cpu", 128))
    killed: list[int] = []
    killer = threading.Thread(target=kill_after_shards, args=(calls, kills, done, killed))
    killer.start()
    try:
        digest = sample(plan, out, helpers=crew)["digest"]
    finally:
        done.set()
        killer.join()
    assert len(killed) >= kills / 2
    # One that was killed when the last piece had been given out is not missed.
    assert len(killed) - 2 <= executor.restarts <= len(killed)
    # A worker that begins draws a few samples twice, in two calls, to see that they repeat.
    assert shards <= len(list(calls.iterdir())) <= shards + executor.restarts + 2 * (2 + executor.restarts)
    assert sample(plan, tmp_path / "alone")["digest"] == digest


def kill_after_shards(calls: Path, kills: int, done: threading.Event, killed: list[int]) -> None:
    rng, before = random.Random(2026), -1
    while len(killed) < kills and not done.wait(rng.uniform(0.0, 0.3)):
        drawn = Counter(int(path.name.split("-")[0]) for path in calls.iterdir())
        # One that has drawn a shard after the two calls at its beginning: killed earlier, workers would lose the same
        # piece again and again.
        workers = [pid for pid in worker_processes() if pid not in killed and drawn[pid] > 3]
        if drawn.total() > before + 2 and workers:
            victim, before = rng.choice(workers), drawn.total()
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
@pytest.mark.parametrize("executor", EXECUTORS)
def test_ctrl_c_leaves_a_run_that_is_taken_up_again(
    executor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENBOARD_SLURM", "local")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    command = [sys.executable, "-m", "genboard", "sample", "ddpm", "--track", "digits", "--out", str(tmp_path / "out")]
    command += ["--samples", "5000", "--executor", executor, "--workers", "1"]
    # In a group of their own: from a terminal, all that the command has started get the signal too.
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 120
    while not list((tmp_path / "out").glob("samples-*.parquet")) and time.monotonic() < until:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "run the same command again to resume" in err
    assert "Traceback" not in err or executor == "submitit"  # its stand-in for Slurm shows one of its own
    kept = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("samples-*.parquet")}
    assert 0 < len(kept) < 40
    target = open_target("ddpm", DIGITS)
    sample(plan_for(target, DIGITS, 5000), tmp_path / "out")
    assert all((tmp_path / "out" / name).read_bytes() == data for name, data in kept.items())
