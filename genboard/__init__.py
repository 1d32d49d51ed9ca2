"""genboard: measure generative image models the same way every time, and rank them with honest error bars.

The names below are the Python interface; each is imported when it is first used, since torch alone takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.errors import GenboardError

if TYPE_CHECKING:
    from .benchmarks.compare import Comparison, compare_features, compare_images
    from .benchmarks.evaluation_target import open_target
    from .benchmarks.feature_arrays import read_features
    from .benchmarks.monitor.callbacks import AccelerateCallback, lightning_callback
    from .benchmarks.monitor.estimates import Estimates
    from .benchmarks.monitor.monitor import Monitor
    from .benchmarks.monitor.paired import Difference, compare
    from .benchmarks.monitor.sequential import SequentialTest
    from .benchmarks.monitor.shares import noise
    from .benchmarks.monitor.trackers import log_estimates, scalars
    from .benchmarks.result import Result, read_result
    from .benchmarks.runner import Evaluated, Options, Workspace, evaluate
    from .benchmarks.studies.table import read_table
    from .leaderboard.board.board import Board, make_board
    from .leaderboard.export.tables import board_frame
    from .leaderboard.storage.records import COMMITTED, read_records
    from .registry.catalog import entries, find, track
    from .registry.metrics import METRICS
    from .registry.schema import Dataset, Extractor, Generator, Track
    from .registry.trust import trusting_code

    __version__: str

__all__ = [
    "AccelerateCallback",
    "Board",
    "COMMITTED",
    "Comparison",
    "Dataset",
    "Difference",
    "Estimates",
    "Evaluated",
    "Extractor",
    "GenboardError",
    "Generator",
    "METRICS",
    "Monitor",
    "Options",
    "Result",
    "SequentialTest",
    "Track",
    "Workspace",
    "__version__",
    "board_frame",
    "compare",
    "compare_features",
    "compare_images",
    "entries",
    "evaluate",
    "find",
    "lightning_callback",
    "log_estimates",
    "make_board",
    "noise",
    "open_target",
    "read_features",
    "read_records",
    "read_result",
    "read_table",
    "scalars",
    "track",
    "trusting_code",
]

_HOMES = {
    "benchmarks.compare": ("Comparison", "compare_features", "compare_images"),
    "benchmarks.feature_arrays": ("read_features",),
    "benchmarks.evaluation_target": ("open_target",),
    "benchmarks.monitor.callbacks": ("AccelerateCallback", "lightning_callback"),
    "benchmarks.monitor.estimates": ("Estimates",),
    "benchmarks.monitor.monitor": ("Monitor",),
    "benchmarks.monitor.paired": ("Difference", "compare"),
    "benchmarks.monitor.sequential": ("SequentialTest",),
    "benchmarks.monitor.shares": ("noise",),
    "benchmarks.monitor.trackers": ("log_estimates", "scalars"),
    "benchmarks.result": ("Result", "read_result"),
    "benchmarks.runner": ("Evaluated", "Options", "Workspace", "evaluate"),
    "benchmarks.studies.table": ("read_table",),
    "leaderboard.board.board": ("Board", "make_board"),
    "leaderboard.export.tables": ("board_frame",),
    "leaderboard.storage.records": ("COMMITTED", "read_records"),
    "registry.catalog": ("entries", "find", "track"),
    "registry.metrics": ("METRICS",),
    "registry.schema": ("Dataset", "Extractor", "Generator", "Track"),
    "registry.trust": ("trusting_code",),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version(__name__)
    if name == "torchmetrics":  # a module of its own: the library of that name is not installed with the package
        return import_module(".torchmetrics", __name__)
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f".{home}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
