"""What a track asks of each sample: nothing, a class, a caption, or an image to be made from another.

Classes have the reference's proportions, in an order that the seed decides: a sample of real images has its classes in
natural proportions, and one that is balanced scores worse than it. Captions and conditions are those of the held-out
images in their order, so that the held-out image i is the right answer to what is asked of sample i, and generators
have seen neither.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..core.errors import BadSamples
from ..registry.catalog import find
from ..registry.datasets import load_split, split_labels, split_size
from ..registry.generators.draws import class_labels
from ..registry.images import Captions, Images, ImageSource, Labels, read_all, sequence_digest
from ..registry.schema import Dataset, Track
from .given_labels import no_classes


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of the samples of a plan; of each kind one for each sample, or none.

    Attributes:
        conditions: the images to be made into others, uint8, shape (n, h, w, c).
    """

    labels: tuple[int, ...] | None = None
    captions: Captions | None = None
    conditions: NDArray[np.uint8] | None = None

    @cached_property
    def digests(self) -> dict[str, str]:
        """By the names of what is asked: what a specification holds of it."""
        found = {}
        if self.labels is not None:
            found["labels"] = labels_digest(self.labels)
        if self.captions is not None:
            found["captions"] = hashlib.sha256("\n".join(self.captions).encode()).hexdigest()
        if self.conditions is not None:
            found["conditions"] = sequence_digest(iter([Images(self.conditions)]))
        return found

    def told(self, start: int, stop: int) -> tuple[Labels | None, Captions | None]:
        """Labels and captions of samples start..stop, which are stored with them."""
        labels = None if self.labels is None else np.array(self.labels[start:stop], np.int64)
        return labels, None if self.captions is None else self.captions[start:stop]


def asked_of(track: Track, n: int) -> Asked:
    """What a track asks of its first n samples.

    Raises:
        BadSamples: its data set has not what it asks for, or of captions and conditions not so many.
        BadImages: the data set is not available.
    """
    if track.task == "class":
        return Asked(labels=_labels(track, n))
    if track.task == "text":
        captions = answers(track, n).captions
        if captions is None:
            raise _without(track, "captions")
        return Asked(captions=captions)
    if track.task == "image":
        conditions = answers(track, n).conditions
        if conditions is None:
            raise _without(track, "images to make others from")
        return Asked(conditions=conditions)
    return Asked()


def answers(track: Track, n: int) -> Images:
    """The held-out images that are the right answers to what is asked of n samples: see `answer_source`."""
    return read_all(answer_source(track, n))


def answer_source(track: Track, n: int) -> ImageSource:
    """The first n held-out images of a track of captions or of images to be made from others.

    Raises:
        BadSamples: there are not so many.
        BadImages: the data set is not available.
    """
    count = split_size(find(Dataset, track.dataset), track.held_out)
    if n > count:
        raise BadSamples(
            f"{n:,} samples of track {track.id}: each answers a held-out image, and there are {count:,}",
            f"use --samples {count} or fewer",
        )
    return load_split(track.dataset, track.held_out).first(n)


def labels_digest(labels: tuple[int, ...]) -> str:
    """SHA-256 over the labels in order, as 64-bit integers, little-endian."""
    return hashlib.sha256(np.array(labels, "<i8").tobytes()).hexdigest()


def _labels(track: Track, n: int) -> tuple[int, ...]:
    found = split_labels(track.dataset, track.reference)
    if found is None:
        raise no_classes(track)
    return class_labels(Counter(found.tolist()), n, track.seed)


def _without(track: Track, what: str) -> BadSamples:
    return BadSamples(
        f"track {track.id} asks for {track.task}, but data set {track.dataset!r} has no {what}",
        f"choose a data set with {what}",
    )
