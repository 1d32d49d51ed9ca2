"""Executors: what they give does not depend on how many work, in which order, or who is killed."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import executor_tasks as tasks
import pytest

from genboard.core import errors
from genboard.core.errors import BadEntry, BadSamples, BadWorkers, GenboardError
from genboard.core.executor import EXECUTORS, checked, on_ray, opening
from genboard.core.executor.local import LocalExecutor
from genboard.core.executor.on_ray import RayExecutor
from genboard.core.executor.on_slurm import SlurmExecutor
from genboard.core.executor.opening import open_executor
from genboard.core.executor.protocol import RETRIES

posix = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")


def mine(cls: type) -> bool:
    return issubclass(cls, GenboardError)


@pytest.mark.parametrize("kind", [c for _, c in inspect.getmembers(errors, inspect.isclass) if mine(c)])
def test_every_error_comes_back_from_a_worker_as_it_was(kind: type[GenboardError]) -> None:
    import pickle

    error = errors._as_it_was(kind, "the fact", "the hint")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.fact, again.hint, str(again)) == (kind, "the fact", "the hint", str(error))


@pytest.mark.parametrize("workers", [1, 3])
def test_each_piece_comes_back_with_its_value(workers: int) -> None:
    assert dict(LocalExecutor(workers).run(tasks.square, range(7))) == {n: n * n for n in range(7)}
    assert list(LocalExecutor(workers).run(tasks.square, [])) == []


def test_a_worker_has_one_thread_and_a_process_of_its_own() -> None:
    assert dict(LocalExecutor(1).run(tasks.threads, [0])) == {0: ("1", 1)}
    assert os.getpid() not in dict(LocalExecutor(2).run(tasks.pid, range(4))).values()


def test_an_error_of_the_task_is_raised_here_and_ends_the_work() -> None:
    with pytest.raises(BadSamples, match="piece 0 is none") as caught:
        list(LocalExecutor(1).run(tasks.refuse, range(3)))
    assert caught.value.hint == "take another"
    with pytest.raises(BadEntry, match=r"some.toml: field: piece 0"):
        list(LocalExecutor(1).run(tasks.refuse_entry, [0]))


def test_a_piece_that_kills_each_of_its_workers_is_given_up() -> None:
    executor = LocalExecutor(1)
    with pytest.raises(BadWorkers, match=f"piece 0 was lost with its worker {RETRIES + 1} times"):
        list(executor.run(tasks.die, [0]))
    assert executor.restarts == RETRIES + 1


def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    executor = LocalExecutor(1, patience=2.0)
    assert list(executor.run(tasks.hang_once, [str(tmp_path)])) == [(str(tmp_path), 1)]
    assert executor.restarts == 1


@posix
def test_a_killed_worker_costs_the_piece_it_was_at(tmp_path: Path) -> None:
    executor, pieces = LocalExecutor(2), [(str(tmp_path), n, n in (1, 4)) for n in range(6)]
    done = list(executor.run(tasks.killed_once, pieces))
    assert sorted(done) == [(piece, piece[1]) for piece in pieces]
    assert executor.restarts == 2
    begun = sorted(path.name.split("-")[1] for path in tmp_path.glob("begun-*"))
    assert begun == ["0", "1", "1", "2", "3", "4", "4", "5"]


def at_work(folder: Path) -> list[int]:
    """The processes that began a piece which they did not end."""
    ended = {path.name.split("-")[1] for path in folder.glob("ended-*")}
    begun = [path for path in folder.glob("begun-*") if path.name.split("-")[1] not in ended]
    return [int(text) for text in (path.read_text() for path in begun) if text]


@posix
def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import executor_tasks as t\n"
        "from genboard.core.executor.local import LocalExecutor\n"
        f"if __name__ == '__main__': list(LocalExecutor(1).run(t.noted, [({str(tmp_path)!r}, 0, 60.0)]))"
    )
    script = tmp_path / "program.py"
    script.write_text(program, "utf-8")
    process = subprocess.Popen([sys.executable, str(script)])
    assert eventually(lambda: bool(at_work(tmp_path)))
    worker = at_work(tmp_path)[0]
    process.kill()
    process.wait()
    assert eventually(lambda: not alive(worker))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def eventually(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return False


def test_a_worker_of_another_version_is_refused() -> None:
    mine = checked.versions()
    payload = checked.packed(tasks.square, 3)
    assert checked.call(mine, "here", payload) == 9
    with pytest.raises(BadWorkers, match=rf"has torch {mine['torch']}, and here has 2\.0\.0"):
        checked.call({**mine, "torch": "2.0.0"}, "here", payload)


@pytest.mark.parametrize(("name", "module"), [("ray", "ray"), ("submitit", "submitit")])
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    name: opening.ExecutorName, module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BadWorkers, match="is not installed") as caught:
        open_executor(name, 1, 0, tmp_path)
    assert caught.value.hint == f'pip install "genboard[{module}]"'


def test_more_than_there_is_cannot_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(opening, "gpus", lambda: 2)
    with pytest.raises(BadWorkers, match="4 GPUs asked for, and this machine has 2"):
        open_executor("local", 4, 1, tmp_path)
    with pytest.raises(BadWorkers, match="0 workers"):
        open_executor("local", 0, 0, tmp_path)
    assert open_executor("local", None, 1, tmp_path).workers == 2
    assert open_executor("local", None, 0, tmp_path).workers == opening.cores()


def test_without_slurm_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GENBOARD_SLURM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadWorkers, match="no command sbatch"):
        open_executor("submitit", 1, 0, tmp_path)


def test_submitit_runs_the_pieces_as_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GENBOARD_SLURM", "local")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    executor = open_executor("submitit", 2, 0, tmp_path)
    assert dict(executor.run(tasks.square, range(3))) == {0: 0, 1: 1, 2: 4}
    with pytest.raises(BadSamples, match="piece 0 is none"):
        list(executor.run(tasks.refuse, [0]))
    assert not list((tmp_path / "slurm" / "answers").iterdir())


@pytest.mark.slow
def test_a_job_that_hangs_or_ends_costs_the_piece_it_was_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GENBOARD_SLURM", "local")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    pieces = [(str(tmp_path), number) for number in range(6)]
    executor = SlurmExecutor(2, 0, tmp_path / "slurm", patience=4.0)
    assert sorted(executor.run(tasks.hang_or_die_once, pieces)) == [(piece, piece[1]) for piece in pieces]
    assert executor.restarts == 2
    assert len(list(tmp_path.glob("begun-*"))) == len(pieces) + 2


@pytest.mark.slow
def test_ray_replaces_a_worker_that_hangs_and_gives_up_a_piece_that_kills_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import ray

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    ray.shutdown()  # another test may have joined a cluster
    monkeypatch.setattr(on_ray, "SLOWER", 1)
    executor = RayExecutor(2, patience=5.0)
    try:
        pieces = [(str(tmp_path), number) for number in range(6)]
        assert sorted(executor.run(tasks.hang_or_die_once, pieces)) == [(piece, piece[1]) for piece in pieces]
        assert executor.restarts == 2
        with pytest.raises(BadWorkers, match=f"lost with its worker {RETRIES + 1} times: its node or process ended"):
            list(executor.run(tasks.die, [0]))
    finally:
        ray.shutdown()


def test_a_cluster_of_this_machine_has_no_more_cores_than_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import ray

    ray.shutdown()
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(opening, "cores", lambda: 2)
    with pytest.raises(BadWorkers, match="99 workers with one CPU each: this machine has 2 CPUs"):
        open_executor("ray", 99, 0, tmp_path)


def test_a_cluster_is_not_joined_before_there_is_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import ray

    ray.shutdown()
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    executor = open_executor("ray", 1, 0, tmp_path)
    assert list(executor.run(tasks.square, [])) == []
    assert not ray.is_initialized()
    with pytest.raises(BadWorkers, match=r"no Ray cluster answers at 127\.0\.0\.1:1"):
        list(executor.run(tasks.square, [1]))


def test_the_table_of_executors_is_the_one_of_the_commands() -> None:
    from genboard.cli.options import ExecutorOption

    assert EXECUTORS == ("local", "ray", "submitit")
    assert all(name in str(ExecutorOption) for name in EXECUTORS)
