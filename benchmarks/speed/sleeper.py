"""A generator that sleeps: as slow as a large model on a GPU, and no work for a core.

`$GENBOARD_SLEPT` names a folder; each process notes there when it was asked for how many samples.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SECONDS = 0.2  # a sample


def sample(seeds: list[int], labels: list[int] | None) -> NDArray[np.uint8]:
    """Images of 8x8 that differ by their seeds."""
    with (Path(os.environ["GENBOARD_SLEPT"]) / str(os.getpid())).open("a") as log:
        log.write(f"{time.time()} {len(seeds)}\n")
    time.sleep(SECONDS * len(seeds))
    values = np.array(seeds, np.uint64)[:, None, None, None] >> np.arange(64, dtype=np.uint64).reshape(1, 1, 8, 8)
    return (values & 1).astype(np.uint8) * 255
