"""The one pass images -> features -> statistics, shared by the reference and by samples.

Memory holds one compute block, the moments, and as many features as are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.ahead import read_ahead
from ..core.errors import BadFeatures, BadImages
from ..core.progress import bar
from ..registry.conversions import convert_images
from ..registry.extractors import LiveExtractor
from ..registry.images import Images, ImageSource, Positions, describe, example_digests, image_keys, joined
from ..registry.memory import out_of_memory
from ..registry.sources.decode import unwarned
from .moments import Accumulator, Moments
from .statistics import ReferenceStatistics

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
        keys: of the images that were kept, int64, shape (kept,), by which equal ones are known; see `image_keys`.
    """

    moments: Moments | None
    features: Tensor
    logits: Tensor | None
    labels: Tensor | None
    digest: str
    keys: Tensor | None = None


Keyed: TypeAlias = Measured | ReferenceStatistics
K = TypeVar("K", Measured, ReferenceStatistics)


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
    keys: Tensor | None = None


@dataclass(frozen=True)
class Block:
    """What there is of one compute block of images.

    Attributes:
        digests: see `Pass`.
        features, logits, labels, keys: as in `Measured`, of all of its images; keys of those alone that a pass keeps.
    """

    digests: NDArray[np.uint8]
    features: Tensor
    logits: Tensor | None
    labels: Tensor | None
    keys: Tensor


def measure(
    source: ImageSource,
    extractor: LiveExtractor,
    keep: int | None = None,
    moments: bool = True,
    before: Gathered | None = None,
    checkpoint: Keep | None = None,
) -> Measured:
    """Run every image through the extractor, in its aligned compute blocks; the next is read in the meantime.

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
    run = Pass(source.name, source.count, extractor, keep, moments, before, checkpoint)
    with bar(f"{extractor.entry.name} of {source.name}", source.count, "image") as progress:
        with unwarned(), closing(read_ahead(source.sweep(extractor.entry.block))) as blocks:
            for positions, images in blocks:
                run.take(positions, images)
                progress.update(len(images))
    return run.finish()


class Pass:
    """One pass of images through an extractor, a compute block at a time; see `measure`.

    Attributes:
        digests: of the images that were taken in, uint8, shape (count, 32), by position.
    """

    def __init__(
        self,
        name: str,
        count: int,
        extractor: LiveExtractor,
        keep: int | None = None,
        moments: bool = True,
        before: Gathered | None = None,
        checkpoint: Keep | None = None,
    ) -> None:
        if count == 0:
            raise BadImages(f"{name}: no images found", "check the path and the file endings")
        self.name, self.count, self.extractor = name, count, extractor
        self._keep = count if keep is None else min(keep, count)
        self._moments, self._before, self._checkpoint = moments, before, checkpoint
        self._state, self._seen, self._order = Gathered(), 0, hashlib.sha256()
        self.digests = np.zeros((count, hashlib.sha256().digest_size), np.uint8)

    def take(self, positions: Positions, images: Images) -> None:
        """Take in a block of images, which have those positions among all."""
        before = self._before
        digests = example_digests(images)
        self._note(positions, _as_array(digests))
        if before is not None and self._seen <= before.taken:
            if self._seen == before.taken:
                if self._order.hexdigest() != before.order:
                    raise Stale
                self._state = before
        elif before is not None and self._state is not before:
            raise Stale
        else:
            self._add(positions, self._computed(positions, images, digests))
            self._state.taken, self._state.order = self._seen, self._order.hexdigest()
            if self._checkpoint is not None:
                self._checkpoint(self._state)

    def take_computed(self, positions: Positions, block: Block) -> None:
        """Take in a block of images that another process has computed."""
        self._note(positions, block.digests)
        self._expect_width(block.features.shape[1], "one")
        self._add(positions, block)

    def finish(self) -> Measured:
        """What the pass leaves, once all images were taken in."""
        state = self._state
        if self._seen != self.count or state.features is None:
            raise BadImages(
                f"{self.name} gave {self._seen} images, but {self.count} were expected",
                "check whether the source has changed",
            )
        return Measured(
            state.accumulator.moments if state.accumulator else None,
            state.features,
            state.logits,
            state.labels,
            hashlib.sha256(self.digests.tobytes()).hexdigest(),
            state.keys,
        )

    def _note(self, positions: Positions, digests: NDArray[np.uint8]) -> None:
        self.digests[positions] = digests
        self._order.update(positions.astype("<i8").tobytes() + digests.tobytes())
        self._seen += len(positions)

    def _expect_width(self, width: int, what: str) -> None:
        """Make room for features so wide at the first block; later ones must be as wide."""
        state, space = self._state, self.extractor
        if state.features is None:
            state.accumulator = Accumulator(width) if self._moments else None
            state.features = torch.zeros(self._keep, width)
            state.keys = torch.zeros(self._keep, dtype=torch.int64)
        elif state.features.shape[1] != width:
            raise BadImages(
                f"{self.name}: {what} has {width:,} features in {space.entry.name}, "
                f"but earlier ones have {state.features.shape[1]:,}",
                "convert all images to one size, with a conversion such as resize-32",
            )

    def _computed(self, positions: Positions, images: Images, digests: Sequence[bytes]) -> Block:
        space, kept = self.extractor, np.flatnonzero(positions < self._keep)
        # Before the network runs: what does not fit into memory is refused at once.
        self._expect_width(space.dim(images.shape), f"an image of {describe(images.shape)}")
        try:
            features, logits = space.compute(images, self.name)
        except Exception as e:
            if not out_of_memory(e):
                raise
            raise BadFeatures(
                f"{space.entry.name}: out of memory computing a single block of {space.entry.block} images",
                "free some memory, or use another --device; the block is part of the protocol and cannot shrink",
            ) from e
        labels = None if images.labels is None else torch.from_numpy(images.labels)
        keys = torch.zeros(len(images), dtype=torch.int64)
        keys[kept] = torch.from_numpy(image_keys(images.take(kept), [digests[i] for i in kept.tolist()]))
        return Block(_as_array(digests), features, logits, labels, keys)

    def _add(self, positions: Positions, block: Block) -> None:
        """Add a block of images to what there is."""
        state = self._state
        assert state.features is not None
        assert state.keys is not None
        if state.accumulator is not None:
            state.accumulator.add(block.features)
        kept = np.flatnonzero(positions < self._keep)
        rows = torch.from_numpy(positions[kept])
        state.features[rows] = block.features[kept]
        state.keys[rows] = block.keys[kept]
        if block.logits is not None:
            state.logits = torch.zeros(self._keep, block.logits.shape[1]) if state.logits is None else state.logits
            state.logits[rows] = block.logits[kept]
        if block.labels is not None:
            state.labels = torch.zeros(self._keep, dtype=torch.int64) if state.labels is None else state.labels
            state.labels[rows] = block.labels[kept]


def _as_array(digests: Sequence[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)


class Stream:
    """A pass over images that come in their order, in pieces of any length.

    They are cut into the extractor's aligned compute blocks, so that to the bit the same comes out as from `measure`.
    """

    def __init__(self, run: Pass, conversions: Sequence[str] = ()) -> None:
        self._run, self._conversions, self._start = run, conversions, 0
        self._waiting: list[Images] = []

    def add(self, images: Images) -> None:
        """Take in the images that come next."""
        self._waiting.append(convert_images(images, self._conversions))
        block = self._run.extractor.entry.block
        if sum(map(len, self._waiting)) >= block:
            self._flush(block)

    def finish(self) -> Measured:
        """What the pass leaves; the last block may be short."""
        if self._waiting:
            self._flush(1)
        return self._run.finish()

    def _flush(self, least: int) -> None:
        """Compute blocks until fewer than `least` images are left."""
        together, block, done = joined(self._waiting), self._run.extractor.entry.block, 0
        while len(together) - done >= least:
            some = together.take(slice(done, done + block))
            self._run.take(np.arange(self._start, self._start + len(some)), some)
            done, self._start = done + len(some), self._start + len(some)
        self._waiting = [together.take(slice(done, None))] if done < len(together) else []


def as_before(images: K, *before: Keyed) -> K:
    """The images, each with the features and logits of the first one equal to it, in those before or among themselves.

    A network's last bits depend on the machine, and on the place of an image in its compute block. So a sample that is
    a training image to the pixel may come out some last bits away from it, and what is zero for copies would not be.

    Images whose keys are not known stay what they are. The moments are not made anew: a last bit is nothing to them.

    Args:
        before: images in the same feature space, in the order in which they come first.
    """
    if images.keys is None:
        return images
    known: list[Keyed] = [side for side in before if side.keys is not None]
    sides = [*known, images]
    place = _first_places([side.keys for side in sides if side.keys is not None])
    start = sum(len(side.features) for side in known)
    if torch.equal(place, torch.arange(start, start + len(place))):
        return images
    features, logits, start = images.features.clone(), images.logits, 0
    logits = None if logits is None else logits.clone()
    for side in sides:
        here = (place >= start) & (place < start + len(side.features))
        rows = place[here] - start
        features[here] = side.features[rows]
        if logits is not None and side.logits is not None:
            logits[here] = side.logits[rows]
        start += len(side.features)
    return replace(images, features=features, logits=logits)


def _first_places(keys: list[Tensor]) -> Tensor:
    """For each of the last keys the place of the first key equal to it, counted through all of them."""
    together = torch.cat(keys)
    _, kind = together.unique(return_inverse=True)
    every = torch.arange(len(together))
    first = torch.full_like(every, len(together)).scatter_reduce_(0, kind, every, "amin")
    return first[kind[len(together) - len(keys[-1]) :]]
