"""Fewer random partitions than the metrics draw: for laws that hold for any number of them, and for simulations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from genboard.benchmarks.metrics import reference_copies
from genboard.benchmarks.neighbours import random_partition


@contextmanager
def few_partitions(words: int = 8, divisions: int = 20) -> Iterator[None]:
    """Of the samples at most so many words of 64 partitions, and of the real images so many divisions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference_copies, "SPLITS", divisions)
        patch.setattr(random_partition, "most_words", words)
        yield
