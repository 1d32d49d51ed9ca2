"""`vgg16-fc2` and `vgg16-random`: torchvision's VGG16 up to its second linear layer, 4,096 wide, after the ReLU."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..extras import need
from .fitting import Arrays, empty, fitted

SEED = 2026  # of the random weights; another seed is another space


class Fc2(nn.Module):
    def __init__(self, vgg: Any) -> None:
        super().__init__()
        self.features: nn.Module = vgg.features.to(memory_format=torch.channels_last)
        self.fc: nn.Module = vgg.classifier[:5]

    def forward(self, normalised: Tensor) -> tuple[Tensor, None]:
        """Features (n, 4096) of images (n, 3, 224, 224)."""
        features: Tensor = self.fc(self.features(normalised).flatten(1))
        return features, None


def load(weights: Arrays) -> Fc2:
    return Fc2(fitted(_vgg16(), weights))


def load_random(weights: Arrays) -> Fc2:
    return Fc2(random_vgg16())


def random_vgg16() -> nn.Module:
    """VGG16 with random weights, as torchvision has it."""
    return fitted(_vgg16(), random_weights(_vgg16()))


def random_weights(network: nn.Module) -> dict[str, NDArray[np.float32]]:
    """He's initialisation for ReLU (uniform, arXiv:1502.01852), biases zero, the same bits on every machine.

    Uniform rather than normal numbers: those take no logarithm, whose last bit depends on the library. Each parameter
    has a stream of its own.
    """
    arrays: dict[str, NDArray[np.float32]] = {}
    for i, (name, parameter) in enumerate(network.named_parameters()):
        shape = tuple(parameter.shape)
        if len(shape) == 1:
            arrays[name] = np.zeros(shape, np.float32)
            continue
        stream = np.random.Generator(np.random.Philox(key=(SEED << 64) + i))
        bound = np.float32(math.sqrt(6.0 / math.prod(shape[1:])))
        values = stream.random(shape, dtype=np.float32)
        values *= np.float32(2.0)
        values -= np.float32(1.0)
        values *= bound
        arrays[name] = values
    return arrays


def _vgg16() -> nn.Module:
    models = need("torchvision.models", "networks")
    network: nn.Module = empty(lambda: models.vgg16(weights=None, init_weights=False))
    return network
