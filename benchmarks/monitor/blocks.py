"""Images that come in any order, computed in the aligned blocks of a feature space.

The last bits of a feature depend on its place in the block that it is computed in. So images wait here until their
block is full: sample i has the same features in a training loop, on any number of ranks, as `genboard evaluate` gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from ...registry.conversions import convert_images
from ...registry.extractors import LiveExtractor
from ...registry.images import Images, Positions, image_keys, joined

Piece: TypeAlias = tuple[Positions, Images]
GATHERED = 4096  # images
ROOM = 2**24  # bytes of pixels


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
    """One feature space's share of a monitor: rows of full blocks, and images whose block is not full yet.

    Images are gathered for a while before they are sorted into blocks, computed and hashed. Between two blocks of a
    network, Python finds nothing of its own in the processor's caches: small batches one by one take twice as long.
    """

    def __init__(self, extractor: LiveExtractor, conversions: Sequence[str] = (), name: str = "samples") -> None:
        self._extractor, self._conversions, self._name = extractor, conversions, name
        self._fresh: list[Piece] = []
        self._done: list[Rows] = []
        self._waiting: dict[int, list[Piece]] = {}

    def add(self, positions: Positions, images: Images) -> None:
        """Take in images at those positions, whose pixels nobody changes later."""
        self._fresh.append((positions, convert_images(images, self._conversions) if self._conversions else images))
        most = min(GATHERED, ROOM // prod(images.shape))
        if sum(len(where) for where, _ in self._fresh) >= max(most, self._extractor.entry.block):
            self._settle()

    def take(self, rows: Iterable[Rows], pieces: Iterable[Piece]) -> None:
        """Take in rows of full blocks, and converted images of others."""
        self._done += rows
        self._sort(pieces)

    def merge(self, other: Blocks, offset: int = 0) -> None:
        """Take in what another has, its positions moved by `offset`."""
        moved = ((positions + offset, images) for positions, images in other.pieces())
        self._settle()
        self.take([rows.moved(offset) for rows in other.done()], moved)

    def done(self) -> list[Rows]:
        """Rows of the images whose blocks are full."""
        self._settle()
        return self._done

    def pieces(self) -> list[Piece]:
        """The images that wait, with their positions."""
        self._settle()
        return [piece for pieces in self._waiting.values() for piece in pieces]

    def rows(self) -> list[Rows]:
        """Rows of all images; those that wait are computed in blocks with gaps, and wait on."""
        return [*self.done(), *self.compute(self._waiting.values())]

    def compute(self, blocks: Iterable[Sequence[Piece]]) -> list[Rows]:
        """Rows of the images of each block."""
        found = []
        for pieces in blocks:
            positions, images = _together(pieces)
            if (positions[1:] < positions[:-1]).any():
                order = np.argsort(positions, kind="stable")
                positions, images = positions[order], images.take(order)
            found.append((positions, images, *self._extractor.compute(images, self._name)))
        return [
            Rows(torch.from_numpy(positions), features, logits, torch.from_numpy(image_keys(images)))
            for positions, images, features, logits in found
        ]

    def sorted_into_blocks(self, pieces: Iterable[Piece]) -> dict[int, list[Piece]]:
        """Images by the block that they belong to."""
        found: dict[int, list[Piece]] = {}
        for positions, images in pieces:
            blocks = positions // self._extractor.entry.block
            if (blocks[1:] < blocks[:-1]).any():
                order = np.argsort(blocks, kind="stable")
                positions, images, blocks = positions[order], images.take(order), blocks[order]
            cuts = np.flatnonzero(blocks[1:] != blocks[:-1]) + 1
            for start, stop in pairwise([0, *cuts.tolist(), len(blocks)]):
                part = positions[start:stop], images.take(slice(start, stop))
                found.setdefault(int(blocks[start]), []).append(part)
        return found

    def _settle(self) -> None:
        """Sort what was gathered."""
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            self._sort([_together(fresh)])

    def _sort(self, pieces: Iterable[Piece]) -> None:
        """Compute the blocks that converted images fill; the others wait."""
        full = []
        for block, some in self.sorted_into_blocks(pieces).items():
            there = [*self._waiting.pop(block, ()), *some]
            if sum(len(positions) for positions, _ in there) == self._extractor.entry.block:
                full.append(there)
            else:
                self._waiting[block] = there
        self._done += self.compute(full)


def _together(pieces: Sequence[Piece]) -> Piece:
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate([where for where, _ in pieces]), joined([some for _, some in pieces])
