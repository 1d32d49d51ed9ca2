"""Images per second of the Inception network, side by side with the peers, on the same weights and the same images.

The weights are random: the published ones take the same time. Each peer computes as many images at once as this
project's space does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find
from genboard.registry.extractors import LiveExtractor, inception
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.images import Images
from genboard.registry.schema import Extractor, Precision
from pytest_benchmark.fixture import BenchmarkFixture

ENTRY = find(Extractor, "inception-v3-tf2015-torch")
ROUNDS = 3
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:UserWarning")


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    from torchvision.models import Inception3

    with torch.device("meta"):
        network = Inception3(num_classes=inception.CLASSES, aux_logits=False, init_weights=False)
    random = torch.Generator().manual_seed(0)
    return {key: parameter(tuple(value.shape), key, random) for key, value in network.state_dict().items()}


def parameter(shape: tuple[int, ...], key: str, random: torch.Generator) -> torch.Tensor:
    if not shape:
        return torch.tensor(0)
    if len(shape) > 1:
        return torch.randn(shape, generator=random) * np.sqrt(2 / np.prod(shape[1:]))
    return (
        0.5 + torch.rand(shape, generator=random) if key.endswith(("running_var", "bn.weight")) else torch.zeros(shape)
    )


@pytest.fixture(scope="module")
def images() -> Images:
    return Images(np.random.default_rng(0).integers(0, 256, (ENTRY.block, 256, 256, 3), np.uint8))


def timed(benchmark: BenchmarkFixture, who: str, images: Images, call: Callable[[], Any], rounds: int = ROUNDS) -> None:
    height, width, _ = images.shape
    work = f"Inception v3, {len(images)} images of {width}x{height}"
    benchmark.extra_info.update(work=work, who=who, images=len(images))
    benchmark.pedantic(call, rounds=rounds, warmup_rounds=rounds // 3)


def ours(state: dict[str, torch.Tensor], precision: Precision) -> LiveExtractor:
    network = inception.load({key: value.numpy() for key, value in state.items()})
    return LiveExtractor(ENTRY, find_mode(ENTRY.preprocessing), network, torch.device("cpu"), precision)


def test_inception(benchmark, state, images):
    extractor = ours(state, "float32")
    timed(benchmark, "genboard", images, lambda: extractor.compute(images, "images"))


def test_inception_pytorch_fid(benchmark, state, images, monkeypatch):
    from pytorch_fid import inception as peer

    monkeypatch.setattr(peer, "load_state_dict_from_url", lambda *_, **__: state)
    network = peer.InceptionV3([3]).eval()
    planes = torch.from_numpy(images.pixels).permute(0, 3, 1, 2)

    def call() -> torch.Tensor:
        with torch.no_grad():
            return network(planes.float() / 255)[0].flatten(1)

    timed(benchmark, "pytorch-fid", images, call)
    assert torch.allclose(call(), ours(state, "float32").compute(images, "images")[0], rtol=1e-3, atol=1e-4)


def test_inception_torch_fidelity(benchmark, state, images, tmp_path):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.save(state, tmp_path / "weights.pth")
    weights = str(tmp_path / "weights.pth")
    network = FeatureExtractorInceptionV3("x", ["2048"], feature_extractor_weights_path=weights)
    planes = torch.from_numpy(images.pixels).permute(0, 3, 1, 2)

    def call() -> torch.Tensor:
        with torch.no_grad():
            return network(planes)[0]

    timed(benchmark, "torch-fidelity", images, call)


def test_inception_bf16(benchmark, state, images):
    extractor = ours(state, "bf16")
    # Where the processor has no bfloat16, torch takes minutes over it.
    timed(benchmark, "genboard, bf16", images, lambda: extractor.compute(images, "images"), rounds=1)
