"""An executor by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from ..errors import BadWorkers
from ..storage import Storage
from .protocol import PATIENCE, Executor
from .stored import StoredExecutor

ExecutorName: TypeAlias = Literal["local", "ray", "submitit"]
EXECUTORS: tuple[ExecutorName, ...] = get_args(ExecutorName)
LONG = 24 * 3600.0  # seconds that a piece may take where it is as much as a row of a board, or a part of a study


def open_executor(
    name: ExecutorName,
    workers: int | None,
    gpus_per_worker: int,
    folder: Path,
    patience: float = PATIENCE,
    storage: str | None = None,
) -> Executor:
    """The executor of that name.

    Args:
        workers: how many pieces at once; by default as many as the machine or the cluster has room for.
        gpus_per_worker: GPUs that each worker has to itself.
        folder: where an executor may keep logs of its jobs; jobs of Slurm must see it.
        patience: seconds that a piece may take in any case.
        storage: an address through which files go where workers do not see this machine's folders; see `Storage`.

    A cluster is joined or started when there is work, so that a result that is there already costs nothing.

    Raises:
        BadWorkers: a library or the command of Slurm is missing, or this machine has fewer GPUs or, for a cluster of it
            alone, fewer cores than that. What a cluster lacks is found when there is work.
    """
    if storage is not None:
        through = Storage(storage)
        through.names("")  # an address that is none is refused before workers are opened
        return StoredExecutor(open_executor(name, workers, gpus_per_worker, folder, patience), through)
    if workers is not None and workers < 1:
        raise BadWorkers(f"{workers} workers", "use --workers 1 or more")
    if name == "ray":
        from .on_ray import RayExecutor

        return RayExecutor(workers, gpus_per_worker, cores(), patience)
    if name == "submitit":
        from .on_slurm import SlurmExecutor

        return SlurmExecutor(workers or 1, gpus_per_worker, folder / "slurm", patience)
    from .local import LocalExecutor

    if not gpus_per_worker:
        return LocalExecutor(workers or cores(), patience=patience)
    there = gpus()
    wanted = (workers or max(1, there // gpus_per_worker)) * gpus_per_worker
    if wanted > there:
        raise BadWorkers(
            f"{wanted} GPUs asked for, and this machine has {there}", "ask for fewer --workers or --gpus-per-worker"
        )
    return LocalExecutor(wanted // gpus_per_worker, gpus_per_worker, patience)


def cores() -> int:
    """How many this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def gpus() -> int:
    import torch

    return torch.cuda.device_count()
