"""Rows every track keeps: what a perfect generator would score, ways to game a metric, and doing nothing.

Each loader takes no weights; it reads the track's own splits. On a track that asks for classes, real images are of the
class that is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog import find
from ..datasets import load_split, split_labels
from ..images import ImageSource, Pixels, joined
from ..schema import Dataset, Track
from . import Sampler
from .asked import conditions_of
from .draws import Draw, class_labels, permutation

NoWeights = Mapping[str, NDArray[np.float32]]


def held_out(_: NoWeights, track: Track) -> Sampler:
    """Real images that neither the generators nor the reference hold: the noise floor.

    Where something is asked of each sample that only one of them answers, sample i is that image.
    """
    source = load_split(track.dataset, track.held_out)
    if track.task in ("text", "image"):
        return lambda tickets: joined([source.read(i, i + 1) for i in (t.index % source.count for t in tickets)]).pixels
    return _real(track, track.held_out)


def shuffled_captions(_: NoWeights, track: Track) -> Sampler:
    """Held-out real images in another order than their captions: perfect images that do not do what they are told."""
    return _walk(load_split(track.dataset, track.held_out))


def train_copy(_: NoWeights, track: Track) -> Sampler:
    """The training images themselves, each once before any twice."""
    return _real(track, track.train)


def shuffled_labels(_: NoWeights, track: Track) -> Sampler:
    """Real images that training has not seen, whatever class is asked for."""
    return _walk(load_split(track.dataset, track.held_out))


def one_image(_: NoWeights, track: Track) -> Sampler:
    """One training image, the same every time."""
    first = load_split(track.dataset, track.train).read(0, 1).pixels
    return lambda tickets: np.repeat(first, len(tickets), axis=0)


def mean_image(_: NoWeights, track: Track) -> Sampler:
    """The mean of the training images, the same every time."""
    source = load_split(track.dataset, track.train)
    total = np.sum([images.pixels.sum(axis=0, dtype=np.int64) for _, images in source.sweep()], axis=0)
    mean = total[None] / source.count / 255.0
    return lambda tickets: np.repeat(mean, len(tickets), axis=0)


def noise(_: NoWeights, track: Track) -> Sampler:
    """Every pixel an independent grey level, all 256 equally likely."""
    shape = find(Dataset, track.dataset).shape

    def sample(tickets: Sequence[Draw]) -> NDArray[Any]:
        return np.stack([t.stream().integers(0, 256, shape, dtype=np.uint8) for t in tickets])

    return sample


def copy_input(_: NoWeights, track: Track) -> Sampler:
    """The image that each sample is asked from, as it is: what doing nothing scores."""
    shape = find(Dataset, track.dataset).shape
    return lambda tickets: conditions_of(tickets, shape)


def _real(track: Track, split: str) -> Sampler:
    """The images of a split, each once before any twice."""
    source, labels = load_split(track.dataset, split), split_labels(track.dataset, split)
    if track.task != "class" or labels is None:
        return _walk(source)
    shown = split_labels(track.dataset, track.reference)
    assert shown is not None
    classes = Counter(shown.tolist())
    rows = {label: np.flatnonzero(labels == label) for label in classes}

    @lru_cache(maxsize=4)
    def before(seed: int) -> tuple[int, ...]:
        """Of each sample of the track, how many of its class come before it."""
        seen: Counter[int] = Counter()
        asked = class_labels(classes, track.samples, seed)
        return tuple(seen.update((label,)) or seen[label] - 1 for label in asked)

    def place(ticket: Draw) -> int:
        """The image of a draw: the next one of its class."""
        assert ticket.label is not None
        own, ranks = rows[ticket.label], before(ticket.seed)
        rank = ranks[ticket.index % len(ranks)]
        return int(own[permutation(len(own), ticket.seed)[rank % len(own)]])

    def sample(tickets: Sequence[Draw]) -> Pixels:
        return np.concatenate([source.read(i, i + 1).pixels for i in map(place, tickets)])

    return sample


def _walk(source: ImageSource) -> Sampler:
    def sample(tickets: Sequence[Draw]) -> Pixels:
        chosen = [int(permutation(source.count, t.seed)[t.index % source.count]) for t in tickets]
        return np.concatenate([source.read(i, i + 1).pixels for i in chosen])

    return sample
