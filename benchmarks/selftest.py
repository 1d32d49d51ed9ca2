"""Real against real: how often is a difference claimed that is not there?

Two disjoint sets of real images, both as large as the track's samples, are measured against the track's reference like
two generators. They come from one distribution, so a comparison at 5% should call them different in 5% of the trials.
`python -m genboard.benchmarks.selftest` writes the table that the documentation shows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..core.progress import bar
from ..core.serialization import write_json
from ..reference_stats.features import Measured, measure
from ..reference_stats.moments import Moments
from ..registry.catalog import entries, find
from ..registry.datasets import load_split
from ..registry.extractors import load_extractor
from ..registry.schema import Dataset, Embedded, Track
from .difference import p_value_of
from .scoring import score_track
from .track_references import references_of
from .uncertainty import LEVEL

TABLE = Path(__file__).parent / "selftest.json"
TRIALS = 200
ALPHA = 1 - LEVEL


@dataclass(frozen=True)
class SelfTest:
    """One column of a track: of so many comparisons of real with real images, the share that was called different."""

    track: str
    metric: str
    comparisons: int
    different: float


def self_test(track: Track, trials: int, seed: int = 0) -> list[SelfTest]:
    """Every column of a track that publishes an interval.

    The sets are drawn from all images outside the reference. Those the extractor was trained on are among them, in
    both sets alike, so the two remain exchangeable.
    """
    generator = torch.Generator().manual_seed(seed)
    references = references_of(track, "cpu")
    pools = {name: _pool(track, name) for name in track.extractors}
    called: dict[str, list[bool]] = {column.key: [] for column in track.metrics}
    with bar(f"{track.id}, real against real", trials, "trial") as progress:
        for _ in range(trials):
            order = torch.randperm(len(next(iter(pools.values())).features), generator=generator)
            chosen = order[: track.samples], order[track.samples : 2 * track.samples]
            pair = [
                [one.record for one in score_track(track, {n: _taken(p, rows) for n, p in pools.items()}, references)]
                for rows in chosen
            ]
            for a, b in zip(*pair, strict=True):
                if a.uncertainty and b.uncertainty:
                    called[a.key].append(p_value_of(a, b) < ALPHA)
            progress.update()
    return [SelfTest(track.id, key, len(c), sum(c) / len(c)) for key, c in called.items() if c]


def _pool(track: Track, extractor: str) -> Measured:
    """All images outside the reference, measured."""
    space = load_extractor(extractor)
    return _each(
        torch.cat, *(measure(load_split(track.dataset, split), space) for split in (track.train, track.held_out))
    )


def _taken(pool: Measured, rows: Tensor) -> Measured:
    return replace(_each(lambda arrays: arrays[0][rows], pool), moments=Moments.of(pool.features[rows]))


def _each(made: Callable[[list[Tensor]], Tensor], *parts: Measured) -> Measured:
    """The first part, with what is made of each array that all parts have."""
    arrays = {name: [getattr(part, name) for part in parts] for name in ("features", "logits", "labels", "keys")}
    whole: dict[str, Any] = {name: made(each) for name, each in arrays.items() if all(x is not None for x in each)}
    return replace(parts[0], **whole)


def main(arguments: list[str]) -> None:
    trials = int(arguments[0]) if arguments else TRIALS
    # Of the tracks whose images are here: others are gigabytes to fetch and hours to measure. Those of image-to-image
    # models have the images of others again, or images that come with an extra.
    own = [track for track in entries(Track).values() if track.task != "image"]
    tracks = [track for track in own if isinstance(find(Dataset, track.dataset).source, Embedded)]
    found = [outcome for track in tracks for outcome in self_test(track, trials)]
    write_json(TABLE, [asdict(outcome) for outcome in found])


if __name__ == "__main__":
    main(sys.argv[1:])
