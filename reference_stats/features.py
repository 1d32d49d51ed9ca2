"""The one pass images -> features -> statistics, shared by the reference and by samples.

Memory holds one compute block, the moments, and as many features as are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import BadImages
from ..progress import bar
from ..registry.extractors import LiveExtractor
from ..registry.images import Images, ImageSource, Positions, describe, example_digests
from .moments import Accumulator, Moments

Keep = Callable[["Gathered"], None]


@dataclass(frozen=True)
class Measured:
    """What one pass over images leaves.

    Attributes:
        moments: of the features of all images, where they were asked for.
        features: of the images that were kept, float32, shape (kept, d).
        logits: of the same images, float32, shape (kept, classes), where the extractor has any.
        labels: of the same images, int64, shape (kept,), where the images have any.
        digest: SHA-256 over the digests of all images in their fixed order, in whatever order they were read.
    """

    moments: Moments | None
    features: Tensor
    logits: Tensor | None
    labels: Tensor | None
    digest: str


class Stale(Exception):
    """A pass cannot go on from where it was left: the images now come otherwise."""


@dataclass
class Gathered:
    """What a pass has so far: the images it took in, by a digest over them in that order, and what it keeps of them."""

    taken: int = 0
    order: str = ""
    accumulator: Accumulator | None = None
    features: Tensor | None = None
    logits: Tensor | None = None
    labels: Tensor | None = None


def measure(
    source: ImageSource,
    extractor: LiveExtractor,
    keep: int | None = None,
    moments: bool = True,
    before: Gathered | None = None,
    checkpoint: Keep | None = None,
) -> Measured:
    """Run every image through the extractor, in its aligned compute blocks.

    Args:
        keep: of how many images, from the first, features are kept; all by default.
        moments: whether moments are wanted; of very wide features they do not fit into memory.
        before: what an earlier pass over the same images had gathered when it was stopped.
        checkpoint: called after every block with what there is so far.

    Raises:
        BadImages: no image, or one of the wrong shape.
        BadFeatures: a feature that is NaN or infinite, or moments that do not fit into memory.
        Stale: `before` is not of these images in the order they come in now.
    """
    if source.count == 0:
        raise BadImages(f"{source.name}: there are no images", "check the path and the file endings")
    keep = source.count if keep is None else min(keep, source.count)
    state, seen, order = Gathered(), 0, hashlib.sha256()
    digests = np.zeros((source.count, hashlib.sha256().digest_size), np.uint8)
    with bar(f"{extractor.entry.name} of {source.name}", source.count, "image") as progress:
        for positions, images in source.sweep(extractor.entry.block):
            found = np.frombuffer(b"".join(example_digests(images)), np.uint8).reshape(len(images), -1)
            digests[positions] = found
            order.update(positions.astype("<i8").tobytes() + found.tobytes())
            seen += len(images)
            if before is not None and seen <= before.taken:
                if seen == before.taken:
                    state = _taken_up(before, order.hexdigest())
            elif before is not None and state is not before:
                raise Stale
            else:
                _take_in(state, positions, images, extractor, source.name, keep, moments)
                state.taken, state.order = seen, order.hexdigest()
                if checkpoint is not None:
                    checkpoint(state)
            progress.update(len(images))
    if seen != source.count or state.features is None:
        raise BadImages(f"{source.name} gave {seen} images, where {source.count} were expected", "has it changed?")
    return Measured(
        state.accumulator.moments if state.accumulator else None,
        state.features,
        state.logits,
        state.labels,
        hashlib.sha256(digests.tobytes()).hexdigest(),
    )


def _taken_up(before: Gathered, order: str) -> Gathered:
    if order != before.order:
        raise Stale
    return before


def _take_in(
    state: Gathered,
    positions: Positions,
    images: Images,
    extractor: LiveExtractor,
    name: str,
    keep: int,
    moments: bool,
) -> None:
    """Add a block of images to what there is."""
    width = extractor.dim(images.shape)
    if state.features is None:
        # Before the network runs: what does not fit into memory is refused at once.
        state.accumulator = Accumulator(width) if moments else None
        state.features = torch.zeros(keep, width)
    elif state.features.shape[1] != width:
        raise BadImages(
            f"{name}: an image of {describe(images.shape)} has {width:,} features in {extractor.entry.name}, "
            f"those before it {state.features.shape[1]:,}",
            "give all images one size, by a conversion such as resize-32",
        )
    features, logits = extractor.compute(images, name)
    if state.accumulator is not None:
        state.accumulator.add(features)
    kept = np.flatnonzero(positions < keep)
    rows = torch.from_numpy(positions[kept])
    state.features[rows] = features[kept]
    if logits is not None:
        state.logits = torch.zeros(keep, logits.shape[1]) if state.logits is None else state.logits
        state.logits[rows] = logits[kept]
    if images.labels is not None:
        state.labels = torch.zeros(keep, dtype=torch.int64) if state.labels is None else state.labels
        state.labels[rows] = torch.from_numpy(images.labels[kept])
