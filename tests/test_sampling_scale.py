"""Sampling that scales: batch sizes found on the way, full memory and disks, and features beside the drawing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks import drawing
from genboard.benchmarks.drawing import Drawer, Plan, draw
from genboard.benchmarks.sampling import sample
from genboard.registry.catalog import find
from genboard.registry.generators import LiveGenerator
from genboard.registry.generators.draws import Draw
from genboard.registry.schema import Track
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import FUNCTION, Run, draw_into, hint, module, refused

from genboard.core import disk_space
from genboard.core.errors import BadSamples, CannotWrite

TRACK = find(Track, "digits")
SHAPE = (8, 8, 1)


def noise(tickets: Sequence[Draw]) -> np.ndarray[Any, Any]:
    """Something like noise, of which sample i depends on i alone; a stream for each would take longer."""
    index = np.array([t.index for t in tickets], np.uint64)[:, None]
    mixed = (index * np.uint64(64) + np.arange(64, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(56)).astype(np.uint8).reshape(-1, *SHAPE)


def plan_of(sampler: Callable[[Sequence[Draw]], Any], n: int = 500, block: int | None = None) -> Plan:
    return Plan(LiveGenerator("mine", {"name": "mine"}, sampler, block), TRACK.seed, n, SHAPE)


class Counted:
    """Noise that counts how many samples it was asked for, and how many at once; memory holds `most`."""

    def __init__(self, most: int = 10**9, error: type[Exception] = MemoryError) -> None:
        self.calls: list[list[int]] = []
        self.most, self.error = most, error

    def __call__(self, tickets: Sequence[Draw]) -> np.ndarray[Any, Any]:
        if len(tickets) > self.most:
            raise self.error(f"{len(tickets)} samples")
        self.calls.append([t.index for t in tickets])
        return noise(tickets)


def test_the_first_samples_are_drawn_once_more_and_no_others(tmp_path):
    counted = Counted()
    sample(plan_of(counted), tmp_path)
    drawn = sorted(index for call in counted.calls for index in call)
    assert drawn == sorted([*range(500), 0, 1, 2, 3])
    # In another batch, and in another order.
    assert counted.calls[1] == [3, 2, 1, 0]


def test_of_a_generator_with_blocks_one_block_is_computed_twice_and_the_others_once(tmp_path):
    counted = Counted()
    sample(plan_of(counted, block=100), tmp_path)
    firsts = [min(call) for call in counted.calls]
    assert firsts == [0, 0, 100, 200, 300, 400]
    assert all(len(call) == 100 for call in counted.calls)


@pytest.mark.parametrize("error", [MemoryError, torch.OutOfMemoryError])
@pytest.mark.parametrize(("most", "largest"), [(40, 32), (3, 2), (1, 1)])
def test_where_memory_runs_out_the_batch_is_halved_and_no_pixel_changes(most, largest, error, tmp_path):
    counted = Counted(most, error)
    manifest = sample(plan_of(counted, 200), tmp_path / "short")
    assert max(map(len, counted.calls)) == largest
    assert sum(map(len, counted.calls)) == 200 + min(4, largest)
    assert manifest["digest"] == sample(plan_of(noise, 200), tmp_path / "usual")["digest"]


def test_a_batch_that_was_asked_for_is_halved_too():
    counted = Counted(most=100)
    np.testing.assert_array_equal(draw(plan_of(counted), 0, 500, 1000).pixels, draw(plan_of(noise), 0, 500).pixels)
    assert max(map(len, counted.calls)) == 62


@pytest.mark.parametrize(("block", "why"), [(None, "drawing a single sample"), (64, "a single block of 64 samples")])
def test_where_not_even_one_fits_the_error_says_so(block, why, tmp_path):
    with pytest.raises(BadSamples, match=f"mine: out of memory .*{why}"):
        sample(plan_of(Counted(most=0), block=block), tmp_path)
    assert not list(tmp_path.glob("*.parquet"))


def test_a_function_of_the_users_that_needs_too_much_memory(run: Run, tmp_path: Path) -> None:
    body = (
        "if n > MOST:\n        raise MemoryError\n    return np.random.default_rng(seeds[0]).random((n, 1, 8, 8)) * 0"
    )
    command = ("--track", "digits", "--samples", 20, "--trust-code", "--json")
    for most in (3, 20):
        source = module(tmp_path, FUNCTION + body.replace("MOST", str(most)) + "\n")
        code, _, err = run("sample", source, *command, "--out", tmp_path / str(most))
        assert code == 0, err
    digests = {json.loads((tmp_path / str(most) / "manifest.json").read_text())["digest"] for most in (3, 20)}
    assert len(digests) == 1
    source = module(tmp_path, FUNCTION + body.replace("MOST", "0") + "\n")
    assert refused(run, "sample", source, *command, "--out", tmp_path / "none") == (
        "sample: out of memory drawing a single sample"
    )


class Slow(Counted):
    """Noise at a cost a call, so that larger batches are faster; or bits that depend on the batch."""

    def __init__(self, faithful: bool = True) -> None:
        super().__init__()
        self.clock, self.faithful = 0.0, faithful

    def __call__(self, tickets: Sequence[Draw]) -> np.ndarray[Any, Any]:
        self.clock += 1 + len(tickets) / 1000
        grey = super().__call__(tickets).astype(np.float32) / 255
        return grey if self.faithful else grey + np.float32(1e-7) * len(tickets)


def sizes_of(slow: Slow, n: int, monkeypatch: pytest.MonkeyPatch, size: int | None = None) -> list[int]:
    monkeypatch.setattr(drawing.time, "perf_counter", lambda: slow.clock)
    drawer = Drawer(plan_of(slow, n), size)
    for start in range(0, n, 128):
        drawer.draw(start, min(start + 128, n), n)
    return [len(call) for call in slow.calls]


def test_a_batch_grows_where_that_is_faster_and_within_a_share_of_the_samples(monkeypatch):
    slow = Slow()
    sizes = sizes_of(slow, 12_800, monkeypatch)
    assert sizes[:3] == [64, 128, 256]
    assert set(sizes[3:-1]) == {256}  # 512 would need 256 samples more for the trial, of 64 that are left
    again = sum(sizes) - 12_800
    assert again == 64 + 128
    assert again <= drawing.TRIED * 12_800


def test_a_batch_does_not_grow_where_bits_depend_on_it_nor_where_a_size_was_asked_for(monkeypatch):
    assert set(sizes_of(Slow(faithful=False), 12_800, monkeypatch)) == {64, 128}  # 128 once, and not again
    assert set(sizes_of(Slow(), 12_800, monkeypatch, 64)) == {64}
    assert set(sizes_of(Slow(), 512, monkeypatch)) == {64}


def test_what_is_drawn_does_not_depend_on_how_the_batch_grew(monkeypatch):
    slow = Slow(faithful=False)
    monkeypatch.setattr(drawing.time, "perf_counter", lambda: slow.clock)
    drawer = Drawer(plan_of(slow, 12_800))
    grown = np.concatenate([drawer.draw(start, start + 128, 12_800).pixels for start in range(0, 12_800, 128)])
    np.testing.assert_array_equal(grown, draw(plan_of(slow, 12_800), 0, 12_800, 64).pixels)


@settings(max_examples=20, deadline=None)
@given(
    block=st.sampled_from([None, 7, 64, 100]),
    size=st.one_of(st.none(), st.integers(1, 300)),
    cuts=st.lists(st.integers(1, 90), min_size=1, max_size=8),
    ahead=st.booleans(),
)
def test_pieces_in_any_sizes_hold_the_same_samples(block, size, cuts, ahead):
    drawer, edges = Drawer(plan_of(noise, 800, block), size), np.concatenate([[0], np.cumsum(cuts)]).tolist()
    parts = [drawer.draw(a, b, 800 if ahead else None).pixels for a, b in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), draw(plan_of(noise, 800), 0, edges[-1]).pixels)


@pytest.mark.parametrize("block", [None, 32])
def test_a_generator_that_ignores_its_seed_is_refused(block, tmp_path):
    def ignores(tickets: Sequence[Draw]) -> Any:
        return np.random.default_rng(0).random((len(tickets), *SHAPE))

    with pytest.raises(BadSamples, match="drawn twice, sample 0 differs"):
        sample(plan_of(ignores, block=block), tmp_path)
    assert not list(tmp_path.glob("*.parquet"))


def test_a_network_that_looks_at_its_block_is_not_taken_for_one_that_ignores_its_seed(tmp_path):
    def by_place(tickets: Sequence[Draw]) -> Any:
        return np.roll(noise(tickets), 1, axis=0) // 2 + noise(tickets) // 2

    assert sample(plan_of(by_place, block=32), tmp_path)["n"] == 500


def test_one_image_repeated_is_no_offence(tmp_path):
    assert sample(plan_of(lambda tickets: np.zeros((len(tickets), *SHAPE)), block=32), tmp_path)["n"] == 500


def full(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = dataclasses.make_dataclass("Usage", ["free"])(free)
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: usage)


def test_a_disk_without_room_is_said_before_anything_is_written(run: Run, tmp_path: Path, monkeypatch) -> None:
    full(20_000, monkeypatch)
    fact = refused(run, *draw_into(tmp_path))
    # Noise of 64 bytes an image, which PNG makes larger.
    assert fact.startswith("no space left on the disk: 200 samples need about 79.2 kB")
    assert fact.endswith(f", and {tmp_path} has 20 kB free")
    assert "free some space" in hint(run, *draw_into(tmp_path))
    assert not list(tmp_path.glob("*.parquet"))


def test_what_can_be_compressed_needs_less_room_and_what_is_there_needs_none(run: Run, tmp_path: Path, monkeypatch):
    plan = Plan(LiveGenerator("flat", {}, lambda t: np.zeros((len(t), 64, 64, 1))), 1, 200, (64, 64, 1))
    full(100_000, monkeypatch)
    with_room = sample(plan, tmp_path / "flat")
    full(0, monkeypatch)
    assert sample(plan, tmp_path / "flat") == with_room
    (tmp_path / "flat" / with_room["shards"][1]["file"]).unlink()
    with pytest.raises(CannotWrite, match="72 samples need about"):
        sample(plan, tmp_path / "flat")
