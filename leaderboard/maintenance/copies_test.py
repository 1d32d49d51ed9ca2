"""How often are real images suspected, and how many copies are found? And the thresholds of the flags.

`python -m genboard.leaderboard.maintenance.copies_test` writes the table that the board reads and the documentation
shows.

The real images that training has not seen, reference and held-out ones together, are partitioned at random into three
equal parts: reference, held-out images, and samples. So the samples are as real as can be, and each flag that they get
is a false alarm. The threshold is the size that the largest sign of such samples has in one partition of a hundred; how
often it is reached is then counted in partitions of their own. In others the samples are replaced by copies of
training or reference images, by these with noise, or by images that were chosen until they match the reference.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ...benchmarks.result import MetricRecord
from ...benchmarks.scoring import score_suspicion, score_track
from ...benchmarks.studies.alterations import augmented
from ...benchmarks.track_references import references_of
from ...core.errors import GenboardError
from ...core.progress import bar
from ...core.serialization import read_json, write_json
from ...reference_stats.features import Measured, measure
from ...reference_stats.moments import Moments
from ...reference_stats.statistics import ReferenceStatistics
from ...registry.catalog import find
from ...registry.conversions import converted
from ...registry.datasets import load_split
from ...registry.extractors import LiveExtractor, load_extractor
from ...registry.images import Images, ImageSource
from ...registry.schema import Against, Track
from ..verification.copying import ALARMS, SUSPECTS, TABLE, copying, signs

# Partitions of each: as many give the threshold, and as many count false alarms.
TRACKS: Mapping[str, int] = {"digits": 1000, "mnist": 300}
MOST = 500  # samples of a partition: more take hours, and change no false alarms
DETECTED = 20  # how much rarer partitions with copies are
CANDIDATES = 8  # times the samples: noisy training images from which those are chosen that match the reference

# Kinds of samples, and which share of them is so.
CASES = (
    ("exact", 0.1),
    ("exact", 0.25),
    ("exact", 0.5),
    ("augmented", 1.0),
    ("training, noise 16", 1.0),
    ("reference", 1.0),
    ("reference, noise 8", 1.0),
    ("reference, noise 16", 1.0),
    ("chosen to match the reference", 1.0),
)


@dataclass(frozen=True)
class Flagged:
    """What became of the samples of one kind.

    Attributes:
        share: of the samples that are copies, exact or altered.
        n: samples, and as many held-out and reference images.
        copies: share of the partitions in which the samples were called copies.
        suspected: in which they were suspected, with held-out images on the board.
        alone: in which they were suspected without.
        beyond: the threshold of that track.
    """

    track: str
    kind: str
    share: float
    n: int
    partitions: int
    copies: float
    suspected: float
    alone: float
    beyond: float


@dataclass(frozen=True)
class Partition:
    """Records of real images and of what is tried as samples, by column.

    Attributes:
        floor: of the held-out images.
        cells: of the samples.
    """

    floor: Mapping[str, MetricRecord]
    cells: Mapping[str, MetricRecord]

    def largest(self, primary: str) -> float:
        """The largest sign of the samples."""
        return max(sign.size for sign in signs(self.cells, self.floor, primary))


@dataclass(frozen=True)
class Pool:
    """Real images of a track, in the space that ranks.

    Attributes:
        track: with the columns that the flags read, and no other.
        primary: the column that ranks the whole track.
    """

    track: Track
    primary: str
    live: LiveExtractor
    references: Mapping[tuple[str, Against], ReferenceStatistics]

    @staticmethod
    def of(track: Track) -> Pool:
        """Raises BadImages or BadFeatures where the images or the extractor are not available."""
        read = ("nn_ratio", "fd_debiased", *SUSPECTS)
        columns = tuple(
            column for column in track.metrics
            if column.extractor == track.space and (column.metric in read or column.key == track.primary)
        )  # fmt: skip
        # Labels play no part: a partition of real images has them in natural proportions.
        only = track.model_copy(update={"metrics": columns, "task": "unconditional", "reference_seen": None})
        references = {k: r for k, r in references_of(track, "cpu").items() if k[0] == track.space}
        return Pool(only, track.primary, load_extractor(track.space), references)

    @property
    def n(self) -> int:
        """Samples of a partition, and as many of each other kind."""
        return min(len(self.fresh) // 3, MOST)

    @cached_property
    def train(self) -> ImageSource:
        return load_split(self.track.dataset, self.track.train).spread(self.n)

    def features(self, images: ImageSource) -> Tensor:
        steps = self.track.conversions.get(self.track.space, ())
        return measure(converted(images, steps), self.live, moments=False).features

    @cached_property
    def fresh(self) -> Tensor:
        """Features of the real images that training has not seen, shape (m, d)."""
        return torch.cat([self.features(images) for images in self._unseen])

    @property
    def _unseen(self) -> list[ImageSource]:
        return [load_split(self.track.dataset, name) for name in (self.track.reference, self.track.held_out)]

    @cached_property
    def _altered(self) -> dict[str, Tensor]:
        return {}

    def altered(self, kind: str) -> Tensor:
        """Features of what samples of a kind are taken from, worked out once: of the reference images, of all fresh."""
        known = self._altered
        if kind not in known:
            noise = int(kind.rpartition(" ")[2]) if ", noise " in kind else 0
            if kind.startswith("reference"):
                known[kind] = torch.cat([self.features(noisy(images, noise)) for images in self._unseen])
            elif kind == "augmented":
                known[kind] = self.features(augmented(self.train, 0))
            elif kind == "chosen to match the reference":
                known[kind] = torch.cat([self.features(noisy(self.train, 16, draw)) for draw in range(CANDIDATES)])
            else:
                known[kind] = self.features(noisy(self.train, noise))
        return known[kind]

    def partition(self, kind: str, share: float, generator: torch.Generator) -> Partition:
        """A random partition of the real images, with that share of its samples of a kind."""
        n = self.n
        order = torch.randperm(len(self.fresh), generator=generator)
        reference, held_out, samples = (self.fresh[order[i * n : (i + 1) * n]] for i in range(3))
        if kind.startswith("reference"):
            samples = self.altered(kind)[order[:n]]
        elif kind == "chosen to match the reference":
            candidates = self.altered(kind)
            samples = candidates[herded(candidates, reference, n)]
        elif share:
            count = round(n * share)
            copied = self.altered(kind)
            chosen = torch.randperm(len(copied), generator=generator)[:count]
            samples = torch.cat([samples[: n - count], copied[chosen]])
        floor, cells = (self._records(x, reference, held_out) for x in (held_out, samples))
        return Partition(floor, cells)

    def _records(self, features: Tensor, reference: Tensor, held_out: Tensor) -> dict[str, MetricRecord]:
        measured = {self.track.space: Measured(Moments.of(features), features, None, None, "")}
        stored = self.references[self.track.space, "reference"]
        real, others = (
            replace(stored, features=x, keys=None, moments=Moments.of(x)) for x in (reference, held_out)
        )  # fmt: skip
        references = {**self.references, (self.track.space, "reference"): real}
        found = [one.record for one in score_track(self.track, measured, references)]
        if features is not held_out:
            found += score_suspicion(self.track, measured, references, others)
        return {record.key: record for record in found}


def noisy(images: ImageSource, deviation: int, seed: int = 0) -> ImageSource:
    """The images with normal noise of that standard deviation, in grey levels; as they are for 0."""
    if deviation == 0:
        return images

    def read(start: int, stop: int) -> Images:
        found = images.read(start, stop)
        noise = [
            np.random.default_rng([seed, i]).normal(0, deviation, found.pixels.shape[1:]) for i in range(start, stop)
        ]
        pixels = (found.pixels + np.stack(noise)).round().clip(0, 255).astype(np.uint8)
        return replace(found, pixels=pixels)

    return ImageSource(images.name, images.count, read)


def herded(candidates: Tensor, target: Tensor, n: int) -> Tensor:
    """Which n candidates match the mean and the covariance of a target, chosen one after another, shape (n,).

    Herding of the first and second moments: Welling 2009, ICML.
    """
    centre, scale = target.mean(dim=0), target.std(dim=0).clamp(min=1e-6)
    i, j = torch.triu_indices(target.shape[1], target.shape[1])

    def moments(x: Tensor) -> Tensor:
        x = (x - centre) / scale
        return torch.cat([x, x[:, i] * x[:, j]], dim=1)

    each, wanted = moments(candidates), moments(target).mean(dim=0)
    weights, chosen = wanted.clone(), []
    closed = torch.zeros(len(each))
    for _ in range(n):
        best = int((each @ weights + closed).argmax())
        chosen.append(best)
        closed[best] = -torch.inf
        weights += wanted - each[best]
    return torch.tensor(chosen)


def copies_test(track: Track, partitions: int, seed: int = 0) -> list[Flagged]:
    """How often each flag is raised, of real images and of each kind of copies.

    Raises:
        BadImages, BadFeatures: the images or the extractor are not available.
    """
    pool = Pool.of(track)
    fewer = max(1, partitions // DETECTED)
    cases = [("real", 0.0, partitions), *((kind, share, fewer) for kind, share in CASES)]
    total = partitions + sum(count for *_, count in cases)
    with bar(f"{track.id}, copies", total, "partition") as progress:

        def tried(kind: str, share: float, count: int, seed: int) -> list[Partition]:
            generator, found = torch.Generator().manual_seed(seed), []
            for _ in range(count):
                found.append(pool.partition(kind, share, generator))
                progress.update()
            return found

        largest = [one.largest(pool.primary) for one in tried("real", 0.0, partitions, seed + 1)]
        beyond = float(np.quantile(largest, 1 - ALARMS, method="higher"))
        found = []
        for kind, share, count in cases:
            some = tried(kind, share, count, seed)
            beside = [copying(one.cells, one.floor, pool.primary, beyond) for one in some]
            alone = [copying(one.cells, None, pool.primary, beyond).suspected for one in some]
            copies, suspected = sum(flag.copies for flag in beside), sum(flag.suspected for flag in beside)
            rates = (copies / count, suspected / count, sum(alone) / count)
            found.append(Flagged(track.id, kind, share, pool.n, count, *rates, beyond))
    return found


def main(arguments: list[str]) -> None:
    kept = read_json(TABLE)
    for name in arguments or TRACKS:
        try:
            track = find(Track, name)
            kept = [*(e for e in kept if e["track"] != track.id), *map(asdict, copies_test(track, TRACKS[name]))]
        except GenboardError as e:
            sys.exit(f"{name}: {e}")
    write_json(TABLE, kept)


if __name__ == "__main__":
    main(sys.argv[1:])
