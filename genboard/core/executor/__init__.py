"""Work in pieces, on this machine's cores or GPUs, on a Ray cluster, or on Slurm.

A piece is a call of a picklable function, whose output is a file that is written whole or not at all. Pieces may come
back in any order, and a piece whose worker is lost is given to another: what a run leaves does not depend on either.
"""

from __future__ import annotations

from .opening import EXECUTORS, LONG, ExecutorName, open_executor
from .protocol import PATIENCE, Executor
from .stored import StoredExecutor, fetch

__all__ = ["EXECUTORS", "LONG", "PATIENCE", "Executor", "ExecutorName", "StoredExecutor", "fetch", "open_executor"]
