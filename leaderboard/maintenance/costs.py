"""What an image costs, of every generator with a rank on a board: `python -m genboard.leaderboard.maintenance.costs`.

Names of generators restrict it to these: the other rows stay as they are, where the processor is the one they were
measured on.

Each draws images of its track on one core: the least processor time an image of a few tries. What a result records of
its own run is no such cost: samples that an earlier run has drawn are read and not drawn, and its memory is that of a
process which measures, and has often measured others before.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from ...benchmarks.asked import asked_of
from ...benchmarks.drawing import Plan
from ...benchmarks.environment import processor_of
from ...core.serialization import read_json, write_json
from ...registry.catalog import entries, find, shape_of
from ...registry.generators import LiveGenerator, load_generator
from ...registry.generators.draws import Draw
from ...registry.schema import Generator, Track
from ...registry.weights import read_weights
from ..board.board import make_board
from ..board.costs import TABLE, identity_of
from ..storage.records import COMMITTED, read_records

TRIES = 5
ENOUGH = 3.0  # seconds that a try takes, after which there is no other
LEAST = 64  # images of a try, or one block


def measured(name: str, track: str) -> dict[str, Any]:
    """The costs of one generator."""
    entry, of = find(Generator, name), find(Track, track)
    weights = read_weights(entry.weights) if entry.weights else {}
    live = load_generator(entry, of)
    tickets = Plan(live, of.seed, LEAST, shape_of(of), asked_of(of, LEAST)).draws(0, live.block or LEAST)
    tries: list[float] = []
    with _counted() as calls:
        tries.append(_seconds(live, tickets))
    while len(tries) < TRIES and tries[-1] <= ENOUGH:
        tries.append(_seconds(live, tickets))
    return {
        "generator": name,
        "identity": identity_of(live.identity),
        "parameters": sum(array.size for array in weights.values()) or None,
        "evaluations": evaluations(calls, len(tickets)),
        "seconds": float(f"{min(tries) / len(tickets):.2g}"),
    }


def evaluations(calls: list[tuple[int, int]], images: int) -> int | None:
    """How often one network saw each image; none where there were several, or none was called as a whole.

    Args:
        calls: which network, and how many images it was given.
    """
    seen, left = divmod(sum(given for _, given in calls), images)
    return seen if len({network for network, _ in calls}) == 1 and not left else None


@contextmanager
def _counted() -> Iterator[list[tuple[int, int]]]:
    """The calls of networks that no other network makes."""
    calls: list[tuple[int, int]] = []
    depth = 0

    def before(network: nn.Module, given: tuple[Any, ...]) -> None:
        nonlocal depth
        if depth == 0:
            calls.append((id(network), len(given[0]) if given and isinstance(given[0], torch.Tensor) else 0))
        depth += 1

    def after(*_: object) -> None:
        nonlocal depth
        depth -= 1

    hooks = register_module_forward_pre_hook(before), register_module_forward_hook(after, always_call=True)
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _seconds(live: LiveGenerator, tickets: list[Draw]) -> float:
    started = time.process_time()
    live.sample(tickets)
    return time.process_time() - started


def on_boards() -> list[tuple[str, str]]:
    """Every generator of the registry that has a rank, with the first track it has one on."""
    records = read_records([COMMITTED]).readable
    found: dict[str, str] = {}
    for name, track in entries(Track).items():
        for row in make_board(track, records).ranked:
            if row.result.generator.kind == "registered" and row.name in entries(Generator):
                found.setdefault(row.name, name)
    return sorted(found.items())


def main(names: Sequence[str]) -> None:
    torch.set_num_threads(1)
    vendor, family = processor_of()
    machine, table = f"one core of {vendor} {family}", read_json(TABLE)
    if names and table["machine"] != machine:
        sys.exit(f"the table is of {table['machine']}, this is {machine}\n\nhint: measure all, without names")
    ranked = on_boards()
    if unknown := set(names) - {name for name, _ in ranked}:
        sys.exit(f"no board ranks {', '.join(sorted(unknown))}\n\nhint: measure its result first, then what it costs")
    kept = {one["generator"]: one for one in table["costs"] if names and one["generator"] not in names}
    costs = []
    for name, track in ranked:
        costs.append(kept.get(name) or measured(name, track))
        if name not in kept:
            print(costs[-1], file=sys.stderr, flush=True)
    write_json(TABLE, {"machine": machine, "costs": costs})


if __name__ == "__main__":
    main(sys.argv[1:])
