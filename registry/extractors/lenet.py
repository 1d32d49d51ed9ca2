"""`lenet-mnist`: LeNet-5, trained on MNIST by a third party; its 84-d layer is the space, its logits a classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .fitting import Arrays, empty, fitted


class LeNet(nn.Module):
    """Three 5x5 convolutions with pooling after the first two, then linear layers of 84 and 10."""

    def __init__(self) -> None:
        super().__init__()
        self.convnet = nn.ModuleDict({"c1": nn.Conv2d(1, 6, 5), "c3": nn.Conv2d(6, 16, 5), "c5": nn.Conv2d(16, 120, 5)})
        self.fc = nn.ModuleDict({"f6": nn.Linear(120, 84), "f7": nn.Linear(84, 10)})

    def forward(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 84) and logits (n, 10) of images in [0, 1], shape (n, 1, 32, 32)."""
        x = pooled(self.convnet["c1"](scaled)).relu_()
        x = pooled(self.convnet["c3"](x)).relu_()
        features = self.fc["f6"](self.convnet["c5"](x).relu().flatten(1)).relu()
        return features, self.fc["f7"](features)


def pooled(x: Tensor) -> Tensor:
    """The maximum of every two by two pixels; torch pools many times slower, as it also finds their places."""
    rows = torch.maximum(x[:, :, ::2], x[:, :, 1::2])
    return torch.maximum(rows[..., ::2], rows[..., 1::2])


def load(weights: Arrays) -> LeNet:
    return fitted(empty(LeNet), weights)
