"""CLIP score: against torchmetrics, both with one tiny CLIP of transformers with random weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.clip_score import clip_score
from genboard.benchmarks.metrics.inputs import MetricInputs
from genboard.benchmarks.scoring import score
from genboard.registry.metrics import find_metric
from torch import Tensor, nn
from torchmetrics.functional.multimodal import clip_score as of_torchmetrics

N, WORDS = 12, 6


class Tiny(nn.Module):
    """A CLIP with random weights, as torchmetrics calls it: features of images and of texts."""

    def __init__(self) -> None:
        super().__init__()
        from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

        size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
        text = CLIPTextConfig(vocab_size=50, max_position_embeddings=WORDS, **size, eos_token_id=49, bos_token_id=0)
        vision = CLIPVisionConfig(image_size=16, patch_size=8, **size)
        self.config = CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=16)
        with torch.random.fork_rng():
            torch.manual_seed(6)
            self.clip = CLIPModel(self.config).eval()

    def get_image_features(self, pixel_values: Tensor) -> Tensor:
        with torch.inference_mode():
            return self.clip.visual_projection(self.clip.vision_model(pixel_values).pooler_output)

    def get_text_features(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        with torch.inference_mode():
            pooled = self.clip.text_model(input_ids, attention_mask=attention_mask).pooler_output
            return self.clip.text_projection(pooled)


def processor(images: Any = None, text: Any = None, **_: Any) -> dict[str, Tensor]:
    """Images as they are; texts as the numbers of their letters, with the end's after them."""
    if images is not None:
        return {"pixel_values": torch.stack(list(images))}
    ids = torch.tensor([[ord(letter) - ord("a") for letter in words] + [49] for words in text])
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


@pytest.fixture(scope="module")
def model() -> Tiny:
    return Tiny()


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.from_numpy(np.random.default_rng(1).normal(size=(N, 3, 16, 16)).astype(np.float32))


@pytest.fixture(scope="module")
def captions() -> list[str]:
    letters = np.random.default_rng(2).integers(0, 26, (N, WORDS - 1))
    return ["".join(chr(ord("a") + i) for i in row) for row in letters]


def test_it_is_that_of_torchmetrics(model, images, captions):
    each = [
        float(of_torchmetrics(images[i : i + 1], captions[i : i + 1], lambda: (model, processor))) for i in range(N)
    ]
    assert min(each) == 0 < max(each)  # some cosines are negative
    text = model.get_text_features(**processor(text=captions))
    inputs = MetricInputs(model.get_image_features(images), caption=text)
    found = clip_score(inputs)
    assert found.value == pytest.approx(np.mean(each), rel=1e-5)
    assert found.influence.numpy() == pytest.approx(each, rel=1e-4, abs=1e-5)
    smaller = score(find_metric("clip_score_2_5"), inputs, extractor="clip-tiny").record
    assert smaller.value == pytest.approx(found.value / 40, rel=1e-12)
    assert smaller.params == {"scale": 2.5}


def test_of_the_mean_it_differs_where_cosines_are_negative():
    image = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    text = torch.tensor([[3.0, 0.0], [-2.0, 0.0]])
    assert clip_score(MetricInputs(image, caption=text)).value == 50


def test_captions_that_do_not_belong_to_the_samples():
    metric, image = find_metric("clip_score"), torch.rand(4, 3)
    reasons = [score(metric, MetricInputs(image, caption=text)).record.reason for text in (None, image[:3])]
    assert reasons == [
        "clip_score needs caption.features",
        "4 samples and 3 captions: row i of the one belongs to row i of the other",
    ]
    zeros = score(metric, MetricInputs(image, caption=torch.zeros(4, 3))).record
    assert zeros.reason == "a feature is all zeros and has no direction"
