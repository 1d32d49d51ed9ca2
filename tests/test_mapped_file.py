"""Mapped files: what is read stays the same when their pages are given back, and memory does not keep them."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
import torch
from genboard.benchmarks.feature_files import FeatureFile, store_features
from genboard.reference_stats.moments import Moments

from genboard.core import mapped_file
from genboard.core.mapped_file import give_all_back, give_back, in_passing, map_file

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is of Linux")
ROWS, WIDTH, BLOCK = 100_000, 64, 20_000
AROUND = 4096  # KiB that the system reads around the pages of a block, at most


@pytest.fixture
def stored(tmp_path: Path) -> FeatureFile:
    features = torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(1))
    return store_features(tmp_path, lambda: [features])


def resident(path: str) -> int:
    """KiB of a file's pages that count as this process's memory."""
    found, at = 0, False
    for line in Path("/proc/self/smaps").read_text("utf-8").splitlines():
        if not line[:1].isupper():
            at = line.endswith(path)
        elif at and line.startswith("Rss:"):
            found += int(line.split()[1])
    return found


@linux
def test_pages_that_are_given_back_count_no_more_and_read_the_same(stored: FeatureFile) -> None:
    features = stored.mapped()
    assert resident(stored.path) == 0
    before = float(features.double().sum())
    whole = ROWS * WIDTH * 4 // 1024
    assert resident(stored.path) >= whole
    give_back(features[7:9])
    assert resident(stored.path) == 0
    assert float(features.double().sum()) == before
    give_all_back()
    assert resident(stored.path) == 0


@linux
def test_a_pass_holds_the_pages_of_some_rows_alone(stored: FeatureFile) -> None:
    features, most, rows = stored.mapped(), 0, 0
    for block in in_passing(features, BLOCK):
        assert bool(block.isfinite().all())
        rows += len(block)
        most = max(most, resident(stored.path))
    assert rows == ROWS
    assert 0 < most <= BLOCK * WIDTH * 4 // 1024 + AROUND
    assert resident(stored.path) == 0


@linux
def test_moments_leave_no_pages_behind(stored: FeatureFile) -> None:
    features = stored.mapped()
    assert torch.equal(Moments.of(features).scatter, Moments.of(features.clone()).scatter)
    give_back(features)
    Moments.of(features)
    assert resident(stored.path) == 0


def test_other_memory_is_left_as_it_is(stored: FeatureFile) -> None:
    own = stored.mapped().clone()
    kept = own.clone()
    give_back(own)
    give_all_back()
    assert torch.equal(torch.cat(list(in_passing(own, 999))), kept)
    assert torch.equal(own, kept)


def test_a_file_that_nobody_holds_is_not_known_any_more(tmp_path: Path) -> None:
    (tmp_path / "numbers").write_bytes(torch.arange(8, dtype=torch.float64).numpy().tobytes())
    numbers = map_file(tmp_path / "numbers", torch.float64, 5)
    address = numbers.data_ptr()
    assert numbers.tolist() == [0, 1, 2, 3, 4]
    assert address in mapped_file._MAPPED
    del numbers
    gc.collect()
    assert address not in mapped_file._MAPPED
