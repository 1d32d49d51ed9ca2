"""Images per second of the Inception network, side by side with the peers, on the same weights and the same images.

The weights are random: the published ones take the same time. Each peer computes as many images at once as this
project's space does.
"""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find
from genboard.registry.extractors import LiveExtractor, efficientnet_lite, fused, inception, lenet, resnet20
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.extractors.runtimes import OnnxNetwork
from genboard.registry.images import Images
from genboard.registry.schema import Extractor, Precision
from rounds import OURS, alternate
from runtimes import Features, by_frozen_graph, by_inductor, by_openvino

ENTRY = find(Extractor, "inception-v3-tf2015-torch")
TOLERANCE = 5e-6  # relative, of whole features: that of the tests of parity
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
        0.5 + torch.rand(shape, generator=random)
        if key.endswith(("running_var", "bn.weight", "bn0.weight", "bn1.weight", "bn2.weight"))
        else torch.zeros(shape)
    )


@pytest.fixture(scope="module")
def images() -> Images:
    return Images(np.random.default_rng(0).integers(0, 256, (ENTRY.block, 256, 256, 3), np.uint8))


def ours(state: dict[str, torch.Tensor], precision: Precision, entry: Extractor = ENTRY) -> LiveExtractor:
    network = inception.load({key: value.numpy() for key, value in state.items()})
    return LiveExtractor(entry, find_mode(entry.preprocessing), network, torch.device("cpu"), precision)


@pytest.mark.parametrize("runtime", ["torch", "onnxruntime"])
def test_inception(benchmark, state, images, monkeypatch, tmp_path, runtime):
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
    by_onnx = by_onnxruntime(full)

    @torch.no_grad()
    def by_pytorch_fid() -> torch.Tensor:
        return first(planes.float() / 255)[0].flatten(1)

    @torch.no_grad()
    def by_torch_fidelity() -> torch.Tensor:
        return second(planes)[0]

    for live in (full, by_onnx):
        assert torch.allclose(by_pytorch_fid(), live.compute(images, "images")[0], rtol=1e-3, atol=1e-4)
    height, width, _ = images.shape
    what = f"Inception v3, {len(images)} images of {width}x{height}"
    if runtime == "onnxruntime":
        others = {"pytorch-fid": by_pytorch_fid, f"{OURS}, torch": lambda: full.compute(images, "images")}
        alternate(
            benchmark,
            lambda: by_onnx.compute(images, "images"),
            others,
            images=len(images),
            what=f"{what}, by ONNX Runtime",
        )
        return
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
        what=what,
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
        network="Inception v3, 64 images of 256x256",
        taken=f"sub-batches of {ENTRY.sub_batch}, one core each, convolution and ReLU in one",
    )


# Feature space, image size, and blocks of images that take long enough to be timed.
SPACES = {
    "inception-v3-tf2015-torch": ((256, 256, 3), 1),
    "efficientnet-lite0": ((256, 256, 3), 1),
    "resnet20-cifar10": ((32, 32, 3), 4),
    "lenet-mnist": ((28, 28, 1), 40),
}


@pytest.mark.parametrize("name", SPACES)
def test_runtimes(benchmark, state, name):
    """The networks of the spaces by every runtime at hand; each must give the same features."""
    shape, blocks = SPACES[name]
    extractor = ours(state, "float32") if name == ENTRY.name else space(name)
    entry = extractor.entry
    block = Images(np.random.default_rng(0).integers(0, 256, (entry.block, *shape), np.uint8))
    example = extractor.prepare(torch.from_numpy(block.pixels[: entry.sub_batch]))
    makers = {
        "openvino": ("OpenVINO", by_openvino),
        "torch.jit": ("torch.jit, frozen and optimized", by_frozen_graph),
        "torch.compiler": ("torch.compile, frozen", by_inductor),
    }
    ways = {way: make(extractor.network, example) for library, (way, make) in makers.items() if at_hand(library)}
    expected = extractor.compute(block, "images")[0]

    def in_place_of(network: Features) -> LiveExtractor:
        alone = entry.model_copy(update={"classes": None})
        return replace(extractor, entry=alone, network=lambda prepared: (network(prepared), None))

    spaces = {way: in_place_of(network) for way, network in ways.items()} | {"ONNX Runtime": by_onnxruntime(extractor)}
    for way, live in spaces.items():
        gap = (live.compute(block, "images")[0] - expected).norm() / expected.norm()
        assert gap < TOLERANCE, way

    def run(live: LiveExtractor) -> None:
        for _ in range(blocks):
            live.compute(block, "images")

    height, width, _ = shape
    alternate(
        benchmark,
        lambda: run(extractor),
        {way: partial(run, live) for way, live in spaces.items()},
        network=f"{entry.name}, {blocks * entry.block:,} images of {width}x{height}",
        taken="torch, with its operations of oneDNN",
    )


def by_onnxruntime(live: LiveExtractor) -> LiveExtractor:
    """The same space as `--runtime onnxruntime` has it."""
    return replace(live, network=OnnxNetwork(live.entry, live.network), runtime="onnxruntime")


def at_hand(library: str) -> bool:
    """OpenVINO is timed where it is installed; nothing here depends on it."""
    return importlib.util.find_spec(library) is not None


def space(name: str) -> LiveExtractor:
    """A feature space with random weights where its own are not at hand."""
    entry = find(Extractor, name)
    module, kind = {"resnet20-cifar10": (resnet20, resnet20.ResNet20), "lenet-mnist": (lenet, lenet.LeNet)}.get(
        name, (efficientnet_lite, efficientnet_lite.EfficientNetLite0)
    )
    random = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        shapes = kind().state_dict()
    arrays = {key: parameter(tuple(value.shape), key, random).numpy() for key, value in shapes.items()}
    network = module.load(arrays)
    return LiveExtractor(entry, find_mode(entry.preprocessing), network, torch.device("cpu"))
