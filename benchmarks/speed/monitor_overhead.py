"""What a monitor costs beside the extractor that it runs: `python -P benchmarks/speed/monitor_overhead.py`.

It takes the processor time of `Monitor.update` on batches of a training loop, and how much of it is spent in the
extractor. On a busy machine two runs of a network differ by more than a monitor adds. What is found is written beside
this file, and `make docs` sets it into the documentation.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from genboard.registry.extractors import LiveExtractor
from genboard.registry.images import Images

import genboard
from genboard.core.serialization import write_json

TABLE = Path(__file__).parent / "monitor_overhead.json"
ROUNDS, BATCH = 5, 64
# Feature space, images (whole compute blocks), and their size.
SETTINGS = (
    ("efficientnet-lite0", 128, (128, 128, 3)),
    ("resnet20-cifar10", 500, (32, 32, 3)),
    ("lenet-mnist", 5000, (28, 28, 1)),
    ("digits-cnn", 5000, (8, 8, 1)),
)


@contextmanager
def timed_extractors() -> Iterator[list[float]]:
    """Processor time of all threads in extractors, a number a block."""
    compute, inside = LiveExtractor.compute, []

    def timed(space: LiveExtractor, images: Images, source: str) -> object:
        started = time.process_time()
        try:
            return compute(space, images, source)
        finally:
            inside.append(time.process_time() - started)

    LiveExtractor.compute = timed
    try:
        yield inside
    finally:
        LiveExtractor.compute = compute


def measured(name: str, count: int, shape: tuple[int, int, int]) -> dict[str, object]:
    pixels = np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)
    batches = torch.from_numpy(pixels).permute(0, 3, 1, 2).split(BATCH)
    monitor = genboard.Monitor(pixels[:50], ["fd"], name)
    monitor.update(torch.from_numpy(pixels).permute(0, 3, 1, 2))  # what happens once only
    with timed_extractors() as inside:
        started = time.process_time()
        for _ in range(ROUNDS):
            monitor.reset()
            for batch in batches:
                monitor.update(batch)
            monitor.state_dict()  # which computes what `update` has only gathered
        whole = time.process_time() - started
    return {"space": name, "images": ROUNDS * count, "extractor_s": sum(inside), "monitor_s": whole}


def main() -> None:
    write_json(TABLE, [measured(*setting) for setting in SETTINGS])


if __name__ == "__main__":
    main()
