"""Image-to-image models, trained here: they read the image they are asked from, and the known finding holds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.frechet import frechet_distance
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.uncertainty import Estimate
from genboard.reference_stats.features import measure
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.generators import load_generator
from genboard.registry.generators.draws import Draw
from genboard.registry.images import Images, Pixels, read_all, source_of
from genboard.registry.resolve import function
from genboard.registry.schema import Generator, Track
from genboard.registry.weights import ROOT, read_weights

from genboard.core.errors import BadSamples

# A search in the latents of another generator is tested in test_zoo_groups.py.
ZOO = {
    name: entry
    for name, entry in entries(Generator).items()
    if entry.task == "image" and not entry.baseline and entry.family != "latent search"
}
every_member = pytest.mark.parametrize("name", sorted(ZOO))
every_image_generator = pytest.mark.parametrize("name", [*sorted(ZOO), "copy-input"])


def track_of(name: str) -> Track:
    entry = find(Generator, name)
    assert entry.tracks != "all"
    return find(Track, entry.tracks[0])


@cache
def held_out(dataset: str) -> Images:
    return read_all(load_split(dataset, "held-out"))


def asked(images: Images, seed: int = 2026) -> list[Draw]:
    assert images.conditions is not None
    return [Draw(seed, i, condition=condition) for i, condition in enumerate(images.conditions)]


@cache
def samples(name: str, seed: int = 2026) -> Pixels:
    """What a generator answers to the conditions of the held-out split, uint8."""
    track = track_of(name)
    given = load_generator(find(Generator, name), track).sample(asked(held_out(track.dataset), seed))
    return given if given.dtype == np.uint8 else np.floor(given.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def error(name: str, power: int = 1) -> float:
    """Mean absolute or squared difference from the right answers, of pixels in [0, 1]."""
    right = held_out(track_of(name).dataset).pixels
    return float((np.abs(samples(name) / 255 - right / 255) ** power).mean())


@cache
def features(source: str) -> FeatureSet:
    """Features of a generator's samples, or of the reference split of a data set."""
    pixels = samples(source) if source in entries(Generator) else read_all(load_split(source, "reference")).pixels
    return FeatureSet(measure(source_of(source, Images(pixels)), load_extractor("digits-cnn")).features)


def distance(name: str, metric: Callable[[MetricInputs], Estimate]) -> float:
    """A distance of the answers from the reference split."""
    value = metric(MetricInputs(features(name), features(track_of(name).dataset))).value
    assert value is not None
    return value


def test_the_models_of_the_literature_are_there():
    assert set(ZOO) == {
        "cyclegan",
        "pix2pix",
        "regression-l1",
        "regression-l2",
        "upscale-pix2pix",
        "upscale-regression",
    }


@every_member
def test_an_entry_is_small_and_trained_on_its_own_training_split(name):
    entry = ZOO[name]
    assert entry.weights is not None
    assert entry.weights.file is not None
    assert (ROOT / entry.weights.file).stat().st_size < 400_000
    assert entry.trained_on == (f"{track_of(name).dataset}/train",)
    assert entry.paper
    assert entry.origin == "trained in this project"


@every_member
def test_training_is_reproducible(name):
    entry = ZOO[name]
    fit = function(f"{str(entry.loader).partition(':')[0]}:train", under="registry.generators")
    few = read_all(load_split(track_of(name).dataset, "train")).take(slice(0, 150))
    state = torch.random.get_rng_state()
    first, second, other = (fit(few, seed=seed, epochs=1, **entry.training) for seed in (1, 1, 2))
    assert torch.equal(state, torch.random.get_rng_state())  # the caller's random numbers are left alone
    assert first.keys() == second.keys() == read_weights(entry.weights).keys()
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])
    assert any((first[key] != other[key]).any() for key in first)


@every_image_generator
@pytest.mark.parametrize(
    ("condition", "said"),
    [(None, "sample 0 is asked from no image"), (np.zeros((9, 8, 1), np.uint8), "from an image of 8x9 grey")],
)
def test_without_the_image_that_it_needs_it_is_refused(name, condition, said):
    generator = load_generator(find(Generator, name), track_of(name))
    with pytest.raises(BadSamples, match=said):
        generator.sample([Draw(1, 0, condition=condition)] * 64)


@every_image_generator
def test_answers_follow_the_condition_and_not_its_place(name):
    track = track_of(name)
    generator = load_generator(find(Generator, name), track)
    tickets = asked(held_out(track.dataset))[:64]
    order = np.random.default_rng(1).permutation(64)
    moved = generator.sample([tickets[i] for i in order])
    np.testing.assert_allclose(moved, generator.sample(tickets)[order], atol=1e-4)
    assert len(np.unique(samples(name).reshape(500, -1), axis=0)) > 450


def test_only_the_model_with_noise_answers_differently_to_another_seed():
    for name in ZOO:
        assert (samples(name) != samples(name, seed=7)).any() == (name in ("pix2pix", "upscale-pix2pix")), name


def test_the_baseline_gives_the_condition_back():
    np.testing.assert_array_equal(samples("copy-input"), held_out("digits-edges").conditions)


def test_the_regression_is_nearest_and_the_conditional_gan_more_like_real_images():
    # As in arXiv:1611.07004: what is best on the average error is a blur that no data set holds.
    assert error("regression-l1") < error("pix2pix") < error("copy-input")
    assert error("regression-l2", power=2) < error("pix2pix", power=2)
    for metric in (frechet_distance, kernel_distance):
        for name in ("regression-l1", "regression-l2"):
            assert distance(name, metric) > distance("pix2pix", metric), (name, metric)


def test_images_are_translated_without_pairs():
    assert error("cyclegan") < 0.1
    right = held_out("digits-inverted")
    assert right.conditions is not None
    assert np.abs(right.conditions / 255 - right.pixels / 255).mean() > 0.5  # which a copy of the input is away
