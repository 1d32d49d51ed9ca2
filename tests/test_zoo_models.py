"""The mathematics of the generators trained here: flows have densities, pixels see the past, diffusion finds images."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split
from genboard.registry.generators.draws import choose
from genboard.registry.generators.zoo import ddpm, kde, pixelcnn, pixelrnn, place_by_place, realnvp, vqvae, wgan_gp
from genboard.registry.images import read_all
from genboard.registry.schema import Generator
from genboard.registry.training import Arrays, filled, shifted
from genboard.registry.weights import read_weights


def weights_of(name: str) -> Arrays:
    """The committed weights of an entry."""
    weights = find(Generator, name).weights
    assert weights is not None
    return read_weights(weights)


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
    weights = weights_of("kde")
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
    weights = {name: weights_of(name) for name in ("pixelcnn", "pixelrnn", "realnvp")}
    networks = {
        "pixelcnn": filled(pixelcnn.PixelCNN(torch.zeros(17, 1)), weights["pixelcnn"], "network."),
        "pixelrnn": filled(pixelrnn.PixelRNN(torch.zeros(17, 1)), weights["pixelrnn"], "network."),
    }
    flow = filled(realnvp.Flow((8, 8, 1)), weights["realnvp"], "flow.")
    bits: dict[str, list[float]] = {name: [] for name in weights}
    torch.manual_seed(0)
    for split in ("train", "reference", "held-out"):
        pixels = read_all(load_split("digits", split)).pixels.transpose(0, 3, 1, 2)
        symbols = torch.from_numpy(np.searchsorted(weights["realnvp"]["levels"], pixels))
        for name, network in networks.items():
            bits[name].append(place_by_place.bits_per_dimension(network, symbols[:, 0]))
        bits["realnvp"].append(realnvp.bits_per_dimension(flow, symbols, 17, draws=2))
    for name, found in bits.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |") and line.count("|") == 5]
        stated = [float(cell) for cell in line.split("|")[2:5]]
        assert found == pytest.approx(stated, abs=0.01)
    noise = torch.randint(17, (200, 1, 8, 8))
    assert realnvp.bits_per_dimension(flow, noise, 17) > log(17) / log(2)
    for network in networks.values():
        assert place_by_place.bits_per_dimension(network, noise[:, 0]) > log(17) / log(2)


Autoregressive = type[pixelcnn.PixelCNN] | type[pixelrnn.PixelRNN]
each_autoregressive = pytest.mark.parametrize("architecture", [pixelcnn.PixelCNN, pixelrnn.PixelRNN])


def random_network(architecture: Autoregressive, levels: int) -> pixelcnn.PixelCNN | pixelrnn.PixelRNN:
    torch.manual_seed(4)
    layers = 4 if architecture is pixelcnn.PixelCNN else 2
    network = architecture(torch.linspace(0, 1, levels)[:, None], width=8, layers=layers)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return network.requires_grad_(False).eval()


@each_autoregressive
def test_no_pixel_sees_itself_or_a_later_one(architecture):
    network = random_network(architecture, 5)
    grid = torch.randint(5, (1, 4, 5))
    before = network(grid).flatten(2)
    for place in range(20):
        other = grid.clone()
        other.view(-1)[place] = (other.view(-1)[place] + 1) % 5
        changed = (network(other).flatten(2) - before).abs().amax(dim=(0, 1)) > 1e-7
        assert not changed[: place + 1].any()
        assert changed[place + 1 :].all()


@each_autoregressive
def test_the_probabilities_of_all_grids_sum_to_one(architecture):
    network = random_network(architecture, 2)
    grids = torch.cartesian_prod(*[torch.arange(2)] * 6).view(-1, 2, 3)
    logs = network(grids).log_softmax(dim=1).gather(1, grids[:, None]).double().sum(dim=(1, 2, 3))
    assert float(logs.exp().sum()) == pytest.approx(1, abs=1e-5)


@each_autoregressive
def test_drawing_row_by_row_is_drawing_from_the_whole_network(architecture):
    network = random_network(architecture, 5)
    numbers = np.random.default_rng(2).random((30, 24), dtype=np.float32)
    symbols = network.draw(numbers, 4, 6)
    shares = network(torch.from_numpy(symbols)).softmax(dim=1).permute(0, 2, 3, 1).reshape(-1, 5)
    np.testing.assert_array_equal(choose(shares.numpy(), numbers.reshape(-1)), symbols.reshape(-1))
    assert len(np.unique(symbols)) == 5


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
