"""What the ranks of a process group tell each other; without a group there is one rank, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from torch import distributed

from ...core.errors import BadSamples, GenboardError

T = TypeVar("T")


def rank_and_ranks() -> tuple[int, int]:
    """This process's number in its group, and how many there are."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def gathered(work: Callable[[], T]) -> list[T]:
    """What `work` gives on every rank, in their order; an error on one of them is an error on all.

    Pieces of any sizes travel as they are: nothing is padded.

    Raises:
        GenboardError: as it was raised, on the rank that raised it.
        BadSamples: on the others.
    """
    rank, ranks = rank_and_ranks()
    if ranks == 1:
        return [work()]
    error: GenboardError | None = None
    own: tuple[T | None, tuple[str, str | None] | None]
    try:
        own = work(), None
    except GenboardError as e:
        error, own = e, (None, (e.fact, e.hint))
    found: list[Any] = [None] * ranks
    distributed.all_gather_object(found, own)
    _raise_first(error, {i: failed for i, (_, failed) in enumerate(found) if failed is not None}, rank)
    return [given for given, _ in found]


def told_by_first(work: Callable[[], T]) -> T:
    """What `work` gives on the first rank, told to all; only that one does it."""
    rank, ranks = rank_and_ranks()
    if ranks == 1:
        return work()
    error: GenboardError | None = None
    message: list[Any] = [None, None]
    if rank == 0:
        try:
            message[0] = work()
        except GenboardError as e:
            error, message[1] = e, (e.fact, e.hint)
    distributed.broadcast_object_list(message, src=0)
    _raise_first(error, {} if message[1] is None else {0: message[1]}, rank)
    found: T = message[0]
    return found


def _raise_first(own: GenboardError | None, failed: dict[int, tuple[str, str | None]], rank: int) -> None:
    if own is not None:
        raise own
    for where, (fact, hint) in failed.items():
        raise BadSamples(f"rank {where}: {fact}", hint)
