"""Ranks with unequal batches give together what one process gives, and agree on what is wrong."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pytest
import torch
from genboard.benchmarks.monitor.ranks import gathered
from genboard.benchmarks.monitor.shares import share
from monitored import monitor, samples, values
from threaded_ranks import on_ranks
from torch import distributed, multiprocessing

import genboard
from genboard.core.errors import BadImages, BadSamples, GenboardError, ReferenceMismatch

N = 310  # two blocks and a half
COLUMNS = ("fd:digits-cnn", "kid:digits-cnn", "is:digits-cnn")


@pytest.fixture(scope="module")
def alone() -> genboard.Estimates:
    watched = monitor(COLUMNS)
    watched.update(samples()[:N])
    return watched.compute()


def estimates_of(rank: int, ranks: int, strided: bool) -> genboard.Estimates:
    """Of samples that are dealt out unevenly, in batches that grow with the rank."""
    watched = monitor(COLUMNS)
    mine = torch.arange(rank, N, ranks) if strided else torch.arange(N // ranks * rank, N)[: N // ranks]
    if not strided and rank == ranks - 1:
        mine = torch.arange(N // ranks * rank, N)
    for some in mine.split(5 + 20 * rank):
        watched.update(samples()[some], some)
    return watched.compute()


@pytest.mark.parametrize("strided", [True, False])
@pytest.mark.parametrize("ranks", [2, 4])
def test_every_rank_gets_what_one_process_gets(
    monkeypatch: pytest.MonkeyPatch, alone: genboard.Estimates, ranks: int, strided: bool
):
    found = on_ranks(monkeypatch, ranks, lambda rank: estimates_of(rank, ranks, strided))
    assert [values(one) for one in found] == [values(alone)] * ranks
    assert all(torch.equal(one.influences[key], x) for one in found for key, x in alone.influences.items())


def process(rank: int, ranks: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"file://{folder}/store", rank=rank, world_size=ranks)
    torch.save(values(estimates_of(rank, ranks, strided=rank % 2 == 0 and ranks == 1)), f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow  # processes that import torch
@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_processes_get_what_one_process_gets(alone: genboard.Estimates, ranks: int):
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(process, (ranks, folder), ranks)
        for rank in range(ranks):
            found = torch.load(Path(folder) / f"{rank}.pt", weights_only=True)
            for key, wanted in values(alone).items():
                assert found[key] == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_ranks_without_indices_count_on_from_the_one_before(monkeypatch: pytest.MonkeyPatch, alone: genboard.Estimates):
    def work(rank: int) -> genboard.Estimates:
        watched = monitor(COLUMNS)
        if rank != 1:  # nothing came to that one
            watched.update(samples()[:250] if rank == 0 else samples()[250:N])
        return watched.compute()

    assert [values(one) for one in on_ranks(monkeypatch, 3, work)] == [values(alone)] * 3


def test_a_rank_with_nothing_takes_part(monkeypatch: pytest.MonkeyPatch, alone: genboard.Estimates):
    def work(rank: int) -> genboard.Estimates:
        watched = monitor(COLUMNS)
        if rank == 1:
            watched.update(samples()[:N], range(N))
        return watched.compute()

    assert [values(one) for one in on_ranks(monkeypatch, 2, work)] == [values(alone)] * 2


def refused(monkeypatch: pytest.MonkeyPatch, kind: type[GenboardError], given: list[range | None], **settings: object):
    """The errors of two ranks that take in samples of these indices, or as many as ten without."""

    def work(rank: int) -> str:
        watched = monitor(("is",), **(settings if rank else {}))
        some = given[rank]
        watched.update(samples()[: 10 if some is None else len(some)], some)
        with pytest.raises(kind) as error:
            watched.compute()
        return error.value.fact

    first, second = on_ranks(monkeypatch, 2, work)
    assert first == second
    return first


def test_a_padded_last_batch_is_refused(monkeypatch: pytest.MonkeyPatch):
    fact = refused(monkeypatch, BadSamples, [range(10), range(8, 18)])
    assert fact == "sample 8 and 1 more came twice"


def test_a_lost_sample_is_refused(monkeypatch: pytest.MonkeyPatch):
    assert refused(monkeypatch, BadSamples, [range(10), range(11, 18)]) == "sample 10 is missing"


def test_indices_on_some_ranks_are_refused(monkeypatch: pytest.MonkeyPatch):
    assert "only some ranks" in refused(monkeypatch, BadSamples, [range(10), None])


def test_other_settings_are_refused(monkeypatch: pytest.MonkeyPatch):
    fact = refused(monkeypatch, ReferenceMismatch, [range(10), range(10, 20)], value_range=(-1, 1))
    assert fact == "rank 1 has other settings than rank 0: value_range is [-1.0, 1.0], not [0.0, 1.0]"


def test_an_error_on_one_rank_is_one_on_all(monkeypatch: pytest.MonkeyPatch):
    def fail(rank: int) -> int:
        if rank == 1:
            raise BadImages("a black image", "look at it")
        return rank

    def work(rank: int) -> GenboardError:
        with pytest.raises(GenboardError) as error:
            gathered(partial(fail, rank))
        return error.value

    first, second = on_ranks(monkeypatch, 2, work)
    assert (type(first), first.fact, first.hint) == (BadSamples, "rank 1: a black image", "look at it")
    assert (type(second), second.fact) == (BadImages, "a black image")


@pytest.mark.parametrize(("n", "ranks", "block"), [(500, 3, 125), (50_000, 8, 125), (3, 4, 125), (1001, 2, 100)])
def test_shares_hold_each_sample_once(n: int, ranks: int, block: int):
    shares = [share(n, rank, ranks, block) for rank in range(ranks)]
    assert [i for start, stop in shares for i in range(start, stop)] == list(range(n))
    sizes = [stop - start for start, stop in shares]
    assert max(sizes) - min(sizes) <= max(1, block)
    if n >= 4 * ranks * block:
        assert all(start % block == 0 for start, _ in shares)


def test_each_rank_draws_its_share(monkeypatch: pytest.MonkeyPatch):
    def work(rank: int) -> list[int]:
        return [draw.index for some in monitor(("is",)).draws(70, 16) for draw in some]

    drawn = on_ranks(monkeypatch, 3, work)
    assert [i for one in drawn for i in one] == list(range(70))
    assert [len(one) for one in drawn] == [23, 23, 24]
