"""How often are real images taken for copies, and how many copies are found?

`python -m genboard.leaderboard.maintenance.copies_test` writes the table that the documentation shows.

The real images that training has not seen, reference and held-out ones together, are partitioned at random into three
equal parts: reference, held-out images, and samples. So the samples are as real as can be, and each flag that they get
is a false alarm. Then some of the samples are replaced by training images, as they are or altered a little.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ...benchmarks.result import MetricRecord
from ...benchmarks.runner import references_of
from ...benchmarks.scoring import score_track
from ...benchmarks.studies.alterations import augmented
from ...core.errors import GenboardError
from ...core.files import write_json
from ...core.progress import bar
from ...reference_stats.features import Measured, as_before, measure
from ...reference_stats.moments import Moments
from ...reference_stats.statistics import ReferenceStatistics
from ...registry.catalog import find
from ...registry.conversions import converted
from ...registry.datasets import load_split
from ...registry.extractors import load_extractor
from ...registry.schema import Against, Track
from ..board.copying import SUSPECTS, copying

TABLE = Path(__file__).parents[1] / "copies_test.json"
TRACKS: Mapping[str, int] = {"digits": 1000, "mnist": 300}  # partitions of each
MOST = 500  # samples of a partition: more take hours, and change no false alarms
DETECTED = 20  # how much rarer partitions with copies are
SIDES: tuple[Against, Against] = ("reference", "train")


@dataclass(frozen=True)
class Flagged:
    """What became of the samples of one kind.

    Attributes:
        share: of the samples that are copies, exact or altered.
        n: samples, and as many held-out and reference images.
        copies: share of the partitions in which the samples were called copies.
        suspected: in which they were suspected, with held-out images on the board.
        alone: in which they were suspected without.
    """

    track: str
    kind: str
    share: float
    n: int
    partitions: int
    copies: float
    suspected: float
    alone: float


@dataclass(frozen=True)
class _Pool:
    """Features in the space that a track seeks copies in.

    Attributes:
        track: with the columns that the flags read, and no other.
        fresh: of the real images that training has not seen, shape (m, d).
        copied: of training images, by how they were altered, each of shape (n, d).
    """

    track: Track
    space: str
    references: Mapping[tuple[str, Against], ReferenceStatistics]
    fresh: Tensor
    copied: Mapping[str, Tensor]

    @property
    def n(self) -> int:
        """Samples of a partition, and as many of each other kind."""
        return min(len(self.fresh) // 3, MOST)


CASES = (("exact", 0.1), ("exact", 0.25), ("exact", 0.5), ("augmented", 1.0))


def copies_test(track: Track, partitions: int, seed: int = 0) -> list[Flagged]:
    """How often each flag is raised, of real images and of each kind of copies.

    Raises:
        BadImages, BadFeatures: the images or the extractor are not to be had.
    """
    pool = _pool(track, seed)
    fewer = max(1, partitions // DETECTED)
    cases = [("real", 0.0, partitions), *((kind, share, fewer) for kind, share in CASES)]
    with bar(f"{track.id}, copies", sum(count for *_, count in cases), "partition") as progress:
        found = []
        for kind, share, count in cases:
            generator = torch.Generator().manual_seed(seed)
            flags = []
            for _ in range(count):
                flags.append(_partition(pool, kind, share, generator))
                progress.update()
            n = pool.n
            rates = [sum(column) / count for column in zip(*flags, strict=True)]
            found.append(Flagged(track.id, kind, share, n, count, *rates))
    return found


def _partition(pool: _Pool, kind: str, share: float, generator: torch.Generator) -> tuple[bool, bool, bool]:
    """The flags of one partition: copies, suspected, and suspected without held-out images."""
    n = pool.n
    order = torch.randperm(len(pool.fresh), generator=generator)
    reference, held_out, samples = (pool.fresh[order[i * n : (i + 1) * n]] for i in range(3))
    if share:
        count = round(n * share)
        chosen = torch.randperm(len(pool.copied[kind]), generator=generator)[:count]
        samples = torch.cat([samples[: n - count], pool.copied[kind][chosen]])
    key = pool.space, SIDES[0]
    references = {**pool.references, key: replace(pool.references[key], features=reference, keys=None)}
    floor, cells = (_records(pool, features, references) for features in (held_out, samples))
    beside = copying(cells, floor)
    return beside.copies, beside.suspected, copying(cells).suspected


def _records(
    pool: _Pool, features: Tensor, references: Mapping[tuple[str, Against], ReferenceStatistics]
) -> dict[str, MetricRecord]:
    measured = Measured(Moments.of(features), features, None, None, "")
    return {s.record.key: s.record for s in score_track(pool.track, {pool.space: measured}, references)}


def _pool(track: Track, seed: int) -> _Pool:
    space = next(column.extractor for column in track.metrics if column.metric == SUSPECTS[0])
    columns = tuple(c for c in track.metrics if c.extractor == space and c.metric in ("nn_ratio", *SUSPECTS))
    references = {k: r for k, r in references_of(track, "cpu").items() if k[0] == space}
    live = load_extractor(space)

    def features(split: str) -> Tensor:
        return measure(converted(load_split(track.dataset, split), steps), live, moments=False).features

    steps = track.conversions.get(space, ())
    fresh = torch.cat([features(track.reference), features(track.held_out)])
    train = load_split(track.dataset, track.train).first(min(len(fresh) // 3, MOST))
    copied = {
        "exact": as_before(measure(converted(train, steps), live, moments=False), references[space, "train"]).features,
        "augmented": measure(converted(augmented(train, seed), steps), live, moments=False).features,
    }
    # Labels play no part: a partition of real images has them in natural proportions.
    only = track.model_copy(update={"metrics": columns, "task": "unconditional", "primary": columns[0].key})
    return _Pool(only, space, references, fresh, copied)


def main(arguments: list[str]) -> None:
    found = []
    for name in arguments or TRACKS:
        try:
            found += copies_test(find(Track, name), TRACKS[name])
        except GenboardError as e:
            sys.exit(f"{name}: {e}")
    write_json(TABLE, [asdict(flagged) for flagged in found])


if __name__ == "__main__":
    main(sys.argv[1:])
