"""The maps of a convolutional network at several layers, of which perceptual distances are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from . import digits_cnn, lenet, vgg
from .fitting import Arrays


class Maps(nn.Module):
    """The outputs of these layers of a stack, (n, c, h, w) each, in their order."""

    def __init__(self, stack: nn.Module, layers: Sequence[int]) -> None:
        super().__init__()
        self.layers = tuple(layers)
        self.stack = nn.ModuleList([*stack.children()][: max(layers) + 1])

    def forward(self, prepared: Tensor) -> list[Tensor]:
        found, x = [], prepared
        for i, layer in enumerate(self.stack):
            x = layer(x)
            if i in self.layers:
                found.append(x)
        return found


def of_digits_cnn(weights: Arrays, layers: Sequence[int]) -> Maps:
    """Layers 1, 3 and 6 are the convolutions behind their ReLU."""
    return Maps(digits_cnn.load(weights).body, layers)


def of_lenet(weights: Arrays, layers: Sequence[int]) -> Maps:
    """Layers 1 and 4 are the convolutions c1 and c3 behind their ReLU."""
    c = lenet.load(weights).convnet
    return Maps(nn.Sequential(c["c1"], nn.ReLU(), nn.MaxPool2d(2), c["c3"], nn.ReLU()), layers)


def of_random_vgg16(layers: Sequence[int]) -> Maps:
    """Layers are numbered as in torchvision: 1 is conv1_1 behind its ReLU, 20 is conv4_2."""
    network: Any = vgg.random_vgg16()
    return Maps(network.features, layers)
