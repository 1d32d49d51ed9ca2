"""Builds of the reference of `digits`: their blocks are counted, and they die where a test says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from genboard.reference_stats import build as building
from genboard.reference_stats import store
from genboard.reference_stats.statistics import ReferenceStatistics, make_recipe
from genboard.registry.extractors import LiveExtractor, load_extractor

RECIPE = make_recipe("digits", "reference", "digits-cnn", 500)


class Killed(BaseException):
    """Nothing catches this on the way."""


def same_bits(a: ReferenceStatistics, b: ReferenceStatistics) -> None:
    left, right = (store.arrays_of(s) for s in (a, b))
    assert left.keys() == right.keys()
    assert len(left) == 9
    for name in left:
        assert torch.equal(left[name], right[name]), name
    assert a.image_digest == b.image_digest


class CountedBlocks:
    """Counts the blocks that the network computes, and dies before the one that is named."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def __call__(self, dies_at: int | None) -> list[int]:
        sizes: list[int] = []

        def load(name: str, *more: object) -> LiveExtractor:
            extractor = load_extractor(name)

            def network(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
                if len(sizes) == dies_at:
                    raise Killed
                sizes.append(len(x))
                return extractor.network(x)

            return replace(extractor, network=network)

        self.monkeypatch.setattr(building, "load_extractor", load)
        return sizes
