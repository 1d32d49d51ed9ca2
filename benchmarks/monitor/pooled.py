"""The samples of all ranks as one: each once, none padded, in an order that does not depend on the ranks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from ...core.errors import BadSamples, ReferenceMismatch
from ...reference_stats.features import Measured
from .blocks import Blocks, Rows
from .ranks import gathered, rank_and_ranks
from .samples import Samples, refuse_twice


def pooled(samples: Samples, settings: Mapping[str, Any]) -> dict[str, Measured]:
    """What every rank has taken in, by feature space; on one rank, what there is.

    Samples with indices are put in order by them, so that the same come out on any number of ranks, to the bit: what
    waits for its block to be full is sent to one of the ranks that have parts of it. Without indices, samples are
    those of rank 0, then those of rank 1, and so on; a block that ends with a rank is computed with a gap.

    Raises:
        ReferenceMismatch: ranks with other settings.
        BadSamples: no samples; a sample that is missing or came twice; indices only on some ranks.
    """
    rank, ranks = rank_and_ranks()
    known = gathered(lambda: (dict(settings), samples.indexed, list(samples.seen)))
    for where, (others, _, _) in enumerate(known):
        refuse_other_settings(others, known[0][0], f"rank {where}", "rank 0")
    kinds = {indexed for _, indexed, _ in known} - {None}
    if not kinds:
        raise BadSamples("no samples to measure", "give the monitor images first: monitor.update(images)")
    if len(kinds) > 1:
        raise BadSamples("only some ranks give their samples indices", "give all of them theirs, or none")
    if kinds == {False}:
        offset = sum(len(seen) for _, _, seen in known[:rank])
        rows = {name: gathered(partial(_moved, blocks, offset)) for name, blocks in samples.blocks.items()}
    else:
        _refuse_gaps([seen for _, _, seen in known])
        rows = {name: _shared(blocks, rank, ranks) for name, blocks in samples.blocks.items()}
    return {name: _measured(Rows.joined([*chain.from_iterable(every)])) for name, every in rows.items()}


def refuse_other_settings(found: Mapping[str, Any], wanted: Mapping[str, Any], who: str, than: str) -> None:
    """Raises ReferenceMismatch, with both values of the first setting that differs."""
    for key in dict.fromkeys([*wanted, *found]):
        if found.get(key) != wanted.get(key):
            raise ReferenceMismatch(
                f"{who} has other settings than {than}: {key} is {found.get(key)!r}, not {wanted.get(key)!r}",
                "make every monitor with the same arguments",
            )


def _moved(blocks: Blocks, offset: int) -> list[Rows]:
    return [rows.moved(offset) for rows in blocks.rows()]


def _shared(blocks: Blocks, rank: int, ranks: int) -> list[list[Rows]]:
    """The rows of every rank, once the blocks that are not full were put together and dealt out."""
    loose = blocks.sorted_into_blocks(chain.from_iterable(gathered(blocks.pieces)))
    own = [loose[block] for place, block in enumerate(sorted(loose)) if place % ranks == rank]
    return gathered(lambda: [*blocks.done(), *blocks.compute(own)])


def _refuse_gaps(seen: list[list[int]]) -> None:
    indices, times = np.unique(np.concatenate([np.array(own, np.int64) for own in seen]), return_counts=True)
    refuse_twice(set(indices[times > 1].tolist()))
    missing = int(indices[-1]) + 1 - len(indices)
    if missing:
        first = int(np.argmax(indices != np.arange(len(indices))))
        more = f" and {missing - 1:,} more" if missing > 1 else ""
        raise BadSamples(f"sample {first}{more} is missing", "give all samples from 0 to the last one")


def _measured(rows: Rows) -> Measured:
    return Measured(None, rows.features, rows.logits, None, "", rows.keys)
