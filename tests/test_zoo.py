"""Generators of digits, trained here: each family is held to its own mathematics, and every entry to the protocol."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from math import log
from pathlib import Path
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
from genboard.registry.generators.zoo import ddpm, kde, pixelcnn, realnvp, vqvae, wgan_gp
from genboard.registry.images import Images, read_all, source_of
from genboard.registry.resolve import function
from genboard.registry.schema import Generator, Track
from genboard.registry.training import filled, shifted
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
        "gan",
        "autoregressive",
        "flow",
        "diffusion",
    }
    assert len(MODULES) >= 12
    assert len(LABELLED) >= 3
    assert len(LATENT) >= 6


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


@every_module
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


def test_shifts_move_whole_images():
    torch.manual_seed(0)
    x = torch.rand(200, 1, 5, 6)
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1))
    moved = shifted(x)
    offsets = set()
    for before, after in zip(padded, moved, strict=True):
        matches = [(a, b) for a in range(3) for b in range(3) if torch.equal(before[:, a : a + 5, b : b + 6], after)]
        assert len(matches) == 1
        offsets.update(matches)
    assert len(offsets) == 9


def test_the_kernel_width_is_the_likeliest():
    x = np.random.default_rng(3).standard_normal((40, 3))
    from sklearn.neighbors import KernelDensity

    others = [KernelDensity(bandwidth=0.4).fit(np.delete(x, i, 0)).score_samples(x[i : i + 1])[0] for i in range(40)]
    assert kde.left_out_likelihood(x, 0.4) == pytest.approx(np.mean(others), abs=1e-9)
    weights = read_weights(ZOO["kde"].weights)
    scaled, width = weights["images"].reshape(797, -1) / 255.0, float(weights["width"][0])
    best = kde.left_out_likelihood(scaled, width)
    assert best > kde.left_out_likelihood(scaled, width * 1.05)
    assert best > kde.left_out_likelihood(scaled, width / 1.05)


def test_the_critics_penalty_is_that_of_a_linear_function():
    judge = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 1))
    norm = float(judge[1].weight.detach().norm())
    real, made = torch.rand(2, 6, 1, 8, 8)
    assert float(wgan_gp.penalty(judge, real, made).detach()) == pytest.approx((norm - 1) ** 2)


def random_flow(shape: tuple[int, int, int]) -> realnvp.Flow:
    """A flow that does something: as built, it is the identity."""
    torch.manual_seed(8)
    flow = realnvp.Flow(shape).eval()
    for parameter in flow.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    return flow.requires_grad_(False)


@pytest.mark.parametrize("shape", [(8, 8, 1), (4, 6, 3), (3, 5, 2)])
def test_the_flow_is_undone_and_its_volume_is_the_jacobians(shape):
    height, width, channels = shape
    flow = random_flow(shape).double()
    x = torch.randn(2, channels, height, width, dtype=torch.float64)
    z, gained = flow(x)
    assert float((z - x.flatten(1)).abs().mean()) > 0.05
    torch.testing.assert_close(flow.inverse(z, shape), x, atol=1e-8, rtol=1e-8)
    for one, volume in zip(x, gained, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda v: flow(v.view(1, *x.shape[1:]))[0].flatten(), one.flatten()
        )
        sign, expected = torch.linalg.slogdet(jacobian)
        assert sign == 1
        assert float(volume) == pytest.approx(float(expected), abs=1e-8)


def test_the_flows_density_integrates_to_one():
    flow = random_flow((1, 2, 1))
    side = torch.linspace(-8, 8, 201)
    points = torch.cartesian_prod(side, side).view(-1, 1, 1, 2)
    mass = flow.log_density(points).double().exp().sum() * (16 / 200) ** 2
    assert float(mass) == pytest.approx(1, abs=1e-3)


def test_the_flows_likelihoods_of_all_images_sum_to_one():
    flow, levels = random_flow((1, 2, 1)), 3
    torch.manual_seed(1)
    every = torch.cartesian_prod(torch.arange(levels), torch.arange(levels)).view(-1, 1, 1, 2)
    total = 0.0
    for image in every:
        x, gained = realnvp.dequantised(image.expand(4000, -1, -1, -1), levels)
        assert torch.equal(realnvp.quantised(x, levels), image.expand(4000, -1, -1, -1))
        total += float((flow.log_density(x) + gained).double().exp().mean())
    # What the flow puts beyond the ends is nobody's: with a spread near 1, a few per cent.
    assert 0.9 < total < 1.02


def test_the_likelihoods_are_those_the_documentation_states():
    text = (Path(__file__).resolve().parents[1] / "docs" / "zoo.md").read_text("utf-8")
    weights = {name: read_weights(ZOO[name].weights) for name in ("pixelcnn", "realnvp")}
    network = filled(pixelcnn.PixelCNN(torch.zeros(17, 1)), weights["pixelcnn"], "network.")
    flow = filled(realnvp.Flow((8, 8, 1)), weights["realnvp"], "flow.")
    bits: dict[str, list[float]] = {"pixelcnn": [], "realnvp": []}
    torch.manual_seed(0)
    for split in ("train", "reference", "held-out"):
        pixels = read_all(load_split("digits", split)).pixels.transpose(0, 3, 1, 2)
        symbols = torch.from_numpy(np.searchsorted(weights["realnvp"]["levels"], pixels))
        bits["pixelcnn"].append(pixelcnn.bits_per_dimension(network, symbols[:, 0]))
        bits["realnvp"].append(realnvp.bits_per_dimension(flow, symbols, 17, draws=2))
    for name, found in bits.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |") and line.count("|") == 5]
        stated = [float(cell) for cell in line.split("|")[2:5]]
        assert found == pytest.approx(stated, abs=0.01)
    noise = torch.randint(17, (200, 1, 8, 8))
    assert realnvp.bits_per_dimension(flow, noise, 17) > log(17) / log(2)
    assert pixelcnn.bits_per_dimension(network, noise[:, 0]) > log(17) / log(2)


def random_pixelcnn(levels: int) -> pixelcnn.PixelCNN:
    torch.manual_seed(4)
    network = pixelcnn.PixelCNN(torch.linspace(0, 1, levels)[:, None], width=8, layers=4)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return network.requires_grad_(False).eval()


def test_no_pixel_sees_itself_or_a_later_one():
    network = random_pixelcnn(5)
    grid = torch.randint(5, (1, 4, 5))
    before = network(grid).flatten(2)
    for place in range(20):
        other = grid.clone()
        other.view(-1)[place] = (other.view(-1)[place] + 1) % 5
        changed = (network(other).flatten(2) - before).abs().amax(dim=(0, 1)) > 1e-7
        assert not changed[: place + 1].any()
        assert changed[place + 1 :].all()


def test_the_probabilities_of_all_grids_sum_to_one():
    network = random_pixelcnn(2)
    grids = torch.cartesian_prod(*[torch.arange(2)] * 6).view(-1, 2, 3)
    logs = network(grids).log_softmax(dim=1).gather(1, grids[:, None]).double().sum(dim=(1, 2, 3))
    assert float(logs.exp().sum()) == pytest.approx(1, abs=1e-5)


def test_drawing_row_by_row_is_drawing_from_the_whole_network():
    network = random_pixelcnn(5)
    numbers = np.random.default_rng(2).random((30, 24), dtype=np.float32)
    symbols = network.draw(numbers, 4, 6)
    shares = network(torch.from_numpy(symbols)).softmax(dim=1).permute(0, 2, 3, 1).reshape(-1, 5)
    np.testing.assert_array_equal(choose(shares.numpy(), numbers.reshape(-1)), symbols.reshape(-1))
    assert len(np.unique(symbols)) == 5


def test_pixelcnn_draws_no_level_that_training_has_not():
    pixels = draw(plan("pixelcnn"), 0, 64).pixels
    assert set(np.unique(pixels)) <= set(np.unique(read_all(load_split("digits", "train")).pixels))


def test_the_nearest_code_is_the_nearest():
    grid, codebook = torch.randn(3, 4, 2, 5), torch.randn(7, 4)
    codes = vqvae.nearest(grid, codebook)
    assert codes.shape == (3, 2, 5)
    for n, i, j in np.ndindex(3, 2, 5):
        assert int(codes[n, i, j]) == int((codebook - grid[n, :, i, j]).norm(dim=1).argmin())


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("velocity", [False, True])
def test_diffusion_with_the_true_noise_or_velocity_finds_the_image(velocity, steps, guidance):
    image = torch.rand(1, 1, 4, 4) * 1.8 - 0.9
    signal = ddpm.kept()

    class Knowing(torch.nn.Module):
        label = torch.nn.Embedding(3, 1)

        def forward(self, x: torch.Tensor, times: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
            left = signal[times][:, None, None, None]
            noise = (x - left.sqrt() * image) / (1 - left).sqrt()
            return left.sqrt() * noise - (1 - left).sqrt() * image if velocity else noise

    x, labels = torch.randn(5, 1, 4, 4), torch.zeros(5, dtype=torch.long)
    made = ddpm.denoise(Knowing(), x, labels, steps, guidance, velocity)
    torch.testing.assert_close(made, image.expand(5, -1, -1, -1), atol=2e-3, rtol=0)


def test_noise_grows_with_time():
    signal = ddpm.kept()
    assert float(signal[0]) > 0.999
    assert (signal.diff() <= 0).all()
    assert 0 < float(signal[-1]) <= 1e-4 + 1e-9


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
