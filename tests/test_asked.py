"""What is asked of samples beside a class: captions, and images to make others from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from genboard.benchmarks.asked import Asked
from genboard.benchmarks.drawing import Plan
from genboard.benchmarks.sampling import sample
from genboard.benchmarks.shards import source_of_shards
from genboard.registry.conversions import convert_images
from genboard.registry.generators import Draw, LiveGenerator
from genboard.registry.generators.draws import draws
from genboard.registry.images import Images, content_digest, joined, read_all, sequence_digest
from numpy.typing import NDArray

from genboard.core.errors import BadImages, BadSamples

SHAPE = (4, 4, 1)
N = 150  # more than a shard


def given(n: int) -> Images:
    pixels = np.arange(n * 16, dtype=np.int64).reshape(n, *SHAPE).astype(np.uint8)
    return Images(pixels, np.arange(n), tuple(f"number {i}" for i in range(n)), 255 - pixels)


def repeated(tickets: list[Draw]) -> NDArray[Any]:
    """Gives the condition back, one level brighter for every letter of the caption."""
    return np.stack([t.condition + np.uint8(len(t.caption or "")) for t in tickets if t.condition is not None])


def plan(block: int | None = None, n: int = N) -> Plan:
    all_ = given(n)
    return Plan(
        LiveGenerator("mine", {"name": "mine"}, repeated, block),
        3,
        n,
        SHAPE,
        Asked(None, all_.captions, all_.conditions),
    )


def test_what_is_asked_goes_with_its_image() -> None:
    images = given(6)
    for some in (images.take(slice(2, 4)), images.take(np.array([2, 3])), joined([images.take(slice(2, 4))])):
        assert some.captions == ("number 2", "number 3")
        assert some.conditions is not None
        np.testing.assert_array_equal(some.conditions, 255 - some.pixels)
    assert joined([images, Images(images.pixels)]).captions is None
    kept = convert_images(images, ["resize-2"])
    assert kept.captions == images.captions
    assert kept.conditions is images.conditions


def test_the_digest_of_a_data_set_holds_what_is_asked_and_that_of_samples_does_not() -> None:
    images = given(6)
    other = replace(images, captions=(*images.captions[:5], "another") if images.captions else None)
    turned = replace(images, conditions=images.pixels)
    bare = Images(images.pixels, images.labels)
    assert len({content_digest(some) for some in (images, other, turned, bare)}) == 4
    assert len({sequence_digest(iter([some])) for some in (images, other, turned, bare)}) == 1


@pytest.mark.parametrize("block", [None, 64])
def test_samples_are_asked_and_stored_with_their_captions(tmp_path: Path, block: int | None) -> None:
    made = plan(block)
    manifest = sample(made, tmp_path)
    assert manifest["captions"] == made.asked.digests["captions"]
    assert manifest["conditions"] == made.asked.digests["conditions"]
    found = read_all(source_of_shards(tmp_path, manifest))
    assert found.captions == made.asked.captions
    assert made.asked.conditions is not None
    longer = np.array([len(caption) for caption in found.captions or ()], np.uint8)
    np.testing.assert_array_equal(found.pixels, made.asked.conditions + longer[:, None, None, None])
    assert sample(made, tmp_path) == manifest


def test_samples_of_other_captions_are_refused(tmp_path: Path) -> None:
    made = plan()
    sample(made, tmp_path)
    captions = tuple(f"no {i}" for i in range(N))
    with pytest.raises(BadSamples, match="captions is"):
        sample(replace(made, asked=replace(made.asked, captions=captions)), tmp_path)


def test_a_block_that_is_filled_up_begins_again_with_what_was_asked() -> None:
    images = given(3)
    tickets = draws(1, 2, 5, None, images.captions, images.conditions)
    assert [t.caption for t in tickets] == ["number 2", "number 0", "number 1"]
    assert tickets[1].condition is not None
    np.testing.assert_array_equal(tickets[1].condition, 255 - images.pixels[0])


def test_conditions_of_another_number_are_refused() -> None:
    images = given(3)
    with pytest.raises(BadImages, match=r"2 conditions for 3 images"):
        replace(images, conditions=images.pixels[:2])
