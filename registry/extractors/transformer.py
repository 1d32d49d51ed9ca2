"""`clip-vit-l14`, `clip-vit-l14-336`, both of images and texts, and `dinov2-vitl14`: the networks of transformers, with
the published weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..extras import need
from .fitting import Arrays, empty, fitted

LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "patch_size": 14}
CLIP_LARGE = {**LARGE, "intermediate_size": 4096, "projection_dim": 768, "hidden_act": "quick_gelu"}
CLIP_LARGE_TEXTS = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "projection_dim": 768,
    "hidden_act": "quick_gelu",
}
DINOV2_LARGE = {**LARGE, "image_size": 518}

# As published, and as newer releases of transformers call them.
_DINOV2_NAMES = (
    (".attention.attention.query.", ".attention.q_proj."),
    (".attention.attention.key.", ".attention.k_proj."),
    (".attention.attention.value.", ".attention.v_proj."),
    (".attention.output.dense.", ".attention.o_proj."),
)


class Embedder(nn.Module):
    """A network of transformers and the one of its outputs that is the feature vector."""

    def __init__(self, network: nn.Module, output: str) -> None:
        super().__init__()
        self.network = network
        self.output = output

    def forward(self, normalised: Tensor) -> tuple[Tensor, None]:
        features: Tensor = getattr(self.network(pixel_values=normalised), self.output)
        return features, None


def clip(weights: Arrays, config: Mapping[str, Any]) -> Embedder:
    """The projected image embedding, not normalised; what the file holds of the text half is ignored."""
    library = need("transformers", "networks")
    network = empty(lambda: library.CLIPVisionModelWithProjection(library.CLIPVisionConfig(**config)))
    fitted(network, _half(weights, "vision_model.", "visual_projection."))
    _counted(network.vision_model.embeddings)
    return Embedder(network, "image_embeds")


class TextEmbedder(nn.Module):
    """A network of transformers that gives a vector for a text."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor) -> Tensor:
        features: Tensor = self.network(input_ids=tokens).text_embeds
        return features


def clip_texts(weights: Arrays, config: Mapping[str, Any] = CLIP_LARGE_TEXTS) -> TextEmbedder:
    """The projected text embedding, not normalised; what the file holds of the image half is ignored."""
    library = need("transformers", "networks")
    network = empty(lambda: library.CLIPTextModelWithProjection(library.CLIPTextConfig(**config)))
    fitted(network, _half(weights, "text_model.", "text_projection."))
    _counted(network.text_model.embeddings)
    return TextEmbedder(network)


def _half(weights: Arrays, *starts: str) -> Arrays:
    return {k: v for k, v in weights.items() if k.startswith(starts) and not k.endswith("position_ids")}


def _counted(embeddings: Any) -> None:
    """Positions 0, 1, 2, ... are no weights, so in no file."""
    embeddings.position_ids = torch.arange(embeddings.position_embedding.num_embeddings).expand((1, -1))


def dinov2(weights: Arrays, config: Mapping[str, Any] = DINOV2_LARGE) -> Embedder:
    """The class token after the last layer norm."""
    library = need("transformers", "networks")
    network = empty(lambda: library.Dinov2Model(library.Dinov2Config(**config)))
    known = network.state_dict().keys()
    return Embedder(fitted(network, {_renamed(key, known): value for key, value in weights.items()}), "pooler_output")


def _renamed(key: str, known: Any) -> str:
    for published, newer in _DINOV2_NAMES:
        if key not in known and published in key:
            return key.replace(published, newer)
    return key


clip_224: Callable[[Arrays], Embedder] = partial(clip, config={**CLIP_LARGE, "image_size": 224})
clip_336: Callable[[Arrays], Embedder] = partial(clip, config={**CLIP_LARGE, "image_size": 336})
