"""Generators of digits, trained here: every entry follows the protocol, and classes and failures are those it names."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks.drawing import Plan, draw, to_uint8
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.reference_stats.features import measure
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.generators import LiveGenerator, load_generator
from genboard.registry.generators.draws import Draw, choose, draws, labelled_normal
from genboard.registry.images import Images, read_all, source_of
from genboard.registry.resolve import function
from genboard.registry.schema import Generator, Track
from genboard.registry.weights import ROOT, read_weights
from hypothesis import given
from hypothesis import strategies as st

TRACK = find(Track, "digits")
ZOO = {
    name: entry
    for name, entry in entries(Generator).items()
    if (entry.loader or "").startswith("zoo.") and TRACK.name in entry.tracks
}
MODULES = sorted({str(entry.loader).partition(":")[0] for entry in ZOO.values()})
LABELLED = sorted(name for name, entry in ZOO.items() if entry.task == "class")
LATENT = sorted(
    name
    for name, entry in ZOO.items()
    if "truncation" in inspect.signature(function(str(entry.loader), under="registry.generators")).parameters
)
every_member = pytest.mark.parametrize("name", sorted(ZOO))
every_module = pytest.mark.parametrize("module", MODULES)


@pytest.fixture(scope="module")
def images() -> Images:
    return read_all(load_split("digits", "train"))


@pytest.fixture(scope="module")
def classify() -> Callable[[np.ndarray], np.ndarray]:
    """The class that the track's own network takes each uint8 image for."""
    extractor = load_extractor("digits-cnn")

    def told(pixels: np.ndarray) -> np.ndarray:
        logits = measure(source_of("samples", Images(pixels)), extractor).logits
        assert logits is not None
        return logits.argmax(1).numpy()

    return told


def live(name: str, **arguments: float) -> LiveGenerator:
    entry = ZOO[name]
    return load_generator(entry.model_copy(update={"arguments": {**entry.arguments, **arguments}}), TRACK)


def plan(name: str, n: int = 100) -> Plan:
    return plan_for(open_target(name, TRACK), TRACK, n)


def grey(generator: LiveGenerator, tickets: list[Draw]) -> np.ndarray:
    """uint8 samples of these draws, in the blocks the entry asks for."""
    block = generator.block or len(tickets)
    assert len(tickets) % block == 0
    parts = [generator.sample(tickets[i : i + block]) for i in range(0, len(tickets), block)]
    return to_uint8(np.concatenate(parts), Plan(generator, TRACK.seed, len(tickets), (8, 8, 1)), 0)


def test_every_family_is_there():
    assert {entry.family for entry in ZOO.values()} == {
        "statistical",
        "vae",
        "autoencoder",
        "gan",
        "autoregressive",
        "flow",
        "diffusion",
        "flow matching",
    }
    assert len(MODULES) >= 16
    assert len(LABELLED) >= 4
    assert len(LATENT) >= 10


@every_member
def test_an_entry_is_small_and_says_where_it_is_from(name):
    entry = ZOO[name]
    assert entry.weights is not None
    assert entry.weights.file is not None
    assert (ROOT / entry.weights.file).stat().st_size < 1_000_000
    assert entry.trained_on == ("digits/train",)
    assert entry.paper
    assert entry.origin == "trained in this project"


def test_entries_that_share_weights_were_trained_alike():
    by_file: dict[str, set[tuple[Any, ...]]] = {}
    for entry in ZOO.values():
        assert entry.weights is not None
        recipe = (entry.loader, tuple(sorted(entry.training.items())), entry.trained_on)
        by_file.setdefault(str(entry.weights.file), set()).add(recipe)
    assert len(by_file) < len(ZOO)
    assert all(len(recipes) == 1 for recipes in by_file.values())


@every_member
def test_samples_differ_and_are_as_bright_as_digits(name):
    # One block; that order and pieces change nothing is tested of every generator, in test_sampling.py.
    pixels = draw(plan(name), 0, 64).pixels
    assert len(np.unique(pixels.reshape(64, -1), axis=0)) > 58
    assert 20 < pixels.mean() < 140


@pytest.mark.parametrize("name", LATENT)
def test_truncation_draws_every_sample_to_one(name):
    tickets = [Draw(TRACK.seed, i, 3) for i in range(64)]
    nothing = grey(live(name, truncation=0.0), tickets)
    assert np.ptp(nothing, axis=0).max() <= 1  # a last bit may depend on the place in a block
    spread = {t: grey(live(name, truncation=t), tickets).std(axis=0).mean() for t in (0.1, 1.0)}
    assert 0 < spread[0.1] < spread[1.0]


@pytest.mark.parametrize("name", LABELLED)
def test_labels_are_obeyed(name, classify):
    asked = np.arange(128) % 10
    told = classify(grey(live(name), [Draw(5, i, int(label)) for i, label in enumerate(asked)]))
    assert (told == asked).mean() >= 0.9


@pytest.mark.parametrize("name", LABELLED)
def test_without_labels_they_are_drawn_and_the_rest_stays(name, images):
    weights = read_weights(ZOO[name].weights)
    np.testing.assert_allclose(weights["shares"], np.bincount(images.labels) / len(images), rtol=1e-6)
    labels, _ = labelled_normal(draws(TRACK.seed, 0, 64), 1, weights["shares"])
    asked = [Draw(TRACK.seed, i, int(label)) for i, label in enumerate(labels)]
    np.testing.assert_array_equal(grey(live(name), asked), grey(live(name), draws(TRACK.seed, 0, 64)))


def test_drawn_labels_follow_the_shares():
    shares = np.array([0.1, 0.6, 0.0, 0.3], np.float32)
    labels, latents = labelled_normal(draws(1, 0, 4000), 2, shares)
    # Four standard errors of a share.
    np.testing.assert_allclose(np.bincount(labels, minlength=4) / 4000, shares, atol=4 * 0.5 / 4000**0.5)
    assert not (labels == 2).any()
    assert abs(np.corrcoef(labels, latents[:, 0])[0, 1]) < 4 / 4000**0.5


@given(
    weights=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=9).filter(lambda w: sum(w) > 0.01),
    number=st.floats(0, 1, width=32, exclude_max=True),
)
def test_choosing_inverts_the_cumulative_sum(weights, number):
    chosen = int(choose(np.array([weights], np.float32), np.array([number], np.float32))[0])
    edges = np.cumsum(np.array(weights, np.float64)) / sum(map(float, weights))
    assert chosen == 0 or edges[chosen - 1] <= number + 1e-12
    assert number < edges[chosen] + 1e-12


# A network of these is so large that one epoch of it takes seconds.
@pytest.mark.parametrize(
    "module",
    [pytest.param(m, marks=pytest.mark.slow if m in ("zoo.ddpm", "zoo.flow_matching") else ()) for m in MODULES],
)
def test_training_is_reproducible(module, images):
    fit = function(f"{module}:train", under="registry.generators")
    few = images.take(slice(0, 150))
    short = {key: 1 for key in ("epochs", "prior_epochs") if key in inspect.signature(fit).parameters}
    state = torch.random.get_rng_state()
    first, second = fit(few, **short), fit(few, **short)
    assert torch.equal(state, torch.random.get_rng_state())  # the caller's random numbers are left alone
    assert (
        first.keys()
        == second.keys()
        == read_weights(next(e for e in ZOO.values() if e.loader == f"{module}:load").weights).keys()
    )
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])
    if short:
        other = fit(few, seed=1, **short)
        assert any((first[key] != other[key]).any() for key in first)


@pytest.mark.parametrize("name", ["pixelcnn", "pixelrnn"])
def test_a_model_of_grey_levels_draws_none_that_training_has_not(name):
    pixels = draw(plan(name), 0, 64).pixels
    assert set(np.unique(pixels)) <= set(np.unique(read_all(load_split("digits", "train")).pixels))


def test_guidance_follows_the_label(classify):
    tickets = [Draw(9, i, i % 10) for i in range(64)]
    right = {w: (classify(grey(live("ddpm", guidance=w), tickets)) == np.arange(64) % 10).mean() for w in (0.0, 3.0)}
    assert right[0.0] < 0.4
    assert right[3.0] >= 0.95


def test_the_failed_ones_fail_in_their_familys_way(classify):
    shares = {
        name: np.bincount(classify(draw(plan(name, 300), 0, 300).pixels), minlength=10) / 300
        for name in ("dcgan", "dcgan-collapsed")
    }
    assert np.sort(shares["dcgan-collapsed"])[-3:].sum() > 0.8
    assert np.sort(shares["dcgan"])[-3:].sum() < 0.6
    steps, spread = {}, {}
    for name in ("vae", "vae-blurred"):
        pixels = draw(plan(name), 0, 100).pixels.astype(float)
        steps[name] = np.abs(np.diff(pixels, axis=2)).mean()  # from a pixel to the next: edges
        spread[name] = pixels.std(axis=0).mean()
    assert steps["vae-blurred"] < 0.95 * steps["vae"]
    assert spread["vae-blurred"] < 0.8 * spread["vae"]
