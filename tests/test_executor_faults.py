"""What goes wrong on workers: memory that is short, a full disk, two runs of one specification."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import executor_tasks as tasks
import pytest
from genboard.benchmarks.drawing_crew import DrawingCrew
from genboard.benchmarks.drawing_task import DrawingTask
from genboard.benchmarks.evaluation_target import EvaluationTarget, open_target, plan_for
from genboard.benchmarks.sampling import sample
from genboard.registry.catalog import track

from genboard.core.errors import CannotWrite
from genboard.core.executor.local import LocalExecutor

DIGITS = track("digits")
HUNGRY = """
import os, uuid
import numpy as np


def sample(seeds, labels):
    open(os.path.join({folder!r}, f"{{os.getpid()}}-{{len(seeds)}}-{{uuid.uuid4().hex}}"), "w").close()
    if len(seeds) > 16:
        raise MemoryError
    return np.stack([np.random.default_rng(s).integers(0, 255, (1, 8, 8), np.uint8) for s in seeds])
"""


def task_of(target: EvaluationTarget, n: int, batch_size: int | None = None) -> DrawingTask:
    return DrawingTask.of(target, DIGITS, plan_for(target, DIGITS, n), "cpu", batch_size)


def test_memory_that_runs_out_on_a_worker_halves_its_batch(tmp_path: Path) -> None:
    own, calls = tmp_path / "hungry.py", tmp_path / "calls"
    calls.mkdir()
    own.write_text(HUNGRY.format(folder=str(calls)), "utf-8")
    target = open_target(f"{own}:sample", DIGITS, trust_code=True)
    plan = plan_for(target, DIGITS, 300)
    found = sample(plan, tmp_path / "crew", helpers=DrawingCrew(LocalExecutor(1), task_of(target, 300, 64)))
    sizes = [int(path.name.split("-")[1]) for path in calls.iterdir()]
    assert str(os.getpid()) not in {path.name.split("-")[0] for path in calls.iterdir()}
    assert sorted(size for size in sizes if size > 16) == [32, 64]
    assert sizes.count(16) >= 16
    assert sample(plan, tmp_path / "alone", batch_size=16) == found


BYTES = re.compile(r"no space left on the disk: 44 samples need about ([\d.]+) kB, and .* has [\d.,]+ \wB free")


def needed(error: CannotWrite) -> float:
    found = BYTES.fullmatch(error.fact)
    assert found, error.fact
    assert "free some space" in str(error.hint)
    return 1e3 * float(found[1])


@pytest.mark.parametrize("who", ["a worker", "this process"])
def test_a_disk_that_gets_full_says_how_much_is_needed(
    who: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = open_target("vae", DIGITS)
    plan, out = plan_for(target, DIGITS, 300), tmp_path / "out"
    crew = DrawingCrew(LocalExecutor(1), tasks.OnFullDisk(task_of(target, 300), 256))

    def fsync(_: int) -> None:
        if (out / "samples-00001-of-00003.parquet").is_file():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if who == "this process":
            patch.setattr(os, "fsync", fsync)
        with pytest.raises(CannotWrite) as caught:
            sample(plan, out, helpers=crew if who == "a worker" else None)
    kept = {path.name: path.read_bytes() for path in out.glob("samples-*.parquet")}
    assert sorted(kept) == ["samples-00000-of-00003.parquet", "samples-00001-of-00003.parquet"]
    assert not list(out.glob(".*.tmp"))
    sample(plan, out)
    assert all((out / name).read_bytes() == data for name, data in kept.items())
    size = (out / "samples-00002-of-00003.parquet").stat().st_size
    assert needed(caught.value) == pytest.approx(size, rel=0.2)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGSTOP is of POSIX")
@pytest.mark.parametrize("command", ["sample", "evaluate"])
def test_the_second_of_two_runs_waits_and_reads(command: str, tmp_path: Path, own_home: Path) -> None:
    words = [sys.executable, "-m", "genboard", command, "ddpm", "--track", "digits", "--samples", "600"]
    words += ["--executor", "local", "--workers", "1"]
    out = tmp_path / "out"
    if command == "sample":
        words += ["--out", str(out)]
    first = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    folder = out if command == "sample" else own_home / "samples"
    until = time.monotonic() + 120
    while not list(folder.rglob("samples-*.parquet")):
        assert time.monotonic() < until
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)  # until the second has found that it is there
    second = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.stderr is not None
    what = "drawing samples into" if command == "sample" else "measuring ddpm on"
    told = next((line for line in second.stderr if "another process is" in line), "")
    first.send_signal(signal.SIGCONT)
    out_first, err_first = first.communicate(timeout=300)
    out_second, err_second = second.communicate(timeout=300)
    assert f"another process is {what}" in told
    assert (first.returncode, second.returncode) == (0, 0), err_first + err_second
    assert out_first == out_second
    assert "another process is" not in err_first
    if command == "evaluate":
        assert "already measured" in err_second
        assert "already measured" not in err_first
