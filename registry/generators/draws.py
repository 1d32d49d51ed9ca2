"""The randomness of one sample: a stream of its own, which nothing but the track's seed and its index decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..datasets.splits import proportional

LABEL_STREAM = 2**64 - 2  # one key apart from every sample's own, and from that of `permutation`


@dataclass(frozen=True)
class Draw:
    """Sample `index` of a track: where its randomness comes from, and what is asked of it.

    Attributes:
        label, caption: asked for, or none.
        condition: the image to make it from, uint8, shape (h, w, c), or none.
    """

    seed: int
    index: int
    label: int | None = None
    caption: str | None = None
    condition: NDArray[np.uint8] | None = field(default=None, compare=False)

    def stream(self) -> np.random.Generator:
        """NumPy's Philox keyed by (seed, index), at its start.

        Counter-based: sample 49,999 costs no more than sample 0, and no other sample is touched.
        """
        return np.random.Generator(np.random.Philox(key=np.array([self.seed, self.index], np.uint64)))

    @property
    def sample_seed(self) -> int:
        """One 63-bit seed for generators that take a number rather than a stream."""
        return int(np.random.Philox(key=np.array([self.seed, self.index], np.uint64)).random_raw()) >> 1


def draws(
    seed: int,
    start: int,
    stop: int,
    labels: Sequence[int] | None = None,
    captions: Sequence[str] | None = None,
    conditions: NDArray[np.uint8] | None = None,
) -> list[Draw]:
    """Samples start..stop.

    Args:
        labels, captions, conditions: asked for, from sample 0 on; past the last they begin again, where a compute block
            is filled up.
    """
    return [
        Draw(
            seed,
            index,
            None if labels is None else labels[index % len(labels)],
            None if captions is None else captions[index % len(captions)],
            None if conditions is None else conditions[index % len(conditions)],
        )
        for index in range(start, stop)
    ]


def class_labels(classes: Mapping[int, int], n: int, seed: int) -> tuple[int, ...]:
    """Labels of n samples: of each class its share (largest remainder), permuted.

    Args:
        classes: how many real images have each label.
        seed: of the track.

    >>> sorted(class_labels({0: 50, 1: 25, 2: 25}, 10, 2026))
    [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]
    """
    counts = proportional(n, dict(sorted(classes.items())))
    in_order = np.repeat(np.array(list(counts), np.int64), list(counts.values()))
    stream = np.random.Generator(np.random.Philox(key=np.array([seed, LABEL_STREAM], np.uint64)))
    return tuple(in_order[stream.permutation(n)].tolist())


def normal(tickets: Sequence[Draw], dim: int) -> NDArray[np.float32]:
    """Standard normal latents, float32, shape (n, dim)."""
    return next_normal([t.stream() for t in tickets], dim)


def next_normal(streams: Sequence[np.random.Generator], dim: int) -> NDArray[np.float32]:
    """The next standard normal numbers of streams that are drawn from step after step, float32, shape (n, dim)."""
    return np.stack([s.standard_normal(dim, dtype=np.float32) for s in streams])


def uniform(tickets: Sequence[Draw], dim: int) -> NDArray[np.float32]:
    """Uniform numbers in [0, 1), float32, shape (n, dim)."""
    return np.stack([t.stream().random(dim, dtype=np.float32) for t in tickets])


def labelled_normal(
    tickets: Sequence[Draw], dim: int, shares: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels (n,) and standard normal latents (n, dim) of a class-conditional generator.

    The latent is the same whether the label was asked for or drawn.
    """
    streams = [t.stream() for t in tickets]
    labels = labels_of(tickets, streams, shares)
    return labels, next_normal(streams, dim)


def labels_of(
    tickets: Sequence[Draw], streams: Sequence[np.random.Generator], shares: NDArray[np.float32]
) -> NDArray[np.int64]:
    """The labels (n,) that are asked for, or else drawn with these shares of the classes (k,).

    The first number of a stream goes to the label either way, so that what follows it is the same.
    """
    first = np.array([s.random(dtype=np.float32) for s in streams])
    drawn = choose(np.broadcast_to(shares, (len(tickets), len(shares))), first)
    return np.array([d if t.label is None else t.label for t, d in zip(tickets, drawn, strict=True)], np.int64)


def choose(shares: NDArray[np.float32], numbers: NDArray[np.float32]) -> NDArray[np.int64]:
    """One of k for each row of shares (n, k), by the inverse of their cumulative sum at uniform numbers (n,).

    >>> choose(np.array([[0.5, 0.25, 0.25]] * 3, np.float32), np.array([0.4, 0.5, 0.99], np.float32))
    array([0, 1, 2])
    """
    edges = shares.cumsum(axis=1, dtype=np.float64)
    chosen: NDArray[np.int64] = (edges[:, :-1] <= numbers[:, None] * edges[:, -1:]).sum(axis=1)
    return chosen


@lru_cache(maxsize=16)
def permutation(count: int, seed: int) -> NDArray[np.int64]:
    """0..count-1 in an order that the seed decides: baselines walk through real images with it."""
    # One key apart from every sample's own: indices are below 2**63.
    stream = np.random.Generator(np.random.Philox(key=np.array([seed, 2**64 - 1], np.uint64)))
    return stream.permutation(count)
