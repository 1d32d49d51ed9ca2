"""Damaged files, by a fixed seed, and what the readers of the package do with them."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from fuzz_targets import Target

from genboard.core.errors import GenboardError

LIMIT = 10  # seconds


@dataclass
class Count:
    """What became of the inputs: taken, refused by an error of ours, or anything else with the input's number."""

    taken: int = 0
    refused: int = 0


def fuzz(target: Target, folder: Path, inputs: int, seed: int) -> tuple[Count, list[str]]:
    """Damaged files through their reader: the counts, and every fault with what would repeat it."""
    chance, count, faults = random.Random(seed), Count(), []
    originals = target.originals(folder)
    names = sorted(originals)

    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"over {LIMIT} s")

    before = signal.signal(signal.SIGALRM, late)
    try:
        for i in range(inputs):
            name = chance.choice(names)
            data = target.damage(originals[name], chance)
            path = folder / name
            path.write_bytes(data)
            started = time.monotonic()
            signal.alarm(LIMIT)
            try:
                target.read(path)
                count.taken += 1
            except GenboardError as e:
                count.refused += 1
                if e.hint is None or "\n" in e.fact:
                    faults.append(f"input {i} ({name}): an error without a hint, or of several lines: {e!r}")
            except BaseException as e:
                if isinstance(e, KeyboardInterrupt):
                    raise
                faults.append(f"input {i} ({name}): {type(e).__name__}: {str(e)[:300]}")
            finally:
                signal.alarm(0)
            if time.monotonic() - started > LIMIT:
                faults.append(f"input {i} ({name}): {time.monotonic() - started:.0f} s")
            path.unlink(missing_ok=True)
    finally:
        signal.signal(signal.SIGALRM, before)
    return count, faults
