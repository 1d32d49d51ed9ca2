"""Workers compute tiles on the device of the run: on a fake one, to the bit the counts of one process on the CPU."""

from __future__ import annotations

import pytest
import torch
from fake_cuda import CUDA, OnDevice, fake_cuda
from genboard.benchmarks.feature_files import Workers
from genboard.benchmarks.metrics import cmmd, kernel_means, row_means
from genboard.benchmarks.metrics.inputs import FeatureSet
from genboard.benchmarks.neighbours import distances, nearest_rows, tile_pass, tile_task, to_other_rows
from genboard.benchmarks.neighbours.device_copies import _COPIES, on_device
from genboard.benchmarks.neighbours.nearest_pass import Search, SearchTask, nearest_on, to_other_on
from genboard.benchmarks.neighbours.placement import Placement
from genboard.benchmarks.neighbours.probe import trusted
from genboard.benchmarks.neighbours.rounded import BFLOAT16_TWICE, in_parts
from genboard.benchmarks.neighbours.tile_pass import count_on
from hostile_sets import HOSTILE
from in_order import InAnyOrder
from test_tiles import DEPTH, K, assert_same, in_one_process, stored

from genboard.core.errors import GenboardError

X, Y = map(torch.from_numpy, HOSTILE["half a copy"])
ROOMS = {"all on the device": 2**40, "one set": X.numel() * 4, "nothing": 2}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(tile_pass, "SIDE", 80)
    monkeypatch.setattr(tile_pass, "SETTLED", 25)
    yield
    _COPIES.clear()


@pytest.fixture
def split(monkeypatch):
    """The types of products that tiles were split for, where sets of few features are treated as those of many."""
    for module in (distances, tile_pass):
        monkeypatch.setattr(module, "NARROW", 0)
    seen = []

    def watched(points, kind):
        seen.append(kind)
        return in_parts(points, kind)

    monkeypatch.setattr(tile_task, "in_parts", watched)
    trusted.cache_clear()
    yield seen
    trusted.cache_clear()


CASES = [("half a copy", room) for room in ROOMS] + [("exact ties on a grid", "all on the device")]


@pytest.mark.parametrize(("name", "room"), CASES)
def test_tiles_on_a_device_count_what_the_cpu_does(name, room, tmp_path, split):
    real, fake = map(torch.from_numpy, HOSTILE[name])
    files = stored(tmp_path, real), stored(tmp_path, fake)
    expected = in_one_process(real, fake)
    workers = Workers(InAnyOrder(len(name)), tmp_path, device="cuda")
    with fake_cuda(free=2 * ROOMS[room]):
        assert_same(expected, count_on(workers, *files, K, False, DEPTH))
    assert list(workers.bill.device_seconds) == ["fake"]
    assert set(split) == {BFLOAT16_TWICE}


def test_workers_whose_device_is_not_trusted_multiply_in_float32_and_count_the_same(tmp_path, split, monkeypatch):
    monkeypatch.setattr(tile_task, "trusted", lambda device: ())
    files = stored(tmp_path, X), stored(tmp_path, Y)
    expected = in_one_process(X, Y)
    with fake_cuda():
        assert_same(expected, count_on(Workers(InAnyOrder(1), tmp_path, device="cuda"), *files, K, False, DEPTH))
    assert split == []


def test_the_nearest_rows_are_searched_on_the_device(tmp_path, monkeypatch):
    monkeypatch.setattr("genboard.benchmarks.neighbours.nearest_pass.SIDE", 64)
    files = stored(tmp_path, X), stored(tmp_path, Y)
    rows = torch.arange(0, 100, 7)
    expected, kth = nearest_rows(X, Y), to_other_rows(X, rows, 2)
    workers = Workers(InAnyOrder(3), tmp_path, device="cuda")
    with fake_cuda():
        found, others = nearest_on(workers, *files), to_other_on(workers, files[0], rows, 2)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])
    assert torch.equal(others, kth)
    assert list(workers.bill.device_seconds) == ["fake"]


@pytest.mark.parametrize("room", [2**40, 2], ids=["on the device", "on the host"])
def test_kernels_are_summed_on_the_device(room, tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_means, "TILE", 32)
    monkeypatch.setattr(kernel_means, "SIDE", 64)
    monkeypatch.setattr(row_means, "ROWS", 64)
    files = stored(tmp_path, X), stored(tmp_path, Y)
    workers, kernel = Workers(InAnyOrder(4), tmp_path, device="cuda"), kernel_means.Polynomial(3, 1.0)
    expected = kernel_means.kernel_means(FeatureSet(X), FeatureSet(Y), kernel)
    means = cmmd._Dissimilarity(10.0)
    with fake_cuda(free=2 * room):
        found = kernel_means.means_on(workers, *files, kernel)
        unlike = row_means.means_on(workers, *files, means)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=0)
    torch.testing.assert_close(unlike, means(X, Y), rtol=1e-12, atol=0)
    assert list(workers.bill.device_seconds) == ["fake"]


def test_features_are_copied_once_and_make_room_for_those_of_the_next_pass(tmp_path):
    files = [stored(tmp_path, side) for side in (X, Y, X + 1)]
    with fake_cuda():
        place = Placement(CUDA, 2**20)
        first, second = on_device(files[:2], place), on_device(files[:2], place)
        assert all(a is b and isinstance(a, OnDevice) for a, b in zip(first, second, strict=True))
        assert torch.equal(first[0].cpu(), X)
        on_device([files[2]], place)
        assert [file for file, _ in _COPIES] == [files[2]]
        (mapped,) = on_device([files[2]], Placement(CUDA, 0))
        assert not isinstance(mapped, OnDevice)
        assert not _COPIES


def test_pieces_of_another_kind_of_device_are_not_taken_up(tmp_path):
    devices = ("cpu", "cuda", "cuda:1")
    here, there, other = (Workers(InAnyOrder(1), tmp_path, device=name).place("tiles", 1) for name in devices)
    assert here != there == other


def test_a_worker_without_the_device_says_so(tmp_path):
    piece = Search((0, 64), (0, 64), str(tmp_path / "tile.safetensors"))
    with pytest.raises(GenboardError, match=r"device 'cuda:99' is not available\n\nhint: use --device cpu"):
        Workers(InAnyOrder(1), tmp_path).make(
            SearchTask(stored(tmp_path, X), stored(tmp_path, Y), "cuda:99"), [piece], "tiles"
        )
