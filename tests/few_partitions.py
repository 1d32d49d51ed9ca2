"""Fewer random partitions than the metrics draw, for laws in which their number, which takes the time, plays no part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from genboard.benchmarks.metrics import coverage_interval, recall_interval, reference_copies, typicality


@contextmanager
def few_partitions(words: int = 8) -> Iterator[None]:
    """Of the samples so many words of 64 partitions, and of the real images 20 divisions in place of 200."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference_copies, "SPLITS", 20)
        for module in (coverage_interval, recall_interval, typicality):
            patch.setattr(module, "enough", lambda n: words)
        yield
