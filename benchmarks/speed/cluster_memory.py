"""Memory of the process that started a run and of its workers, while large sets of features are compared.

`python -P benchmarks/speed/cluster_memory.py FOLDER [rows [width [workers [metric ...]]]]`. Features are drawn from
correlated Gaussians into FOLDER, and metrics computed on local workers. A run that was interrupted is taken up: what it
has measured so far is kept there. What is found is written beside this file, and `make docs` sets it into the
documentation.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from genboard.benchmarks.feature_files import FeatureFile, Placed, Workers, store_features
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.scoring import score
from genboard.reference_stats.moments import Accumulator
from genboard.registry.metrics import find_metric
from torch import Tensor

from genboard.core.executor.local import LocalExecutor
from genboard.core.serialization import read_json, write_json
from genboard.core.spending import peak_memory_mib

TABLE = Path(__file__).parent / "cluster_memory.json"
METRICS = ("precision", "recall", "density", "coverage", "fd", "fd_debiased")
FACTORS = 256  # of the correlated features
BLOCK = 2000  # rows drawn at once


def drawn(rows: int, width: int, seed: int) -> Iterator[Tensor]:
    """Features of correlated Gaussians whose spread falls from direction to direction, a block at a time."""
    common = torch.Generator().manual_seed(2026)
    mixing = torch.randn(FACTORS, width, generator=common) / torch.arange(1, FACTORS + 1)[:, None] ** 0.5
    own = torch.Generator().manual_seed(seed)
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        factors = torch.randn(count, FACTORS, generator=own)
        yield factors @ mixing + 0.1 * torch.randn(count, width, generator=own)


class Watched(LocalExecutor):
    """Local workers, whose largest peak is kept in a file."""

    def __init__(self, workers: int, kept: Path) -> None:
        super().__init__(workers)
        self._kept = kept

    def run(self, task: Callable[[Any], Any], pieces: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        for piece, spent in super().run(task, pieces):
            note(self._kept, type(task).__name__, {"peak": spent.peak_memory_mib or 0.0})
            yield piece, spent


def note(kept: Path, what: str, values: dict[str, float]) -> None:
    """Keep the largest of each value."""
    found: dict[str, dict[str, float]] = read_json(kept) if kept.is_file() else {}
    held = found.setdefault(what, {})
    for name, value in values.items():
        held[name] = max(held.get(name, 0.0), value)
    write_json(kept, found)


def resident() -> dict[str, float]:
    """Memory that this process holds now, in MiB: its own, and of files that it has mapped."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[key].split()[0]) / 2**10 for name, key in (("own", "RssAnon"), ("files", "RssFile"))}


def compare(folder: Path, workers: int, metrics: Sequence[str]) -> None:
    """Compute the metrics, and keep how much this process held meanwhile."""
    kept = {side: folder / f"{side}.json" for side in ("driver", "worker")}
    note(kept["driver"], "start", {**resident(), "peak": peak_memory_mib() or 0.0})
    helpers = Workers(Watched(workers, kept["worker"]), folder)
    placed = [Placed(FeatureFile(**one), helpers) for one in read_json(folder / "sets.json")]
    features = placed[0].file.mapped()
    accumulator = Accumulator(features.shape[1])
    for block in features.split(BLOCK):
        accumulator.add(block)
    real = FeatureSet(moments=accumulator.moments, placed=placed[0])
    inputs = MetricInputs(FeatureSet(placed=placed[1]), real, train=real, k=5)
    values = read_json(folder / "values.json") if (folder / "values.json").is_file() else {}
    for name in metrics:
        done, most = threading.Event(), resident()

        def watch(done: threading.Event = done, most: dict[str, float] = most, name: str = name) -> None:
            while not done.wait(0.05):
                now = resident()
                if any(now[key] > most[key] for key in most):
                    most.update({key: max(now[key], most[key]) for key in most})
            note(kept["driver"], name, most)

        watching = threading.Thread(target=watch)
        watching.start()
        values[name] = score(find_metric(name), inputs).record.value
        done.set()
        watching.join()
        note(kept["driver"], name, {"peak": peak_memory_mib() or 0.0})
        write_json(folder / "values.json", values)


def draw(folder: Path, rows: int, width: int) -> None:
    sets = [store_features(folder, partial(drawn, rows, width, seed)) for seed in (1, 2)]
    write_json(folder / "sets.json", [asdict(one) for one in sets])


def main() -> None:
    folder = Path(sys.argv[1])
    rows, width, workers = (int(sys.argv[i]) if len(sys.argv) > i else d for i, d in ((2, 50_000), (3, 2048), (4, 2)))
    if not (folder / "sets.json").is_file():
        # In a process of its own, whose memory is not counted.
        drawing = get_context("spawn").Process(target=draw, args=(folder, rows, width))
        drawing.start()
        drawing.join()
    compare(folder, workers, tuple(sys.argv[5:]) or METRICS)
    write_table(folder, rows, width, workers)


def write_table(folder: Path, rows: int, width: int, workers: int) -> None:
    found = {side: read_json(folder / f"{side}.json") for side in ("driver", "worker")}
    write_json(TABLE, {"rows": rows, "width": width, "workers": workers, **found})


if __name__ == "__main__":
    main()
