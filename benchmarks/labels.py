"""The labels that a track asks for: the reference's class proportions, in an order that the seed decides.

A sample of real images has its classes in natural proportions, and one that is balanced scores worse than it; so what
generators are asked for follows the reference.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

import numpy as np

from ..core.errors import BadSamples
from ..registry.datasets import split_labels
from ..registry.datasets.splits import proportional
from ..registry.schema import Track

STREAM = 2**64 - 2  # one key apart from every sample's own, and from that of `draws.permutation`


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
    stream = np.random.Generator(np.random.Philox(key=np.array([seed, STREAM], np.uint64)))
    return tuple(in_order[stream.permutation(n)].tolist())


def labels_for(track: Track, n: int) -> tuple[int, ...] | None:
    """The labels that a track asks n samples for; none where it asks for no classes.

    Raises:
        BadSamples: it asks for classes, and its data set has no labels.
        BadImages: the data set is not to be had.
    """
    if track.task != "class":
        return None
    found = split_labels(track.dataset, track.reference)
    if found is None:
        raise BadSamples(
            f"track {track.id} needs classes, but data set {track.dataset!r} has no labels",
            "add its classes and its label column to the entry",
        )
    return class_labels(Counter(found.tolist()), n, track.seed)


def labels_digest(labels: tuple[int, ...]) -> str:
    """SHA-256 over the labels in order, as 64-bit integers, little-endian."""
    return hashlib.sha256(np.array(labels, "<i8").tobytes()).hexdigest()
