"""What many workers cost: `python -P benchmarks/speed/cluster_overhead.py [PART]...`.

Samples are drawn into an empty folder, with as many shards for each worker: by a generator that sleeps, on 1 to 16
workers, and by one that keeps a core busy, on one worker and on two. The busy ones are whole commands, from the start
of Python to its end, and take over two minutes each; those that sleep take over one. All together take half an hour on
two idle cores. A part is the start of a row's name, such as `sleeper ray` or `ddpm`; by default all are measured. What
is found is written beside this file, and `make docs` sets it into the documentation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from genboard.benchmarks.drawing import TWICE
from genboard.benchmarks.drawing_crew import DrawingCrew
from genboard.benchmarks.drawing_task import DrawingTask
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.sampling import sample
from genboard.benchmarks.shards import SHARD
from genboard.registry.catalog import track

from genboard.core.executor import Executor
from genboard.core.executor.local import LocalExecutor
from genboard.core.executor.on_ray import RayExecutor
from genboard.core.serialization import read_json, write_json

HERE = Path(__file__).parent
TABLE = HERE / "cluster_overhead.json"
SLEEPER = f"{HERE / 'sleeper.py'}:sample"
# Generator, shards in all, workers; the sleeper takes 25.6 s a shard.
SLEEPING = [("sleeper", 3 * workers, workers) for workers in (1, 2, 4, 8, 16)]
BUSY = [("ddpm", 512 * workers, workers) for workers in (1, 2)]
EXECUTORS = ("local", "ray")


@contextmanager
def opened(executor: str, workers: int) -> Iterator[Executor]:
    """An executor; Ray is told of as many cores as there are workers, since who sleeps needs none."""
    made = LocalExecutor(workers) if executor == "local" else RayExecutor(workers)
    try:
        yield made
    finally:
        made.close()


def first_drawn(folder: Path) -> list[float]:
    """When each worker began with its first shard, after what it draws to see whether samples repeat."""
    logs = [[line.split() for line in path.read_text().splitlines()] for path in folder.iterdir()]
    return [min(float(when) for when, count in log if int(count) > TWICE) for log in logs]


def slept(_: str, n: int, workers: int, executor: str) -> dict[str, Any]:
    """What n samples of the generator that sleeps take in this process."""
    digits = track("digits")
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as logs:
        os.environ["GENBOARD_SLEPT"] = logs
        target = open_target(SLEEPER, digits, trust_code=True)
        plan = plan_for(target, digits, n)
        began, used = time.time(), time.process_time()
        with opened(executor, workers) as crew_of:
            crew = DrawingCrew(crew_of, DrawingTask.of(target, digits, plan, "cpu", None))
            sample(plan, Path(name), helpers=crew)
        seconds = time.time() - began
        starts = first_drawn(Path(logs))
    start_s = sum(starts) / len(starts) - began
    return {"seconds": seconds, "start_s": start_s, "driver_s": time.process_time() - used}


def commanded(generator: str, n: int, workers: int, executor: str) -> dict[str, Any]:
    """What n samples take as a command, with all that it does before and after."""
    with tempfile.TemporaryDirectory() as name:
        words = ["sample", generator, "--track", "digits", "--samples", str(n), "--out", f"{name}/samples"]
        words += ["--executor", executor, "--workers", str(workers)]
        began = time.time()
        subprocess.run([sys.executable, "-m", "genboard", *words], check=True, stdout=subprocess.DEVNULL)
        seconds = time.time() - began
    return {"seconds": seconds, "start_s": None}


def name_of(generator: str, executor: str, workers: int) -> str:
    return f"{generator} {executor} {workers}"


def main(parts: list[str]) -> None:
    rows: dict[str, Any] = read_json(TABLE) if TABLE.is_file() else {}
    for measure, runs in ((slept, SLEEPING), (commanded, BUSY)):
        for generator, shards, workers in runs:
            for executor in EXECUTORS:
                name = name_of(generator, executor, workers)
                if not parts or any(name.startswith(part) for part in parts):
                    n = shards * SHARD
                    row = {"generator": generator, "executor": executor, "workers": workers, "images": n}
                    rows[name] = row | measure(generator, n, workers, executor)
                    write_json(TABLE, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
