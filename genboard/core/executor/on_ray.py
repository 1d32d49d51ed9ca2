"""Stateless, retried tasks of Ray Core. Ray Data and actors are left out: a lost node costs the pieces it was at."""

from __future__ import annotations

import logging
import os
import platform
import socket
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, TypeVar

from ..errors import BadWorkers
from .checked import call, packed, versions
from .protocol import RETRIES, given_up

P = TypeVar("P")
R = TypeVar("R")

ANSWER = 10.0  # seconds that a cluster's address has to answer in
AHEAD = 2  # pieces submitted for each worker: the next is there when one is done, and few are lost with an error


class RayExecutor:
    """A Ray cluster: that of `RAY_ADDRESS`, or one started on this machine; see `Executor`."""

    name = "ray"

    def __init__(self, workers: int | None, gpus_per_worker: float = 0) -> None:
        try:
            # Typed in part only, so taken as untyped.
            ray: Any = import_module("ray")
        except ImportError as e:
            raise BadWorkers("Ray is not installed", 'pip install "genboard[ray]"') from e
        self._ray = ray
        _join(ray, workers)
        has = ray.cluster_resources()
        fit = int(has.get("GPU", 0) // gpus_per_worker) if gpus_per_worker else int(has.get("CPU", 0))
        if fit < (workers or 1):
            what = f"{gpus_per_worker:g} GPUs each" if gpus_per_worker else "one CPU each"
            raise BadWorkers(
                f"{workers or 1} workers with {what}: the cluster has {has.get('CPU', 0):g} CPUs and "
                f"{has.get('GPU', 0):g} GPUs",
                "ask for fewer --workers or --gpus-per-worker, or add nodes",
            )
        self.workers, self.restarts = workers or fit, 0
        # One core each, so Ray gives them one thread. It counts tasks of a lost node as not yet tried, and tries them
        # elsewhere; errors of the task come here.
        self._call = ray.remote(num_cpus=1, num_gpus=gpus_per_worker, max_retries=RETRIES, retry_exceptions=False)(call)

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        ray, here, host = self._ray, versions(), platform.node()
        left = iter(pieces)
        running: dict[Any, P] = {}
        try:
            while True:
                while len(running) < AHEAD * self.workers and (piece := next(left, _END)) is not _END:
                    running[self._call.remote(here, host, packed(task, piece))] = piece
                if not running:
                    return
                done, _ = ray.wait(list(running), num_returns=1)
                for reference in done:
                    piece = running.pop(reference)
                    try:
                        value = ray.get(reference)
                    except ray.exceptions.RayTaskError as e:
                        raise e.cause or e from None
                    except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError) as e:
                        raise given_up(piece, RETRIES + 1, "its node or process ended") from e
                    yield piece, value
        finally:
            for reference in running:
                ray.cancel(reference, force=True)


_END: Any = object()


def _join(ray: Any, workers: int | None) -> None:
    """Join the cluster that there is, or start one here."""
    if ray.is_initialized():
        return
    address = os.environ.get("RAY_ADDRESS")
    if address:
        _expect_answer(address)
    quiet = {"log_to_driver": False, "logging_level": "error"}
    logging.getLogger("ray").setLevel(logging.ERROR)  # what it says before it knows of the level
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            ray.init(address="local", num_cpus=workers, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as e:
        raise _nobody(address or "this machine", e) from e


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
