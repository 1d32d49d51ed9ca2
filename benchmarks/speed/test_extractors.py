"""Images per second of the Inception network, side by side with the peers, on the same weights and the same images.

The weights are random: the published ones take the same time. Each peer computes as many images at once as this
project's space does.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find
from genboard.registry.extractors import LiveExtractor, fused, inception
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.images import Images
from genboard.registry.schema import Extractor, Precision
from rounds import OURS, alternate

ENTRY = find(Extractor, "inception-v3-tf2015-torch")
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


def ours(state: dict[str, torch.Tensor], precision: Precision, entry: Extractor = ENTRY) -> LiveExtractor:
    network = inception.load({key: value.numpy() for key, value in state.items()})
    return LiveExtractor(entry, find_mode(entry.preprocessing), network, torch.device("cpu"), precision)


def test_inception(benchmark, state, images, monkeypatch, tmp_path):
    from pytorch_fid import inception as pytorch_fid
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    monkeypatch.setattr(pytorch_fid, "load_state_dict_from_url", lambda *_, **__: state)
    torch.save(state, tmp_path / "weights.pth")
    first = pytorch_fid.InceptionV3([3]).eval()
    second = FeatureExtractorInceptionV3(
        "x", ["2048"], feature_extractor_weights_path=str(tmp_path / "weights.pth")
    ).eval()
    planes = torch.from_numpy(images.pixels).permute(0, 3, 1, 2)
    full, half = ours(state, "float32"), ours(state, "bf16")

    @torch.no_grad()
    def by_pytorch_fid() -> torch.Tensor:
        return first(planes.float() / 255)[0].flatten(1)

    @torch.no_grad()
    def by_torch_fidelity() -> torch.Tensor:
        return second(planes)[0]

    assert torch.allclose(by_pytorch_fid(), full.compute(images, "images")[0], rtol=1e-3, atol=1e-4)
    height, width, _ = images.shape
    alternate(
        benchmark,
        lambda: full.compute(images, "images"),
        {
            "pytorch-fid": by_pytorch_fid,
            "torch-fidelity": by_torch_fidelity,
            # Where the processor has no bfloat16, torch takes long over it.
            f"{OURS}, bf16": lambda: half.compute(images, "images"),
        },
        images=len(images),
        what=f"Inception v3, {len(images)} images of {width}x{height}",
    )


def test_ways(benchmark, state, images, monkeypatch):
    extractor = ours(state, "float32")
    larger = ours(state, "float32", ENTRY.model_copy(update={"sub_batch": 32}))
    pixels = torch.from_numpy(images.pixels)

    @torch.inference_mode()
    def together() -> None:
        extractor.network(extractor.prepare(pixels))

    def apart() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(fused, "ONEDNN", object())
            extractor.compute(images, "images")

    alternate(
        benchmark,
        lambda: extractor.compute(images, "images"),
        {
            "all cores in every operation, 64 images at once": together,
            "sub-batches of 32": lambda: larger.compute(images, "images"),
            "convolution and ReLU apart": apart,
        },
        step="Inception v3, 64 images of 256x256",
        taken=f"sub-batches of {ENTRY.sub_batch}, one core each, convolution and ReLU in one",
    )
