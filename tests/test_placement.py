"""Features on a device as far as they fit, and in the host's memory beyond that: the same counts, on a fake device."""

from __future__ import annotations

import pytest
import torch
from fake_cuda import CUDA, OnDevice, fake_cuda
from genboard.benchmarks.metrics.cmmd import cmmd
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.neighbours import (
    Resample,
    count_neighbours,
    distances,
    engine,
    identity_resample,
    nearest_rows,
    real_lists,
    to_other_rows,
)
from genboard.benchmarks.neighbours.distances import TABLES, placed_tables
from genboard.benchmarks.neighbours.placed_sets import placed_sets
from genboard.benchmarks.neighbours.placement import SHARE, Placement, fitting, placement, resident
from genboard.benchmarks.neighbours.probe import error_on, trusted
from hostile_sets import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from test_tiles import assert_same

from genboard.core.errors import GenboardError

X, Y = map(torch.from_numpy, HOSTILE["plain"])
BYTES = 8 * 8 * (len(X) + len(Y))  # of what is multiplied of both
ROOMS = {"all on the device": 2**40, "products on the device": 2 * BYTES, "half of them": BYTES, "nothing": 2}


@pytest.fixture
def wide(monkeypatch):
    """Sets of few features are treated as those of many, in blocks of 17 rows and strips of 34."""
    for module in ("distances", "probe"):
        monkeypatch.setattr(f"genboard.benchmarks.neighbours.{module}.NARROW", 0)
    monkeypatch.setattr(distances, "ROWS", 17)
    monkeypatch.setattr(distances, "STRIP", 2)
    error_on.cache_clear()
    trusted.cache_clear()
    yield
    error_on.cache_clear()
    trusted.cache_clear()


@given(st.lists(st.integers(0, 100), max_size=6), st.integers(0, 250))
def test_what_lies_on_the_device_fits_and_what_does_not_would_not_have(sizes, room):
    tables = {str(i): size for i, size in enumerate(sizes)}
    found = resident(tables, room)
    assert list(found) == list(tables)
    left = room
    for name, size in tables.items():
        assert found[name] == (size <= left)
        left -= size * found[name]
    assert left >= 0
    assert all(resident(tables, None).values())


def test_a_share_of_the_free_memory_is_for_features(monkeypatch):
    assert placement("cpu") == Placement(torch.device("cpu"))
    with fake_cuda(free=1000):
        monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 300)
        monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 100)
        assert placement("cuda") == Placement(CUDA, int(SHARE * 1200))


def test_rows_that_are_multiplied_come_first():
    x, y = torch.zeros(10, 4), torch.zeros(20, 4)
    assert TABLES[0].startswith("products")
    for room, lying in ((0, 0), (640, 1), (960, 2), (1120, 3), (1440, 4)):
        assert list(placed_tables(x, y, Placement(CUDA, room)).values()) == [True] * lying + [False] * (4 - lying)


def test_the_fake_device_refuses_what_a_real_one_refuses():
    with fake_cuda():
        there = X.to("cuda")
        assert there.device == CUDA
        assert there.is_cuda
        assert torch.equal((there + 1).cpu(), X + 1)
        assert torch.equal(there[torch.arange(3)].cpu(), X[:3])
        for mixed in (
            lambda: there + X,
            lambda: there.index_select(0, torch.arange(3)),
            lambda: torch.cat([there, X]),
            lambda: X[torch.arange(3, device="cuda")],
        ):
            with pytest.raises(RuntimeError, match="on the same device"):
                mixed()


@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
@pytest.mark.parametrize("name", ["plain", "each row four times", "half a copy", "one outlier far away"])
def test_counts_do_not_depend_on_what_fits(name, room, wide):
    real, fake = map(torch.from_numpy, HOSTILE[name])
    asked = [identity_resample(len(real), len(fake), asks="members")]
    expected = count_neighbours(real, fake, 3, asked, depth=9)
    with fake_cuda(free=2 * room):
        for products in (None, "plain"):
            found = count_neighbours(real, fake, 3, asked, depth=9, products=products, device="cuda")
            assert_same(found[0], expected[0])
            assert not isinstance(found[0].members.real, OnDevice)


def test_tables_lie_where_they_were_said_to(wide):
    with fake_cuda():
        for room in ROOMS.values():
            here = placed_tables(X, Y, place := Placement(CUDA, room))
            x, y = placed_sets(X, Y, 3, place)
            assert x.rounding is not None
            lying = [isinstance(t, OnDevice) for t in (*y.multiplied[:1], *x.multiplied[:1], x.original, y.original)]
            assert lying == list(here.values())
            assert isinstance(x.length, OnDevice)


def test_lists_and_subsets_and_products_that_are_watched_come_from_the_device_too(wide):
    sizes = ((len(X), len(Y)), (60, 50))
    generator = torch.Generator().manual_seed(3)
    resample = Resample(*(torch.randperm(len(side), generator=generator) for side in (X, Y)), sizes)
    lists, seen = real_lists(X, 4, [len(X), 60]), []

    class Watch:
        def within(self, start, products):
            seen.append(("within", start, len(products)))

        def across(self, start, products):
            seen.append(("across", start, len(products)))

    expected = count_neighbours(X, Y, 4, [resample], lists=lists, watch=Watch())
    once, seen[:] = list(seen), []
    with fake_cuda(free=BYTES):
        found = count_neighbours(X, Y, 4, [resample], lists=lists, watch=Watch(), device="cuda")
    assert sorted(seen) == sorted(once)
    for a, b in zip(found, expected, strict=True):
        assert torch.equal(a.pairs, b.pairs)
        assert torch.equal(a.covered_real, b.covered_real)


@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
def test_the_nearest_rows_do_not_depend_on_what_fits(room, wide):
    reference, queries = map(torch.from_numpy, HOSTILE["half a copy"])
    square, index = nearest_rows(reference, queries)
    rows = torch.arange(0, 100, 7)
    kth = to_other_rows(reference, rows, 3)
    with fake_cuda(free=2 * room):
        near, place = nearest_rows(reference, queries, device="cuda")
        others = to_other_rows(reference, rows, 3, "cuda")
    assert torch.equal(near, square)
    assert torch.equal(place, index)
    assert torch.equal(others, kth)


@pytest.mark.parametrize("room", [2**40, 2], ids=["on the device", "on the host"])
@pytest.mark.parametrize("metric", [kernel_distance, cmmd], ids=["kid", "cmmd"])
def test_kernels_are_summed_on_the_device(metric, room):
    expected = metric(MetricInputs(Y, X))
    with fake_cuda(free=2 * room):
        found = metric(MetricInputs(FeatureSet(Y, device="cuda"), X))
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    torch.testing.assert_close(found.influence, expected.influence)


def out_of_memory(*args: object) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory")


def test_where_memory_runs_out_features_go_first_then_half_of_the_rows(capsys):
    tried = []

    def work(place: Placement) -> int:
        tried.append((place.room, place.rows))
        if place.rows != 256:
            out_of_memory()
        return 7

    with fake_cuda():
        assert fitting(Placement(CUDA, 100), work) == 7
    assert tried == [(100, None), (0, None), (0, 512), (0, 256)]
    assert "no features in its memory and 256 rows" in capsys.readouterr().err


def test_memory_that_never_suffices_is_an_error_with_a_way_out():
    with fake_cuda(), pytest.raises(GenboardError, match=r"cuda:0 ran out with 64 rows.*\n\nhint: .*--device cpu"):
        fitting(Placement(CUDA, 100), out_of_memory)
    with pytest.raises(torch.OutOfMemoryError):
        fitting(Placement(torch.device("cpu")), out_of_memory)


def test_a_pass_that_runs_out_of_memory_counts_the_same(wide, monkeypatch):
    asked = [identity_resample(len(X), len(Y))]
    expected, bounds = count_neighbours(X, Y, 3, asked), engine.lower_bounds

    def short(x, y):
        for start, block in bounds(x, y):
            if start and (x.at_once is None or x.at_once > 256):
                out_of_memory()
            yield start, block

    monkeypatch.setattr(engine, "lower_bounds", short)
    with fake_cuda():
        found = count_neighbours(X, Y, 3, asked, device="cuda")
    assert torch.equal(found[0].pairs, expected[0].pairs)
