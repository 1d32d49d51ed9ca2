"""An executor by its name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from ..errors import BadWorkers
from .protocol import Executor

ExecutorName: TypeAlias = Literal["local", "ray", "submitit"]
EXECUTORS: tuple[ExecutorName, ...] = get_args(ExecutorName)
LONG = 24 * 3600.0  # seconds that a piece may take where it is as much as a row of a board, or a part of a study


def open_executor(
    name: ExecutorName, workers: int | None, gpus_per_worker: int, folder: Path, patience: float | None = None
) -> Executor:
    """The executor of that name.

    Args:
        workers: how many pieces at once; by default as many as the machine or the cluster has room for.
        gpus_per_worker: GPUs that each worker has to itself.
        folder: where an executor may keep logs of its jobs; all workers must see it.
        patience: seconds that a piece may take in any case; the executor's own by default.

    Raises:
        BadWorkers: a library is missing, nobody answers, or there are fewer cores or GPUs than that.
    """
    if workers is not None and workers < 1:
        raise BadWorkers(f"{workers} workers", "use --workers 1 or more")
    if name == "ray":
        from .on_ray import RayExecutor

        return RayExecutor(workers, gpus_per_worker)
    if name == "submitit":
        from .on_slurm import SlurmExecutor

        return SlurmExecutor(workers or 1, gpus_per_worker, folder / "slurm")
    from .local import PATIENCE, LocalExecutor

    patience = PATIENCE if patience is None else patience
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
