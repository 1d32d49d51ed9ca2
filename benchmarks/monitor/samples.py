"""The samples that one monitor has taken in: which they are, and what each feature space makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...core.errors import BadSamples
from ...registry.extractors import LiveExtractor
from ...registry.images import Images, Positions, expect_shape
from ...registry.schema import Shape
from .blocks import Blocks, Rows

Indices = Sequence[int] | Tensor | None


class Samples:
    """Samples with indices, or samples in the order in which they came.

    Attributes:
        count: how many there are.
        indexed: whether their indices were given; none as long as there are no samples.
    """

    def __init__(
        self, spaces: Mapping[str, LiveExtractor], conversions: Mapping[str, tuple[str, ...]], shape: Shape | None
    ) -> None:
        self.blocks = {name: Blocks(space, conversions.get(name, ())) for name, space in spaces.items()}
        self.count = 0
        self.indexed: bool | None = None
        self._given: set[int] = set()
        self._shape = shape

    @property
    def seen(self) -> Sequence[int]:
        """Their indices in order; without any given, numbers from 0 on."""
        return sorted(self._given) if self.indexed else range(self.count)

    def add(self, images: Images, indices: Indices) -> None:
        """Take in images.

        Raises:
            BadImages: they have another shape than those before.
            BadSamples: an index that was there before, or indices only with some of the images.
        """
        expect_shape(images, self._shape or images.shape, "samples")
        positions = self._positions(len(images), indices)
        self._shape, self.indexed = images.shape, indices is not None
        self.count += len(images)
        if self.indexed:
            self._given.update(positions.tolist())
        for blocks in self.blocks.values():
            blocks.add(positions, images)

    def merge(self, other: Samples) -> None:
        """Take in those of another; without indices they come after one's own.

        Raises:
            BadSamples: an index that both have, or only one has indices.
        """
        if other.indexed is None:
            return
        self._expect_indices(other.indexed)
        offset = 0 if other.indexed else self.count
        refuse_twice(self._given & other._given)
        for name, blocks in other.blocks.items():
            self.blocks[name].merge(blocks, offset)
        self._given |= other._given
        self.count += other.count
        self.indexed, self._shape = other.indexed, other._shape

    def state(self) -> dict[str, Any]:
        """Tensors and numbers that `restore` takes."""
        return {
            "indexed": self.indexed,
            "shape": None if self._shape is None else list(self._shape),
            "seen": torch.from_numpy(np.array(self.seen, np.int64)),
            "spaces": {
                name: {
                    "rows": [vars(rows) for rows in blocks.done()],
                    "waiting": [
                        (torch.from_numpy(where), torch.from_numpy(some.pixels)) for where, some in blocks.pieces()
                    ],
                }
                for name, blocks in self.blocks.items()
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` gave; nothing may have been taken in before."""
        self.indexed, self.count = state["indexed"], len(state["seen"])
        self._given = set(state["seen"].tolist()) if self.indexed else set()
        if state["shape"] is not None:
            height, width, channels = state["shape"]
            self._shape = height, width, channels
        for name, kept in state["spaces"].items():
            waiting = ((where.numpy(), Images(pixels.numpy())) for where, pixels in kept["waiting"])
            self.blocks[name].take([Rows(**rows) for rows in kept["rows"]], waiting)

    def _positions(self, count: int, indices: Indices) -> Positions:
        self._expect_indices(indices is not None)
        if indices is None:
            return np.arange(self.count, self.count + count, dtype=np.int64)
        found = np.asarray(torch.as_tensor(indices).cpu(), np.int64)
        if found.shape != (count,) or (found < 0).any():
            raise BadSamples(
                f"indices of shape {found.shape} for {count} images", "give each image its index, from 0 on"
            )
        values, times = np.unique(found, return_counts=True)
        refuse_twice(self._given.intersection(found.tolist()) | set(values[times > 1].tolist()))
        return found

    def _expect_indices(self, given: bool) -> None:
        if self.indexed not in (None, given):
            raise BadSamples("only some of the samples have indices", "give all of them theirs, or none")


def refuse_twice(indices: set[int]) -> None:
    """Raises BadSamples for samples that came twice."""
    if indices:
        more = f" and {len(indices) - 1:,} more" if len(indices) > 1 else ""
        raise BadSamples(
            f"sample {min(indices)}{more} came twice",
            "give each sample once, without the duplicates that fill up a last batch; monitor.reset() forgets all",
        )
