"""The generators of larger images, trained here: small files outside the wheel, and classes that are obeyed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks.drawing import Plan, draw
from genboard.reference_stats.features import measure
from genboard.registry.catalog import entries, find, shape_of
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.generators import LiveGenerator, load_generator
from genboard.registry.generators.draws import Draw
from genboard.registry.generators.zoo import flow_matching, pca_flow, unet
from genboard.registry.images import Images, read_all, source_of
from genboard.registry.resolve import function
from genboard.registry.schema import Generator, Track
from genboard.registry.weights import ROOT, read_weights

from genboard.core.errors import BadSamples

LARGER = {
    name: entry
    for name, entry in entries(Generator).items()
    if entry.weights is not None and (entry.weights.file or "").startswith("generators/zoo/larger/")
}
LABELLED = sorted(name for name, entry in LARGER.items() if entry.task == "class")
# A network that tells the classes, and the share of samples that it must take for the class asked for; by chance one in
# ten. Minutes of training do not tell a pullover from a coat or a shirt, nor a cat from a dog.
CLASSIFIERS = {
    "mnist": ("lenet-mnist", 0.6),
    "fashion-mnist": ("fashion-cnn", 0.6),
    "cifar10-jpeg": ("resnet20-cifar10", 0.2),
}
every_one = pytest.mark.parametrize("name", sorted(LARGER))


def track_of(name: str) -> Track:
    return find(Track, LARGER[name].tracks[-1])


def live(name: str, **arguments: float) -> LiveGenerator:
    entry = LARGER[name]
    return load_generator(entry.model_copy(update={"arguments": {**entry.arguments, **arguments}}), track_of(name))


def quick(name: str, steps: int) -> LiveGenerator:
    """The generator with a few steps, where it takes any: enough to see what it is."""
    return live(name, **({"steps": steps} if "steps" in LARGER[name].arguments else {}))


def plan(name: str, n: int) -> Plan:
    return Plan(quick(name, 3), track_of(name).seed, n, shape_of(track_of(name)))


def test_every_data_set_has_several_families():
    families: dict[str, set[str]] = {}
    for entry in LARGER.values():
        families.setdefault(entry.trained_on[0], set()).add(entry.family)
    stacks = families.pop("stacked-mnist/train")  # a test of dropped modes, for the families that are suspected of it
    assert stacks == {"gan", "vae"}
    assert set(families) == {"cifar10-jpeg/train", "fashion-mnist/train", "mnist/train"}
    assert all(len(found) >= 4 for found in families.values())


@every_one
def test_its_weights_lie_outside_the_wheel_and_have_an_address(name):
    entry = LARGER[name]
    weights = entry.weights
    assert weights is not None
    assert weights.file == f"generators/zoo/larger/{name}.safetensors"
    assert str(weights.url).endswith(f"/{name}.safetensors")
    assert (ROOT / weights.file).stat().st_size < 3_000_000
    assert entry.paper
    assert entry.origin == "trained in this project"
    dataset = find(Track, entry.tracks[0]).dataset
    assert entry.trained_on == (f"{dataset}/train",)
    assert {find(Track, track).dataset for track in entry.tracks} == {dataset}


def test_no_file_of_weights_is_left_without_an_entry():
    there = {path.name for path in (ROOT / "generators" / "zoo" / "larger").iterdir()}
    assert there == {f"{name}.safetensors" for name in LARGER}


@every_one
def test_a_sample_is_its_own_and_stays_what_it_is(name):
    pixels = draw(plan(name, 128), 0, 64).pixels
    assert len(np.unique(pixels.reshape(64, -1), axis=0)) > 60
    assert 15 < pixels.mean() < 140
    np.testing.assert_array_equal(draw(plan(name, 64), 40, 64).pixels, pixels[40:])


def obeyed(name: str, generator: LiveGenerator) -> float:
    """The share of 64 samples that a classifier takes for the class that was asked for."""
    asked = np.arange(64) % 10
    sampled = generator.sample([Draw(5, i, int(label)) for i, label in enumerate(asked)])
    pixels = (sampled.clip(0, 1) * 255).round().astype(np.uint8)
    extractor = load_extractor(CLASSIFIERS[track_of(name).dataset][0])
    logits = measure(source_of("samples", Images(pixels)), extractor).logits
    assert logits is not None
    return float((logits.argmax(1).numpy() == asked).mean())


@pytest.mark.parametrize("name", LABELLED)
def test_labels_are_obeyed(name):
    assert obeyed(name, quick(name, 10)) >= CLASSIFIERS[track_of(name).dataset][1]


@pytest.mark.parametrize("name", [name for name in LABELLED if "guidance" in LARGER[name].arguments])
def test_guidance_follows_the_label(name):
    assert obeyed(name, live(name, steps=5, guidance=0.0)) < 0.3
    assert obeyed(name, live(name, steps=5, guidance=3.0)) > CLASSIFIERS[track_of(name).dataset][1]


@pytest.mark.parametrize("module", sorted({str(entry.loader).partition(":")[0] for entry in LARGER.values()}))
def test_a_tiny_training_can_be_loaded_and_repeated(module):
    fit = function(f"{module}:train", under="registry.generators")
    load = function(f"{module}:load", under="registry.generators")
    (entry, *_) = [entry for entry in LARGER.values() if entry.loader == f"{module}:load"]
    images = read_all(load_split("digits", "train")).take(slice(0, 70))
    training: dict[str, Any] = {**entry.training, "epochs": 1}
    first, second = fit(images, **training), fit(images, **training)
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])
    assert any((first[key] != value).any() for key, value in fit(images, **training, seed=1).items())
    assert read_weights(entry.weights).keys() == first.keys()
    assert load(first, find(Track, "digits"))([Draw(1, i) for i in range(3)]).shape == (3, 8, 8, 1)


def test_flow_matching_with_the_true_velocity_finds_the_image():
    x, image = torch.randn(5, 1, 4, 4), torch.linspace(-0.9, 0.9, 16).view(1, 1, 4, 4)

    class Straight(torch.nn.Module):
        def forward(self, at: torch.Tensor, times: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
            share = (times / unet.TIMES)[:, None, None, None]
            torch.testing.assert_close(at, (1 - share) * x + share * image)  # asked on the path, at its time
            return image - x

    for steps in (1, 7):
        made = flow_matching.carried(Straight(), x, torch.zeros(5, dtype=torch.long), steps)
        torch.testing.assert_close(made, image.expand(5, -1, -1, -1), atol=1e-5, rtol=0)


def test_steps_of_heun_are_of_second_order():
    class Growing(torch.nn.Module):  # x' = x, so that x(1) = e x(0)
        def forward(self, x: torch.Tensor, _: torch.Tensor, __: torch.Tensor) -> torch.Tensor:
            return x

    x, labels = torch.ones(1, 1, 1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.long)
    error = {n: abs(float(flow_matching.carried(Growing(), x, labels, n)) - np.e) for n in (10, 20)}
    assert error[10] / error[20] == pytest.approx(4, abs=0.3)


@pytest.mark.parametrize("steps", [0, -1])
def test_no_steps_are_refused(steps):
    with pytest.raises(BadSamples, match=f"{steps} steps of Heun's method"):
        live("fashion-flow-matching", steps=steps)


def test_the_flow_of_components_is_undone_and_its_volume_is_the_jacobians():
    torch.manual_seed(8)
    flow = pca_flow.Flow(7, hidden=6, couplings=3).double()
    for parameter in flow.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    flow.requires_grad_(False)
    x = torch.randn(2, 7, dtype=torch.float64)
    z, gained = flow(x)
    assert float((z.sort()[0] - x.sort()[0]).abs().mean()) > 0.05
    torch.testing.assert_close(flow.inverse(z), x, atol=1e-8, rtol=1e-8)
    for one, volume in zip(x, gained, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v: flow(v[None])[0][0], one)
        assert float(volume) == pytest.approx(float(torch.linalg.slogdet(jacobian).logabsdet), abs=1e-8)


def test_components_are_those_of_the_covariance():
    rows = np.random.default_rng(0).standard_normal((50, 4)) * [1, 5, 0.1, 2]
    mean, directions = pca_flow.principal(rows, 4)
    np.testing.assert_allclose(mean, rows.mean(axis=0))
    np.testing.assert_allclose(directions.T @ directions, np.cov(rows, rowvar=False), atol=1e-9)
    assert (np.diff(np.square(directions).sum(axis=1)) < 0).all()
