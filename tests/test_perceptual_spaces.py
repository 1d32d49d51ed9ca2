"""LPIPS, content and style as feature spaces: against the package lpips, torchmetrics and the formulas."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.inputs import MetricInputs
from genboard.benchmarks.metrics.pairs import squared_distance
from genboard.benchmarks.scoring import score
from genboard.registry.catalog import entries, find
from genboard.registry.extractors import LiveExtractor, gatys, load_extractor, lpips
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.extractors.vgg import random_weights
from genboard.registry.images import Images
from genboard.registry.metrics import find_metric
from genboard.registry.schema import Extractor
from test_extractors import colour
from torch import Tensor, nn
from torch.nn import functional as F

from genboard.core.errors import BadWeights

NETWORKS = {"lpips-alex": "alexnet", "lpips-vgg": "vgg16", "lpips-squeeze": "squeezenet1_1"}
every_network = pytest.mark.parametrize("name", NETWORKS)


def trunk(name: str) -> Any:
    """torchvision's convolutions with random weights."""
    from torchvision import models

    network = getattr(models, NETWORKS[name])(weights=None).features
    arrays = random_weights(network)
    network.load_state_dict({key: torch.from_numpy(value) for key, value in arrays.items()})
    return network


def live(name: str, network: nn.Module) -> LiveExtractor:
    entry = find(Extractor, name)
    return LiveExtractor(entry, find_mode(entry.preprocessing), network.eval(), torch.device("cpu"))


def extracted(name: str, images: Images) -> Tensor:
    arrays = {key: value.numpy() for key, value in trunk(name).state_dict().items()}
    return live(name, lpips.load(arrays, NETWORKS[name])).compute(images, "random images")[0]


def signed(images: Images, size: int = 64) -> Tensor:
    """In [-1, 1], (n, c, h, w), antialiased to a size."""
    x = torch.from_numpy(images.pixels).permute(0, 3, 1, 2).double()
    x = F.interpolate(x, size=(size, size), mode="bilinear", antialias=True).clamp(0, 255)
    return (x / 127.5 - 1).float()


@every_network
def test_the_squared_distance_is_lpips_of_torchmetrics(name):
    from torchmetrics.functional.image.lpips import _LPIPS

    images = colour(4, 64, 64)
    peer = _LPIPS(net=name.removeprefix("lpips-"), pnet_rand=True)
    layers = [module for module in peer.net.modules() if isinstance(module, nn.Conv2d)]
    ours = [module for module in trunk(name).modules() if isinstance(module, nn.Conv2d)]
    assert len(ours) >= 5
    for theirs, module in zip(layers, ours, strict=True):
        theirs.load_state_dict(module.state_dict())
    features, x = extracted(name, images), signed(images)
    expected = peer(x[:2], x[2:]).flatten()
    assert float(expected.min()) > 1e-3
    found = squared_distance(MetricInputs(features[:2], pair=features[2:]))
    assert found.influence.numpy() == pytest.approx(expected.numpy(), rel=1e-5)


def test_it_is_that_of_the_package_lpips_too():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        package = pytest.importorskip("lpips")
        peer = package.LPIPS(net="alex", pnet_rand=True, verbose=False).eval()
    ours = [module for module in trunk("lpips-alex").modules() if isinstance(module, nn.Conv2d)]
    theirs = [module for module in peer.net.modules() if isinstance(module, nn.Conv2d)]
    for one, other in zip(theirs, ours, strict=True):
        one.load_state_dict(other.state_dict())
    images = colour(4, 64, 64)
    features, x = extracted("lpips-alex", images), signed(images)
    with torch.inference_mode():
        expected = peer(x[:2], x[2:]).flatten()
    found = squared_distance(MetricInputs(features[:2], pair=features[2:]))
    assert found.influence.numpy() == pytest.approx(expected.numpy(), rel=1e-5)


def test_images_are_resized_to_64_pixels_and_scaled_as_lpips_scales_them():
    images = colour(3, 90, 70)
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    expected = (signed(images) - shift.view(-1, 1, 1)) / scale.view(-1, 1, 1)
    found = find_mode("lpips-64")(torch.from_numpy(images.pixels))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_weights_below_zero_have_no_root(monkeypatch):
    found = {f"lin{i}.model.1.weight": np.full((1, 3, 1, 1), 1 - i, np.float32) for i in range(5)}
    monkeypatch.setattr(lpips, "read_weights", lambda _: found)
    with pytest.raises(BadWeights, match="LPIPS over alexnet: a weight of a channel is below 0"):
        lpips.linear_weights("alexnet")


def of_entry(name: str, n: int) -> Images:
    shape = find(Extractor, name).input
    shape = shape if isinstance(shape, tuple) else (30, 40, 3)
    return Images(np.random.default_rng(9).integers(0, 256, (n, *shape), np.uint8))


def maps_of(name: str, images: Images) -> list[Tensor]:
    """The maps behind a space, by the layers' own numbers in the network that it is named after, float64."""
    base = name.partition("-")[2]
    space = load_extractor(base)
    x, network = space.prepare(torch.from_numpy(images.pixels)), space.network
    if base == "lenet-mnist":
        first = network.convnet["c1"](x).relu()
        return [first.double(), network.convnet["c3"](F.max_pool2d(first, 2)).relu().double()]
    stack, wanted = (network.body, (1, 3, 6)) if base == "digits-cnn" else (network.features, (1, 6, 11, 18, 20, 25))
    found = []
    for i, layer in enumerate(stack):
        x = layer(x)
        if i in wanted:
            found.append(x.double().clone())
    return found


def content(maps: list[Tensor]) -> float:
    x, y = maps[-2 if len(maps) == 6 else -1]
    return float((x - y).square().sum()) / 2


def style(maps: list[Tensor]) -> float:
    total = 0.0
    layers = [m for i, m in enumerate(maps) if len(maps) != 6 or i != 4]  # without conv4_2
    for x in layers:
        channels, places = x.shape[1], x.shape[2] * x.shape[3]
        one, other = (v.flatten(1) @ v.flatten(1).T for v in x)
        total += float((one - other).square().sum()) / (4 * channels**2 * places**2) / len(layers)
    return total


def of_lpips(maps: list[Tensor]) -> float:
    return sum(float(F.normalize(m, dim=1).diff(dim=0).square().sum(1).mean()) for m in maps)


SPACES = [name for name in entries(Extractor) if name.startswith(("content-", "style-", "lpips-"))]


def heavy(name: str) -> Any:
    """VGG16 takes seconds."""
    return pytest.param(name, marks=pytest.mark.slow if "vgg16" in name else ())


@pytest.mark.parametrize("name", [heavy(name) for name in SPACES if name not in NETWORKS])
def test_the_squared_distance_is_the_published_formula(name):
    images = of_entry(name, 2)
    features = load_extractor(name).compute(images, "random images")[0]
    formula = {"content": content, "style": style, "lpips": of_lpips}[name.partition("-")[0]]
    apart = float((features[0].double() - features[1].double()).square().sum())
    assert apart > 0
    assert apart == pytest.approx(formula(maps_of(name, images)), rel=2e-5)


def test_every_space_has_its_metric():
    assert len(SPACES) >= 11
    inputs = MetricInputs(torch.rand(5, 4), pair=torch.rand(5, 4))
    by_kind = {"lpips": "lpips", "content": "content_distance", "style": "style_distance"}
    for name in SPACES:
        metric = by_kind.pop(name.partition("-")[0], None)
        if metric is not None:
            assert score(find_metric(metric), inputs, extractor=name).record.value is not None
    assert not by_kind


def test_gram_matrices_are_symmetric_so_half_of_them_says_all():
    x = torch.randn(3, 4, 2, 5)
    whole = torch.einsum("nchw,ndhw->ncd", x, x).flatten(1) / (2 * 4 * 10)
    half = gatys._gram(x)
    assert half.shape == (3, 10)
    torch.testing.assert_close(torch.cdist(half, half), torch.cdist(whole, whole))
