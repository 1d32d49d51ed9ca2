"""Slurm without Ray, through submitit: one job array, each job with a share of the pieces.

A job leaves what each piece gives in a file, so that a job that is lost or hangs costs the piece it was at.
"""

from __future__ import annotations

import os
import pickle
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from ..errors import BadWorkers, GenboardError
from ..files import make_folder, read_bytes, write_bytes
from .checked import call, packed, versions
from .protocol import PATIENCE, RETRIES, SLOWER, given_up

P = TypeVar("P")
R = TypeVar("R")

POLL = 2.0  # seconds between two looks at the jobs
ENDING = 5.0  # seconds that cancelled jobs have to end in
BEGUN = "begun"  # the file of a job that is no longer in the queue
OPTIONS = "GENBOARD_SLURM"  # such as `partition=gpu,account=vision,time=240`


class SlurmExecutor:
    """Jobs of Slurm; with `GENBOARD_SLURM=local` processes of this machine, to try it; see `Executor`."""

    name = "submitit"

    def __init__(self, workers: int, gpus_per_worker: int, folder: Path, patience: float = PATIENCE) -> None:
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
        self._submitit, self._answers, self._patience = submitit, folder / "answers", patience
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

    def start(self, pieces: int, *modules: str) -> None:
        """Nothing: a job begins with its pieces."""

    def close(self) -> None:
        """Nothing: jobs end with the run."""

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        lost = [0] * len(pieces)
        count = min(self.workers, len(pieces))
        shares: list[_Share] = []
        slowest = 0.0
        try:
            shares += self._submitted(task, pieces, [list(range(len(pieces)))[start::count] for start in range(count)])
            while shares:
                for share in list(shares):
                    ended = share.job.done()  # before its answers are read, which may come until then
                    for number, value, seconds in share.answers():
                        if isinstance(value, GenboardError):
                            raise value
                        slowest = max(slowest, seconds)
                        yield pieces[number], value
                    hung = share.seconds > max(self._patience, SLOWER * slowest)
                    if not ended and not hung:
                        continue
                    shares.remove(share)
                    _end([share])
                    if not share.numbers:
                        continue
                    if ended:
                        self._refuse_failed_code(share.job)
                    self.restarts += 1
                    at = share.numbers[0]
                    lost[at] += 1
                    if lost[at] > RETRIES:
                        raise given_up(pieces[at], lost[at], "its job ended" if ended else "it took too long")
                    shares += self._submitted(task, pieces, [share.numbers])
                time.sleep(POLL if shares else 0)
        finally:
            _end(shares)

    def _submitted(self, task: Callable[[P], R], pieces: Sequence[P], numbers: list[list[int]]) -> list[_Share]:
        shares = [_Share(self._answers / uuid4().hex, mine) for mine in numbers]
        with self._jobs.batch():
            for share in shares:
                payloads = [packed(task, pieces[number]) for number in share.numbers]
                share.job = self._jobs.submit(_work, versions(), platform.node(), str(share.folder), payloads)
        return shares

    def _refuse_failed_code(self, job: Any) -> None:
        """Raises what submitit says of a job whose code failed: it would fail again."""
        try:
            job.result()
        except self._submitit.core.utils.FailedJobError:
            raise
        except self._submitit.core.utils.UncompletedJobError:
            return


class _Share:
    """The pieces of a job, which it does in their order, and the folder for its answers.

    Attributes:
        numbers: of the pieces that have not been answered.
        job: of submitit.
    """

    job: Any

    def __init__(self, folder: Path, numbers: list[int]) -> None:
        self.folder, self.numbers = make_folder(folder), numbers
        self._of = len(numbers)
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """How long it has been at a piece; nothing while it waits in the queue."""
        if self._since is None and (self.folder / BEGUN).exists():
            self._since = time.monotonic()
        return 0.0 if self._since is None else time.monotonic() - self._since

    def answers(self) -> Iterator[tuple[int, Any, float]]:
        """The pieces that were answered since the last look, with the answer and its seconds."""
        while self.numbers and (path := self.folder / str(self._of - len(self.numbers))).is_file():
            # Of this user's own job, which runs whatever it is sent.
            value, seconds = pickle.loads(read_bytes(path))
            self._since = time.monotonic()
            yield self.numbers.pop(0), value, seconds


def _end(shares: Sequence[_Share]) -> None:
    """End those jobs that have not ended, and delete their answers."""
    left = [share.job for share in shares if not share.job.done()]
    for job in left:
        job.cancel(check=False)
    until = time.monotonic() + ENDING
    while any(not job.done() for job in left) and time.monotonic() < until:
        time.sleep(POLL / 10)
    for share in shares:
        shutil.rmtree(share.folder, ignore_errors=True)


def _work(wanted: dict[str, str], host: str, folder: str, payloads: list[bytes]) -> None:
    """In a job: leave what each piece gives in a file. An error of this package ends it: submitit itself gives back its
    text alone.
    """
    write_bytes(Path(folder) / BEGUN, b"")
    for number, payload in enumerate(payloads):
        began = time.monotonic()
        try:
            value = call(wanted, host, payload)
        except GenboardError as e:
            value = e
        write_bytes(Path(folder) / str(number), packed(value, time.monotonic() - began))
        if isinstance(value, GenboardError):
            return


def _options(text: str) -> dict[str, Any]:
    """Options of sbatch by name.

    >>> _options("partition=gpu,time=240"), _options("local"), _options("")
    ({'partition': 'gpu', 'time': 240}, {'local': ''}, {})
    """
    pairs = (part.strip().partition("=") for part in text.split(",") if part.strip())
    return {key: int(value) if value.isdigit() else value for key, _, value in pairs}
