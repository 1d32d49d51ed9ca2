"""Stateless tasks of Ray Core. Ray Data and actors are left out: a lost node costs the pieces it was at."""

from __future__ import annotations

import logging
import os
import platform
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar

from ..errors import BadWorkers
from .background import Background
from .checked import call, import_all, packed, versions
from .protocol import PATIENCE, RETRIES, SLOWER, given_up

P = TypeVar("P")
R = TypeVar("R")

ANSWER = 10.0  # seconds that a cluster's address has to answer in
AHEAD = 2  # pieces submitted for each worker: the next is there when one is done, and few are lost with an error
TICK = 1.0  # seconds between two looks at pieces that may hang
# Of a cluster that is started here. Its makers are told nothing, nobody reads what it would measure of itself, and its
# workers have the priority that those of `local` have.
OWN = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_task_events_report_interval_ms": "0",
    "RAY_worker_niceness": "0",
}


class RayExecutor:
    """A Ray cluster: that of `RAY_ADDRESS`, or one started on this machine; see `Executor`.

    It is joined or started when there is work, in the background where that is known early. Ray does not tell when a
    piece was begun: it is taken for hung by the time since it was submitted, in which a piece before it may have been
    done too.
    """

    name = "ray"

    def __init__(
        self, workers: int | None, gpus_per_worker: float = 0, cores: int | None = None, patience: float = PATIENCE
    ) -> None:
        """
        Args:
            cores: of this machine, where no cluster of it may pretend to have more.

        Raises:
            BadWorkers: Ray is missing, or this machine has too few cores; the rest is known when there is work.
        """
        try:
            # Typed in part only, so taken as untyped.
            self._ray: Any = import_module("ray")
        except ImportError as e:
            raise BadWorkers("Ray is not installed", 'pip install "genboard[ray]"') from e
        alone = not os.environ.get("RAY_ADDRESS") and not self._ray.is_initialized()
        if alone and cores is not None and (workers or 1) > cores:
            raise BadWorkers(
                f"{workers} workers with one CPU each: this machine has {cores} CPUs",
                "ask for fewer --workers, or set RAY_ADDRESS to a cluster that has more",
            )
        self.restarts = 0
        self._wanted, self._gpus, self._patience = workers, gpus_per_worker, patience
        self._joined: Background[tuple[int, bool]] | None = None
        self._here = versions(), platform.node()
        # One core each, so Ray gives them one thread. Lost pieces are submitted again here, where they are counted.
        self._call = self._ray.remote(num_cpus=1, num_gpus=gpus_per_worker, max_retries=0)(call)

    @property
    def workers(self) -> int:
        return self._joining().wait()[0]

    def start(self, pieces: int, *modules: str) -> None:
        self._joining(pieces, modules)

    def close(self) -> None:
        joined, self._joined = self._joined, None
        if joined is None:
            return
        with suppress(Exception):  # was raised where the workers were needed
            if joined.wait()[1]:
                self._ray.shutdown()
        joined.release()

    def _joining(self, pieces: int = 0, modules: Sequence[str] = ()) -> Background[tuple[int, bool]]:
        """In the background: join the cluster, and have workers for so many pieces import these modules.

        It gives the number of workers, and whether this process was in no cluster before.
        """

        def join() -> tuple[int, bool]:
            ours = _join(self._ray, self._wanted)
            room = self._room()
            workers = self._wanted or room
            for _ in range(min(pieces, workers)):
                self._submit(import_all, modules)
            return workers, ours

        if self._joined is None:
            self._joined = Background(join)
        return self._joined

    def _submit(self, task: Callable[[P], R], piece: P) -> Any:
        """Always by the same function, so that pieces come to workers that have imported what they need."""
        return self._call.remote(*self._here, packed(task, piece))

    def _room(self) -> int:
        """How many workers the cluster has room for.

        Raises:
            BadWorkers: fewer than are wanted.
        """
        has, wanted, gpus = self._ray.cluster_resources(), self._wanted or 1, self._gpus
        fit = int(has.get("GPU", 0) // gpus) if gpus else int(has.get("CPU", 0))
        if fit < wanted:
            what = f"{gpus:g} GPUs each" if gpus else "one CPU each"
            raise BadWorkers(
                f"{wanted} workers with {what}: the cluster has {has.get('CPU', 0):g} CPUs and "
                f"{has.get('GPU', 0):g} GPUs",
                "ask for fewer --workers or --gpus-per-worker, or add nodes",
            )
        return fit

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        if not pieces:
            return
        ray, ahead = self._ray, AHEAD * self.workers
        dead = (
            ray.exceptions.WorkerCrashedError,
            ray.exceptions.NodeDiedError,
            ray.exceptions.ObjectLostError,
            ray.exceptions.OutOfMemoryError,
        )
        waiting, lost = deque(range(len(pieces))), [0] * len(pieces)
        running: dict[Any, tuple[int, float]] = {}
        slowest = 0.0

        def again(number: int, why: str, e: Exception | None = None) -> None:
            self.restarts += 1
            lost[number] += 1
            if lost[number] > RETRIES:
                raise given_up(pieces[number], lost[number], why) from e
            waiting.appendleft(number)

        try:
            while waiting or running:
                while waiting and len(running) < ahead:
                    number = waiting.popleft()
                    running[self._submit(task, pieces[number])] = number, time.monotonic()
                done, _ = ray.wait(list(running), num_returns=1, timeout=TICK)
                for reference in done:
                    number, since = running.pop(reference)
                    try:
                        value = ray.get(reference)
                    except ray.exceptions.RayTaskError as e:
                        raise e.cause or e from None
                    except dead as e:
                        again(number, "its node or process ended", e)
                        continue
                    slowest = max(slowest, time.monotonic() - since)
                    yield pieces[number], value
                limit = AHEAD * max(self._patience, SLOWER * slowest)
                late = [one for one, (_, since) in running.items() if time.monotonic() - since > limit]
                for reference in ray.wait(late, num_returns=len(late), timeout=0)[1] if late else ():
                    ray.cancel(reference, force=True)
                    again(running.pop(reference)[0], "it took too long")
        finally:
            for reference in running:
                ray.cancel(reference, force=True)


def _join(ray: Any, workers: int | None) -> bool:
    """Join the cluster that there is, or start one here; whether this process was in none before."""
    if ray.is_initialized():
        return False
    address = os.environ.get("RAY_ADDRESS")
    if address:
        _expect_answer(address)
    quiet = {"log_to_driver": False, "logging_level": "error"}
    logging.getLogger("ray").setLevel(logging.ERROR)  # what it says before it knows of the level
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            for name, value in OWN.items():
                os.environ.setdefault(name, value)
            ray.init(address="local", num_cpus=workers, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as e:
        raise _nobody(address or "this machine", e) from e
    return True


def _expect_answer(address: str) -> None:
    """Raise BadWorkers where nothing listens at an address with a port: Ray itself waits for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not host or not port.isdecimal():
        return  # `auto`, or a name that Ray knows what to do with
    try:
        socket.create_connection((host, int(port)), ANSWER).close()
    except (OSError, OverflowError) as e:
        raise _nobody(address, e) from e


def _nobody(address: str, e: Exception) -> BadWorkers:
    return BadWorkers(
        f"no Ray cluster answers at {address}: {next(iter(str(e).splitlines()), type(e).__name__)}",
        "start one with `ray start --head`, and set RAY_ADDRESS to what it prints; without RAY_ADDRESS one is started "
        "here",
    )
