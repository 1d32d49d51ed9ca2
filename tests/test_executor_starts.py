"""Workers start early, serve all runs of a command, and end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import executor_tasks as tasks
import pytest
from genboard.benchmarks.drawing_crew import DrawingCrew
from genboard.benchmarks.drawing_task import DrawingTask
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.benchmarks.sampling import sample
from genboard.registry.catalog import track
from here import HereExecutor
from worker_processes import worker_processes

from genboard.cli.measuring import first_on
from genboard.core.errors import BadSamples, BadWorkers
from genboard.core.executor.background import Background
from genboard.core.executor.local import LocalExecutor
from genboard.core.executor.on_ray import RayExecutor

posix = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def pids(executor: LocalExecutor, pieces: int = 6) -> set[int]:
    """The workers of a run."""
    return set(dict(executor.run(tasks.pid, range(pieces))).values())


def test_workers_of_a_run_serve_the_next_until_they_are_closed() -> None:
    executor = LocalExecutor(2)
    first = pids(executor)
    assert pids(executor) <= first
    assert executor.restarts == 0
    executor.close()
    assert eventually(lambda: not first & set(worker_processes()))
    assert not first & pids(executor)
    executor.close()


def test_workers_that_started_early_do_the_work_with_what_they_have_imported() -> None:
    before, executor = set(worker_processes()), LocalExecutor(1)
    executor.start(1, "wave")
    early = set(worker_processes()) - before
    assert len(early) == 1
    assert dict(executor.run(tasks.imported, ["wave", "turtle"])) == {"wave": (True, *early), "turtle": (False, *early)}
    assert pids(executor) >= early
    executor.close()


def test_a_module_that_is_not_there_is_no_error_before_there_is_work() -> None:
    executor = LocalExecutor(1)
    executor.start(1, "genboard.nothing")
    assert dict(executor.run(tasks.square, [3])) == {3: 9}
    executor.close()


@posix
def test_an_idle_worker_that_is_killed_is_replaced() -> None:
    executor = LocalExecutor(1)
    (worker,) = pids(executor)
    os.kill(worker, signal.SIGKILL)
    assert eventually(lambda: worker not in worker_processes())
    assert worker not in pids(executor)
    assert executor.restarts == 1
    executor.close()


def test_an_error_ends_those_at_work_and_the_rest_go_on() -> None:
    executor = LocalExecutor(2)
    with pytest.raises(BadSamples, match="is none"):
        list(executor.run(tasks.refuse, range(4)))
    assert dict(executor.run(tasks.square, range(4))) == {n: n * n for n in range(4)}
    executor.close()


def test_a_run_within_a_run_has_workers_of_its_own() -> None:
    executor = LocalExecutor(1)
    outer = executor.run(tasks.pid, range(2))
    first = next(outer)[1]
    assert first not in pids(executor)
    assert next(outer)[1] == first
    outer.close()
    executor.close()


@pytest.mark.slow
def test_drawing_after_an_early_start_gives_the_same_files(tmp_path: Path) -> None:
    digits, executor = track("digits"), LocalExecutor(2)
    executor.start(3, DrawingTask.__module__)
    target = open_target("vae", digits)
    plan = plan_for(target, digits, 300)
    sample(plan, tmp_path / "crew", helpers=DrawingCrew(executor, DrawingTask.of(target, digits, plan, "cpu", None)))
    executor.close()
    sample(plan, tmp_path / "alone")
    names = sorted(path.name for path in (tmp_path / "alone").iterdir() if not path.name.startswith("."))
    assert len(names) == 5
    assert all((tmp_path / "alone" / name).read_bytes() == (tmp_path / "crew" / name).read_bytes() for name in names)


def test_a_command_starts_workers_where_there_is_work_and_closes_them(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = HereExecutor()
    monkeypatch.setattr("genboard.core.executor.open_executor", lambda *_: made)
    out = tmp_path / "out"
    draw = ("sample", "noise", "--track", "digits", "--samples", "140", "--out", out, "--executor", "local")
    assert run(*draw)[0] == 0
    assert (made.started, made.closed) == ([(2, "genboard.benchmarks.drawing_task")], 1)
    assert run(*draw)[0] == 0
    assert (len(made.started), made.closed) == (1, 2)
    code, _, err = run(*draw[:5], "141", *draw[6:])
    assert code == 1
    assert "holds other samples" in err
    assert made.closed == 3


def test_a_source_is_known_to_be_drawn_where_it_has_no_result_yet(tmp_path: Path) -> None:
    digits, done = track("digits"), tmp_path / track("digits").id / "vae" / "1.json"
    assert first_on(digits, "vae", tmp_path)
    assert not first_on(digits, str(tmp_path), tmp_path)
    assert not first_on(digits, "no-such-generator", tmp_path)
    done.parent.mkdir(parents=True)
    done.touch()
    assert not first_on(digits, "vae", tmp_path)


@pytest.mark.usefixtures("quick_intervals")
def test_evaluate_starts_workers_unless_the_result_is_there(tmp_path: Path) -> None:
    made = HereExecutor()
    evaluate("noise", "digits", 40, Workspace.under(tmp_path), Options(executor=made))
    assert made.started == [(1, DrawingTask.__module__)]
    evaluate("noise", "digits", 40, Workspace.under(tmp_path), Options(executor=made))
    assert len(made.started) == 1


def test_work_in_the_background_gives_its_outcome_or_its_error() -> None:
    there = Background(lambda: 3)
    assert (there.wait(), there.wait()) == (3, 3)
    there.release()

    def fail() -> None:
        raise BadWorkers("nobody", "ask somebody")

    failed = Background(fail)
    with pytest.raises(BadWorkers, match="nobody"):
        failed.wait()
    failed.release()


def test_an_address_that_nobody_answers_is_an_error_of_the_work_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    ray.shutdown()  # another test may have joined a cluster
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    executor = RayExecutor(1)
    executor.start(1, "genboard.benchmarks.drawing_task")
    with pytest.raises(BadWorkers, match=r"no Ray cluster answers at 127\.0\.0\.1:1"):
        list(executor.run(tasks.square, [1]))
    executor.close()


@pytest.mark.slow
def test_ray_starts_in_the_background_and_ends_when_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    ray.shutdown()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    executor = RayExecutor(1)
    executor.start(1, "genboard.benchmarks.drawing_task")
    assert eventually(ray.is_initialized, 60.0)
    node = ray.get_runtime_context().get_node_id
    before = node()
    assert dict(executor.run(tasks.square, range(3))) == {n: n * n for n in range(3)}
    assert dict(executor.run(tasks.square, [2])) == {2: 4}
    assert node() == before
    executor.close()
    assert not ray.is_initialized()


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["local", "ray"])
def test_a_command_that_fails_leaves_no_worker(executor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.parquet").write_bytes(b"")
    command = [sys.executable, "-m", "genboard", "sample", "vae", "--track", "digits", "--out", str(tmp_path / "out")]
    monkeypatch.setenv("GENBOARD_MARK", str(tmp_path))
    done = subprocess.run([*command, "--executor", executor, "--workers", "1"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "holds Parquet files that are not of this run" in done.stderr
    assert "Traceback" not in done.stderr
    assert eventually(lambda: not marked(str(tmp_path)))


def marked(value: str) -> list[int]:
    """Processes whose environment has that mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"GENBOARD_MARK={value}".encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
