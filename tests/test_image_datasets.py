"""Data sets of images that are asked from images: the splits of digits, exact edges, pairs as they are said to be."""

from __future__ import annotations

import numpy as np
import pytest
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split, verify
from genboard.registry.datasets.translated import STEEP, edges
from genboard.registry.images import Images, content_digest, example_digests, joined, read_all
from genboard.registry.schema import Dataset
from scipy.ndimage import sobel

from genboard.core.errors import BadImages

NAMES = ("digits-edges", "digits-inverted")
SPLITS = ("train", "reference", "held-out")
every_split = pytest.mark.parametrize("split", SPLITS)


def read(name: str, split: str) -> Images:
    return read_all(load_split(name, split))


def asked(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """The images of a split and what each is asked from."""
    images = read(name, split)
    assert images.conditions is not None
    return images.pixels, images.conditions


@every_split
@pytest.mark.parametrize("name", NAMES)
def test_a_split_holds_the_digits_of_that_split(name, split):
    ours, theirs = read(name, split), read("digits", split)
    assert ours.conditions is not None
    assert sorted(example_digests(Images(ours.pixels, ours.labels))) == sorted(example_digests(theirs))


@pytest.mark.parametrize("name", NAMES)
def test_the_content_is_known_by_its_digest_and_the_conditions_are_part_of_it(name):
    assert verify(name) == find(Dataset, name).content_digest
    whole = joined([read(name, split) for split in SPLITS])
    assert content_digest(whole) == find(Dataset, name).content_digest
    assert whole.conditions is not None
    other = whole.conditions.copy()
    other[7, 3, 3, 0] ^= 1
    assert content_digest(Images(whole.pixels, whole.labels, conditions=other)) != content_digest(whole)


@every_split
def test_edges_are_those_of_a_sobel_filter(split):
    pixels, conditions = asked("digits-edges", split)
    for image, found in zip(pixels[..., 0].astype(np.int64), conditions[..., 0], strict=True):
        gradient = sum(np.abs(sobel(image, axis=axis, mode="constant")) for axis in (0, 1))
        np.testing.assert_array_equal(found, 255 * (gradient >= STEEP))
    assert 0.15 < (conditions == 255).mean() < 0.3


def test_edges_of_nothing_are_nothing_and_a_border_is_steep():
    assert not edges(np.zeros((2, 5, 7, 1), np.uint8)).any()
    full = edges(np.full((1, 5, 7, 1), 255, np.uint8))[0, :, :, 0]
    assert full[0].all()
    assert full[:, -1].all()
    assert not full[1:-1, 1:-1].any()


def test_no_training_image_is_asked_from_its_own_inverse():
    pixels, conditions = asked("digits-inverted", "train")
    assert not (conditions == 255 - pixels).all(axis=(1, 2, 3)).any()
    flat = [np.unique(x.reshape(len(x), -1), axis=0) for x in (pixels, 255 - conditions)]
    np.testing.assert_array_equal(*flat)  # the same digits on either side
    images = read("digits-inverted", "train")
    by_pixels = {p.tobytes(): label for p, label in zip(images.pixels, images.labels, strict=True)}
    sources = np.array([by_pixels[(255 - c).tobytes()] for c in conditions])
    assert 0.04 < (sources == images.labels).mean() < 0.16  # as often of one class as by chance


@pytest.mark.parametrize("split", ["reference", "held-out"])
def test_elsewhere_the_right_answer_is_known(split):
    pixels, conditions = asked("digits-inverted", split)
    np.testing.assert_array_equal(conditions, 255 - pixels)


def test_conditions_stay_with_their_images():
    images = read("digits-edges", "held-out")
    order = np.random.default_rng(3).permutation(len(images))
    some = images.take(order)
    np.testing.assert_array_equal(some.conditions, edges(some.pixels))
    again = joined([images.take(slice(0, 11)), images.take(slice(11, None))])
    np.testing.assert_array_equal(again.conditions, images.conditions)
    assert joined([images, Images(images.pixels)]).conditions is None


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (np.zeros((3, 8, 8, 1), np.uint8), "3 conditions for 2 images"),
        (np.zeros((2, 8, 8, 1)), "conditions must be uint8"),
        (np.zeros((2, 8, 8), np.uint8), "conditions must be uint8"),
    ],
)
def test_other_conditions_are_refused(conditions, said):
    with pytest.raises(BadImages, match=said):
        Images(np.zeros((2, 8, 8, 1), np.uint8), conditions=conditions)
