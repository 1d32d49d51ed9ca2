"""Equal images have equal features, so that what is zero for copies is zero on every machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from genboard.benchmarks.compare import compare_images
from genboard.benchmarks.metrics.distances import nearest
from genboard.benchmarks.result import MetricRecord
from genboard.benchmarks.scoring import score_track
from genboard.benchmarks.track_references import references_of
from genboard.reference_stats.features import Measured, as_before, measure
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.images import Images, image_keys, read_all, source_of
from genboard.registry.schema import Track
from last_bits import moved

TRACK = find(Track, "digits")
SPACE = "digits-cnn"


def measured(keys: list[int], start: float, logits: bool = True) -> Measured:
    """Images of those keys, whose features say which row they are."""
    rows = start + torch.arange(len(keys), dtype=torch.float32)[:, None]
    return Measured(None, rows, -rows if logits else None, None, "", torch.tensor(keys))


def test_the_first_of_equal_images_gives_its_features_to_all():
    train, reference = measured([5, 6, 5], 10), measured([7, 6, 8], 20)
    train = as_before(train)
    reference = as_before(reference, train)
    samples = as_before(measured([8, 9, 5, 9, 6], 30), train, reference)
    assert train.features[:, 0].tolist() == [10, 11, 10]
    assert reference.features[:, 0].tolist() == [20, 11, 22]
    assert samples.features[:, 0].tolist() == [22, 31, 10, 31, 11]
    assert torch.equal(samples.logits, -samples.features)


def test_images_without_keys_stay_what_they_are_and_give_nothing():
    bare = replace(measured([1, 1], 10), keys=None)
    assert as_before(bare) is bare
    other = measured([1, 2], 20)
    assert as_before(other, bare) is other
    assert as_before(measured([3, 1], 30), bare, other).features[:, 0].tolist() == [30, 20]


def test_nothing_given_is_changed():
    train, samples = measured([1, 2], 10), measured([2, 2], 20)
    as_before(samples, train)
    assert samples.features[:, 0].tolist() == [20, 21]


def test_keys_know_pixels_and_not_labels():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1), dtype=np.uint8)
    pixels[3] = pixels[0]
    keys = image_keys(Images(pixels, np.arange(6)))
    assert keys.dtype == np.int64
    assert len(set(keys.tolist())) == 5
    assert keys[3] == keys[0]
    assert keys.tolist() == image_keys(Images(pixels)).tolist()
    assert image_keys(Images(pixels.reshape(6, 2, 8, 1)))[0] != keys[0]


def test_the_keys_of_a_pass_are_those_of_its_images():
    source = load_split("digits", "reference")
    found = measure(source, load_extractor(SPACE), keep=200)
    assert found.keys is not None
    assert found.keys.tolist() == image_keys(source.read(0, 200)).tolist()


@pytest.fixture(scope="module")
def elsewhere():
    """The track's statistics as another machine would have made them."""
    references = references_of(TRACK, "cpu")
    keys = sorted(references)
    changed = moved([references[key].features for key in keys], seed=0)
    return {key: replace(references[key], features=x) for key, x in zip(keys, changed, strict=True)}


def records(samples: Measured, references) -> list[MetricRecord]:
    return [one.record for one in score_track(TRACK, {SPACE: samples}, references)]


def values(samples: Images, references) -> dict[str, float | None]:
    found = measure(source_of("samples", samples), load_extractor(SPACE), moments=False)
    return {record.name: record.value for record in records(found, references)}


def test_copies_are_at_no_distance_though_another_machine_measured_the_training_images(elsewhere):
    train = read_all(load_split(TRACK.dataset, TRACK.train))
    copies = Images(train.pixels[100:600][::-1].copy())  # at other places in their compute blocks
    bare = measure(source_of("samples", copies), load_extractor(SPACE), moments=False)
    apart = nearest(elsewhere[SPACE, "train"].features, bare.features)[0]
    assert float(apart.max()) > 0  # so that there is something to settle
    found = values(copies, elsewhere)
    assert found["nn_ratio"] == 0.0
    assert found["authenticity"] == 0.0
    assert found["c_t"] is not None
    assert found["c_t"] < -20


def test_one_training_image_again_and_again_is_at_no_distance(elsewhere):
    train = read_all(load_split(TRACK.dataset, TRACK.train))
    found = values(Images(np.repeat(train.pixels[7:8], 500, axis=0)), elsewhere)
    assert found["nn_ratio"] == 0.0
    assert found["authenticity"] == 0.0


def test_copies_of_reference_images_are_infinitely_real(elsewhere):
    reference = read_all(load_split(TRACK.dataset, TRACK.reference))
    samples = measure(source_of("samples", Images(reference.pixels)), load_extractor(SPACE), moments=False)
    (realism,) = [record for record in records(samples, elsewhere) if record.name == "realism"]
    assert realism.value is None
    assert realism.reason == "half of the samples equal a real image, so the median is infinite"


def test_comparing_images_with_statistics_settles_them_too(tmp_path):
    pixels = read_all(load_split(TRACK.dataset, TRACK.reference)).pixels
    np.save(tmp_path / "copies.npy", pixels[::-1])
    found = compare_images("digits/reference-500.digits-cnn", tmp_path / "copies.npy", SPACE, ["realism"])
    assert found.metrics[0].reason == "half of the samples equal a real image, so the median is infinite"
