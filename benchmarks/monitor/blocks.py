"""Images that come in any order, computed in the aligned blocks of a feature space.

The last bits of a feature depend on its place in the block that it is computed in. So images wait here until their
block is full: sample i has the same features in a training loop, on any number of ranks, as `genboard evaluate` gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from ...registry.conversions import convert_images
from ...registry.extractors import LiveExtractor
from ...registry.images import Images, Positions, image_keys, joined

Piece: TypeAlias = tuple[Positions, Images]


@dataclass(frozen=True)
class Rows:
    """What is kept of measured images.

    Attributes:
        positions: of each among all samples, int64, shape (n,).
        features: float32, shape (n, d).
        logits: float32, shape (n, classes), where the extractor has any.
        keys: by which equal images are known, int64, shape (n,).
    """

    positions: Tensor
    features: Tensor
    logits: Tensor | None
    keys: Tensor

    def moved(self, by: int) -> Rows:
        return replace(self, positions=self.positions + by)

    @staticmethod
    def joined(parts: Sequence[Rows]) -> Rows:
        """All rows in the order of their positions."""
        positions = torch.cat([part.positions for part in parts])
        order = positions.argsort(stable=True)
        logits = [part.logits for part in parts if part.logits is not None]
        return Rows(
            positions[order],
            torch.cat([part.features for part in parts])[order],
            torch.cat(logits)[order] if logits else None,
            torch.cat([part.keys for part in parts])[order],
        )


class Blocks:
    """One feature space's share of a monitor: rows of full blocks, and images whose block is not full yet."""

    def __init__(self, extractor: LiveExtractor, conversions: Sequence[str] = (), name: str = "samples") -> None:
        self._extractor, self._conversions, self._name = extractor, conversions, name
        self.done: list[Rows] = []
        self.waiting: dict[int, list[Piece]] = {}

    def add(self, positions: Positions, images: Images) -> None:
        """Take in images at those positions, and compute the blocks that they fill."""
        self.wait([(positions, convert_images(images, self._conversions))])

    def merge(self, other: Blocks, offset: int = 0) -> None:
        """Take in what another has, its positions moved by `offset`."""
        self.done += [rows.moved(offset) for rows in other.done]
        self.wait((positions + offset, images) for positions, images in other.pieces())

    def pieces(self) -> list[Piece]:
        """The images that wait, with their positions."""
        return [piece for pieces in self.waiting.values() for piece in pieces]

    def rows(self) -> list[Rows]:
        """Rows of all images; those that wait are computed in blocks with gaps, and wait on."""
        return [*self.done, *map(self.compute, self.waiting.values())]

    def compute(self, pieces: Sequence[Piece]) -> Rows:
        """Rows of the images of one block."""
        positions = np.concatenate([where for where, _ in pieces])
        order = np.argsort(positions, kind="stable")
        images = joined([some for _, some in pieces]).take(order)
        features, logits = self._extractor.compute(images, self._name)
        return Rows(torch.from_numpy(positions[order]), features, logits, torch.from_numpy(image_keys(images)))

    def sorted_into_blocks(self, pieces: Iterable[Piece]) -> dict[int, list[Piece]]:
        """Images by the block that they belong to."""
        found: dict[int, list[Piece]] = {}
        for positions, images in pieces:
            blocks = positions // self._extractor.entry.block
            for block in np.unique(blocks):
                chosen = np.flatnonzero(blocks == block)
                found.setdefault(int(block), []).append((positions[chosen], images.take(chosen)))
        return found

    def wait(self, pieces: Iterable[Piece]) -> None:
        """Take in converted images, and compute the blocks that they fill."""
        for block, some in self.sorted_into_blocks(pieces).items():
            self.waiting.setdefault(block, []).extend(some)
            if sum(len(positions) for positions, _ in self.waiting[block]) == self._extractor.entry.block:
                self.done.append(self.compute(self.waiting.pop(block)))
