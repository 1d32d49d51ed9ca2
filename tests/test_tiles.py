"""The neighbour pass in tiles, on workers: to the bit the counts of one process, whatever tiles, workers and order."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
import torch
from genboard.benchmarks.feature_files import FeatureFile, Workers, cuts, store_features
from genboard.benchmarks.neighbours import Counts, count_neighbours, distances, identity_resample, order, tile_pass
from genboard.benchmarks.neighbours.distances import point_sets
from genboard.benchmarks.neighbours.lists import nearest_lists
from genboard.benchmarks.neighbours.nearest_pass import Search, SearchTask
from genboard.benchmarks.neighbours.tile_pass import count_on
from genboard.benchmarks.neighbours.tiles import Asked
from hostile_sets import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from in_order import InAnyOrder
from test_executor_runs import worker_processes
from torch import Tensor

from genboard.core.errors import BadFeatures, BadWorkers
from genboard.core.executor.local import LocalExecutor

K, DEPTH = 3, 9


def stored(folder: Path, features: Tensor) -> FeatureFile:
    return store_features(folder, lambda: features.split(50))


def in_one_process(real: Tensor, fake: Tensor, closed: bool = False, k: int = K, depth: int = DEPTH) -> Counts:
    asked = [identity_resample(len(real), len(fake), asks="members")]
    return count_neighbours(real, fake, k, asked, closed, depth=depth)[0]


def assert_same(a: Counts, b: Counts) -> None:
    assert a.cell == b.cell
    for name in ("covered_fake", "covered_real", "pairs", "reached_real"):
        assert torch.equal(getattr(a, name), getattr(b, name)), name
    assert a.members is not None
    assert b.members is not None
    for name in ("balls", "real", "fake", "k"):
        assert torch.equal(getattr(a.members, name), getattr(b.members, name)), name
    assert (a.places is None) == (b.places is None)
    if a.places is not None and b.places is not None:
        assert torch.equal(a.places.lists, b.places.lists)
        ours, theirs = (
            sorted(zip(p.fake.tolist(), p.real.tolist(), p.before.tolist(), strict=True)) for p in (a.places, b.places)
        )
        assert ours == theirs


@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_tiles_count_what_one_process_does(name, narrow, tmp_path, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    monkeypatch.setattr(tile_pass, "SIDE", 64)
    monkeypatch.setattr(tile_pass, "SETTLED", 25)
    real, fake = map(torch.from_numpy, HOSTILE[name])
    files, executor = (stored(tmp_path, real), stored(tmp_path, fake)), InAnyOrder(len(name))
    closed = len(name) % 2 == 0
    assert_same(in_one_process(real, fake, closed), count_on(Workers(executor, tmp_path), *files, K, closed, DEPTH))
    assert executor.done >= 3
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".rows"] * len({file.path for file in files})


@settings(max_examples=12)
@given(st.data())
def test_neither_the_size_of_tiles_nor_their_order_counts(tmp_path_factory, data):
    folder, width = tmp_path_factory.mktemp("tiles"), data.draw(st.integers(1, 3))
    few = st.integers(-2, 2).map(float)  # so that many rows are equal and many distances tie
    real, fake = (
        torch.from_numpy(data.draw(arrays("float32", st.tuples(st.integers(5, 24), st.just(width)), elements=few)))
        for _ in range(2)
    )
    k, closed = data.draw(st.integers(1, 4)), data.draw(st.booleans())
    depth = data.draw(st.sampled_from([0, k + 1, k + 3])) if len(fake) > k + 3 else 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tile_pass, "SIDE", data.draw(st.integers(4, 30)))
        patch.setattr(tile_pass, "SETTLED", data.draw(st.integers(3, 30)))
        patch.setattr(distances, "NARROW", data.draw(st.sampled_from([0, 128])))
        workers = Workers(InAnyOrder(data.draw(st.integers(0, 9))), folder)
        found = count_on(workers, stored(folder, real), stored(folder, fake), k, closed, depth)
        assert_same(in_one_process(real, fake, closed, k, depth), found)


def test_rows_that_somebody_else_has_found_short_are_short_here():
    x, y = point_sets(*map(torch.from_numpy, HOSTILE["plain"]))
    lists, asked = nearest_lists(x, 30), Asked(len(x), len(y), K, False, 0)
    assert not len(asked.around_real(x, y, lists).short)
    told = asked.around_real(x, y, lists, torch.tensor([3, 7]))
    assert told.short.tolist() == told.reach.isinf().nonzero()[:, 0].tolist() == [3, 7]


@pytest.mark.parametrize("listed", [12, 39])
@pytest.mark.parametrize("name", [name for name, (_, y) in HOSTILE.items() if len(y) > 39])
def test_nearest_rows_stand_by_distance_then_by_index(name, listed, monkeypatch):
    monkeypatch.setattr(distances, "NARROW", 0)
    rows = torch.from_numpy(HOSTILE[name][1])
    points, _ = point_sets(rows, rows)
    found = order.nearest_in_order(points, nearest_lists(points, listed), 9)
    every = torch.arange(len(rows))
    apart = points.exact(every.repeat_interleave(len(rows)), points, every.repeat(len(rows))).view(len(rows), -1)
    apart.fill_diagonal_(torch.inf)
    assert torch.equal(found, apart.argsort(dim=1, stable=True)[:, :9])


def test_what_an_interrupted_pass_has_left_is_taken_up(tmp_path, monkeypatch):
    monkeypatch.setattr(tile_pass, "SIDE", 64)
    real, fake = map(torch.from_numpy, HOSTILE["plain"])
    files, stopped, again = (stored(tmp_path, real), stored(tmp_path, fake)), InAnyOrder(1), InAnyOrder(2)
    whole = InAnyOrder(3)
    found = count_on(Workers(whole, tmp_path), *files, K, False, DEPTH)

    class Stop(Exception):
        pass

    def run(task, pieces):
        for done in InAnyOrder.run(stopped, task, pieces):
            if stopped.done == 5:
                raise Stop
            yield done

    monkeypatch.setattr(stopped, "run", run)
    with pytest.raises(Stop):
        count_on(Workers(stopped, tmp_path), *files, K, False, DEPTH)
    assert_same(found, count_on(Workers(again, tmp_path), *files, K, False, DEPTH))
    assert again.done == whole.done - 5


def test_a_damaged_tile_is_computed_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tile_pass, "SIDE", 64)
    files = [stored(tmp_path, torch.from_numpy(side)) for side in HOSTILE["plain"]]
    piece = Search((0, 64), (0, 64), str(tmp_path / "tile.safetensors"))
    first, again = Workers(InAnyOrder(1), tmp_path), Workers(InAnyOrder(2), tmp_path)
    first.make(SearchTask(*files), [piece], "tiles")
    whole = Path(piece.path).read_bytes()
    again.make(SearchTask(*files), [piece], "tiles")
    assert again.bill.device_seconds == {}
    Path(piece.path).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    again.make(SearchTask(*files), [piece], "tiles")
    assert Path(piece.path).read_bytes() == whole
    assert again.bill.device_seconds["cpu"] > 0
    assert "tile.safetensors: its bytes are not those that were written: computing it again" in capsys.readouterr().err


def test_sets_that_cannot_be_counted_and_files_that_are_not_seen_are_named(tmp_path):
    real, fake = map(torch.from_numpy, HOSTILE["plain"])
    here = Workers(InAnyOrder(1), tmp_path)
    with pytest.raises(BadFeatures, match="k = 130 needs more than 130 images"):
        count_on(here, stored(tmp_path, real), stored(tmp_path, fake), 130)
    with pytest.raises(BadFeatures, match="have 8 features, the samples 3"):
        count_on(here, stored(tmp_path, real), stored(tmp_path, fake[:, :3]), 2)
    gone = FeatureFile(str(tmp_path / "gone.rows"), 3, 4, "float32")
    with pytest.raises(BadWorkers, match="does not see"):
        gone.mapped()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_worker_processes_count_the_same_and_one_may_be_killed(workers, tmp_path, monkeypatch):
    monkeypatch.setattr(tile_pass, "SIDE", 300)
    generator = torch.Generator().manual_seed(5)
    real, fake = (torch.randn(1500, 200, generator=generator) for _ in range(2))
    fake[:200] = real[:200]
    executor = LocalExecutor(workers)

    def kill() -> None:
        until = time.monotonic() + 60
        while not list(tmp_path.glob("neighbours-*/within-*")) and time.monotonic() < until:
            time.sleep(0.005)
        os.kill(worker_processes()[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    files = stored(tmp_path, real), stored(tmp_path, fake)
    found = count_on(Workers(executor, tmp_path), *files, 5, False, 40)
    killer.join()
    assert executor.restarts == 1
    assert_same(in_one_process(real, fake, k=5, depth=40), found)


def test_files_of_features_are_named_by_their_content(tmp_path):
    rows = torch.arange(12.0).view(6, 2)
    file = store_features(tmp_path, lambda: [rows[:4], rows[4:]])
    assert file == store_features(tmp_path, lambda: [rows])
    assert file.digest != store_features(tmp_path, lambda: [rows.view(4, 3)]).digest
    assert torch.equal(file.mapped(), rows)
    assert cuts(6, 4) == [(0, 4), (4, 6)]
