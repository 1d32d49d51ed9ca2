"""Slurm without Ray, through submitit: one job array, each job with a share of the pieces."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..errors import BadWorkers, GenboardError
from .checked import call, packed, versions
from .protocol import RETRIES, given_up

P = TypeVar("P")
R = TypeVar("R")

POLL = 2.0  # seconds between two looks at the jobs
OPTIONS = "GENBOARD_SLURM"  # such as `partition=gpu,account=vision,time=240`


class SlurmExecutor:
    """Jobs of Slurm; with `GENBOARD_SLURM=local` processes of this machine, to try it; see `Executor`."""

    name = "submitit"

    def __init__(self, workers: int, gpus_per_worker: int, folder: Path) -> None:
        try:
            import submitit
        except ImportError as e:
            raise BadWorkers("submitit is not installed", 'pip install "genboard[submitit]"') from e
        options = _options(os.environ.get(OPTIONS, ""))
        here = options.pop("local", None) is not None
        if not here and shutil.which("sbatch") is None:
            raise BadWorkers(
                "no Slurm here: there is no command sbatch",
                f"run this on a login node; {OPTIONS}=local tries it on this machine",
            )
        self.workers, self.restarts = workers, 0
        self._submitit = submitit
        self._jobs = submitit.AutoExecutor(folder=folder, cluster="local" if here else "slurm")
        self._jobs.update_parameters(
            name="genboard",
            cpus_per_task=1,
            gpus_per_node=gpus_per_worker,
            timeout_min=240,
            slurm_array_parallelism=workers,
        )
        if options:
            self._jobs.update_parameters(**{f"slurm_{key}": value for key, value in options.items()})

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        here, host = versions(), platform.node()
        left, tries = list(range(len(pieces))), 0
        while left:
            shares = [left[start :: self.workers] for start in range(min(self.workers, len(left)))]
            with self._jobs.batch():
                jobs = [
                    self._jobs.submit(_share, here, host, [packed(task, pieces[number]) for number in share])
                    for share in shares
                ]
            lost: list[int] = []
            running = dict(zip(jobs, shares, strict=True))
            try:
                while running:
                    for job in [job for job in running if job.done()]:
                        share = running.pop(job)
                        try:
                            values = job.result()
                        except self._submitit.core.utils.FailedJobError:
                            raise  # of the code, not of the job: it would fail again
                        except self._submitit.core.utils.UncompletedJobError:
                            self.restarts += 1
                            lost += share
                            continue
                        for number, value in zip(share, values, strict=False):
                            if isinstance(value, GenboardError):
                                raise value
                            yield pieces[number], value
                    time.sleep(POLL if running else 0)
            finally:
                for job in running:
                    job.cancel(check=False)
            tries += 1
            if lost and tries > RETRIES:
                raise given_up(pieces[lost[0]], tries, "its job ended")
            left = lost


def _share(wanted: dict[str, str], host: str, payloads: list[bytes]) -> list[Any]:
    """In a job: what each piece gives. An error ends it and stands last: submitit itself gives back its text alone."""
    found: list[Any] = []
    for payload in payloads:
        try:
            found.append(call(wanted, host, payload))
        except GenboardError as e:
            return [*found, e]
    return found


def _options(text: str) -> dict[str, Any]:
    """Options of sbatch by name.

    >>> _options("partition=gpu,time=240"), _options("local"), _options("")
    ({'partition': 'gpu', 'time': 240}, {'local': ''}, {})
    """
    pairs = (part.strip().partition("=") for part in text.split(",") if part.strip())
    return {key: int(value) if value.isdigit() else value for key, _, value in pairs}
