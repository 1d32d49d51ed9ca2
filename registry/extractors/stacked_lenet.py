"""`lenet-mnist-stacked`: LeNet-5 of `lenet` on each channel of a colour image, for stacks of three digits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .fitting import Arrays
from .lenet import LeNet
from .lenet import load as load_lenet


class StackedLeNet(nn.Module):
    """One network for all channels: a space of three times its features, a classifier of stacks."""

    def __init__(self, network: LeNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 252) and log-probabilities (n, 1000) of images in [0, 1], shape (n, 3, 32, 32).

        Channels are classified on their own, so the log-probability of the class 100 a + 10 b + c is the sum of those
        of a, b and c in their channels.
        """
        count, channels, *size = scaled.shape
        features, logits = self.network(scaled.reshape(count * channels, 1, *size))
        a, b, c = torch.log_softmax(logits, dim=1).view(count, channels, -1).unbind(1)
        stacks = a[:, :, None, None] + b[:, None, :, None] + c[:, None, None, :]
        return features.view(count, -1), stacks.flatten(1)


def load(weights: Arrays) -> StackedLeNet:
    return StackedLeNet(load_lenet(weights)).eval()
