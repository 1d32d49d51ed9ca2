"""The same weights and the same uint8 images into this project's networks and into those of the peers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from genboard.registry.extractors import inception, transformer, vgg
from genboard.registry.extractors.preprocessing import find_mode
from test_extractors import colour, inception_arrays
from torch import Tensor

# Relative, of whole features: batch normalisation is folded, so sums are taken in another order.
TOLERANCE = 5e-6
TAPS = {64: inception.load_64, 192: inception.load_192, 768: inception.load_768, 2048: inception.load}
IMAGES = torch.from_numpy(colour(3, 45, 60).pixels)


def gap(found: Tensor, expected: Tensor) -> float:
    assert found.shape == expected.shape
    assert float(expected.std(dim=0).max()) > 0
    return float((found - expected).norm() / expected.norm())


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    return inception_arrays()


def tensors(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    counters = {k.replace("running_mean", "num_batches_tracked") for k in arrays if k.endswith("running_mean")}
    return {k: torch.from_numpy(v) for k, v in arrays.items()} | {k: torch.tensor(0) for k in counters}


def test_inception_is_that_of_torch_fidelity(arrays, tmp_path):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.save(tensors(arrays), tmp_path / "weights.pth")
    names = ["64", "192", "768", "2048", "logits_unbiased"]
    peer = FeatureExtractorInceptionV3("x", names, feature_extractor_weights_path=str(tmp_path / "weights.pth"))
    with torch.inference_mode():
        expected = dict(zip(names, peer(IMAGES.permute(0, 3, 1, 2)), strict=True))
        prepared = find_mode("tf1-bilinear-299")(IMAGES)
        for tap, load in TAPS.items():
            features, logits = load(arrays)(prepared)
            assert gap(features, expected[str(tap)]) < TOLERANCE, tap
            assert (logits is None) == (tap != 2048)
        assert logits is not None
        assert gap(logits, expected["logits_unbiased"]) < TOLERANCE


def test_inception_is_that_of_pytorch_fid(arrays, monkeypatch):
    from pytorch_fid import inception as peer

    monkeypatch.setattr(peer, "load_state_dict_from_url", lambda *_, **__: tensors(arrays))
    network = peer.InceptionV3([0, 1, 2, 3]).eval()
    with torch.inference_mode():
        expected = network(IMAGES.permute(0, 3, 1, 2).float() / 255)
        features = inception.load(arrays)(find_mode("torch-bilinear-299")(IMAGES))[0]
        assert gap(features, expected[3].flatten(1)) < TOLERANCE


def test_inception_is_not_torchvisions(arrays):
    from torchvision.models import Inception3

    network = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    network.load_state_dict(tensors(arrays))
    network.fc = torch.nn.Identity()
    with torch.inference_mode():
        prepared = find_mode("torch-bilinear-299")(IMAGES)
        assert gap(inception.load(arrays)(prepared)[0], network.eval()(prepared)) > 1e-3


@pytest.mark.slow
def test_vgg_is_that_of_torch_fidelity(tmp_path):
    from torch_fidelity.feature_extractor_vgg16 import FeatureExtractorVGG16
    from torchvision.models import vgg16

    with torch.device("meta"):
        network = vgg16(weights=None, init_weights=False)
    weights = vgg.random_weights(network)
    torch.save({k: torch.from_numpy(v) for k, v in weights.items()}, tmp_path / "weights.pth")
    peer = FeatureExtractorVGG16("x", ["fc2_relu"], feature_extractor_weights_path=str(tmp_path / "weights.pth"))
    with torch.inference_mode():
        expected = peer(IMAGES.permute(0, 3, 1, 2))[0]
        prepared = find_mode("tf1-bilinear-224-imagenet")(IMAGES)
        assert gap(vgg.load(weights)(prepared)[0], expected) < TOLERANCE
        assert torch.equal(vgg.load_random({})(prepared)[0], vgg.load(weights)(prepared)[0])


SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "patch_size": 14}


def test_clip_is_that_of_transformers():
    from transformers import CLIPConfig, CLIPModel

    vision = {**SMALL, "intermediate_size": 64, "image_size": 224, "projection_dim": 24, "hidden_act": "quick_gelu"}
    text = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        whole = CLIPModel(CLIPConfig(vision_config=vision, text_config=text, projection_dim=24)).eval()
    weights = {key: value.numpy() for key, value in whole.state_dict().items()}
    # As the published files have it.
    weights["vision_model.embeddings.position_ids"] = np.arange(257)[None]
    prepared = find_mode("clip-224")(IMAGES)
    with torch.inference_mode():
        expected = whole.visual_projection(whole.vision_model(pixel_values=prepared).pooler_output)
        features, logits = transformer.clip(weights, config=vision)(prepared)
    assert logits is None
    assert gap(features, expected) < TOLERANCE


OLD_NAMES = {
    "q_proj": "attention.query",
    "k_proj": "attention.key",
    "v_proj": "attention.value",
    "o_proj": "output.dense",
}


def test_dinov2_is_what_transformers_loads_from_the_published_names(tmp_path: Path):
    from transformers import Dinov2Config, Dinov2Model

    config = {**SMALL, "image_size": 518}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = Dinov2Model(Dinov2Config(**config)).state_dict()
    for new, old in OLD_NAMES.items():
        state = {key.replace(f"attention.{new}.", f"attention.{old}."): value for key, value in state.items()}
    assert "encoder.layer.1.attention.attention.query.weight" in state
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "dinov2"}))
    safetensors.torch.save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
    peer = Dinov2Model.from_pretrained(tmp_path).eval()
    prepared = find_mode("dinov2-224")(IMAGES)
    with torch.inference_mode():
        expected = peer(pixel_values=prepared).last_hidden_state[:, 0]
        features = transformer.dinov2({k: v.numpy() for k, v in state.items()}, config)(prepared)[0]
    assert gap(features, expected) < TOLERANCE


@pytest.mark.parametrize(
    ("config", "size", "width"),
    [(transformer.CLIP_LARGE, 224, 768), (transformer.CLIP_LARGE, 336, 768), (transformer.DINOV2_LARGE, 224, 1024)],
    ids=["clip", "clip-336", "dinov2"],
)
def test_the_large_networks_have_the_published_size(config, size, width):
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, Dinov2Config, Dinov2Model

    with torch.device("meta"):
        if config is transformer.DINOV2_LARGE:
            network, parameters = Dinov2Model(Dinov2Config(**config)), 304_368_640
        else:
            network = CLIPVisionModelWithProjection(CLIPVisionConfig(**config, image_size=size))
            parameters = {224: 303_966_208, 336: 304_293_888}[size]
    assert sum(p.numel() for p in network.parameters()) == parameters
    assert network.config.hidden_size == 1024
    assert width in (getattr(network.config, "projection_dim", 0), network.config.hidden_size)
