"""genboard: measure generative image models the same way every time, and rank them with honest error bars.

The names below are the Python interface; each is imported when it is first used, since torch alone takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.errors import GenboardError

if TYPE_CHECKING:
    from .benchmarks.compare import compare_features, compare_images, read_features
    from .benchmarks.runner import Options, Workspace, evaluate
    from .benchmarks.subjects import open_subject
    from .leaderboard.board.board import make_board
    from .leaderboard.export.frame import board_frame
    from .leaderboard.storage.records import read_records
    from .registry.catalog import entries, find
    from .registry.metrics import METRICS

__all__ = [
    "GenboardError",
    "METRICS",
    "Options",
    "Workspace",
    "board_frame",
    "compare_features",
    "compare_images",
    "entries",
    "evaluate",
    "find",
    "make_board",
    "open_subject",
    "read_features",
    "read_records",
]

_HOMES = {
    "METRICS": "registry.metrics",
    "Options": "benchmarks.runner",
    "Workspace": "benchmarks.runner",
    "board_frame": "leaderboard.export.frame",
    "compare_features": "benchmarks.compare",
    "compare_images": "benchmarks.compare",
    "entries": "registry.catalog",
    "evaluate": "benchmarks.runner",
    "find": "registry.catalog",
    "make_board": "leaderboard.board.board",
    "open_subject": "benchmarks.subjects",
    "read_features": "benchmarks.compare",
    "read_records": "leaderboard.storage.records",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
