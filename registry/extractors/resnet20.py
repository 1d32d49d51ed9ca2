"""`resnet20-cifar10`: the ResNet-20 of CIFAR-10 (arXiv:1512.03385, section 4.2), trained by Idelbayev.

The averages over the last maps are the space, 64 wide, and the logits a classifier. For speed, batch normalisation is
folded into the convolutions, which changes rounding only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .fitting import Arrays, empty, fitted
from .fused import FusedConvolution

BLOCKS = 3  # in each of three layers


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut without weights: every second pixel, and channels of zeros around."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stride, self.around = outputs // inputs, (outputs - inputs) // 2
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)


class ResNet20(nn.Module):
    """A convolution, then layers of 16, 32 and 64 channels, under the names that the weights have."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = (
            nn.Sequential(Block(a, b), *(Block(b, b) for _ in range(BLOCKS - 1)))
            for a, b in ((16, 16), (16, 32), (32, 64))
        )
        self.linear = nn.Linear(64, 10)


class FoldedBlock(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        self.stride, self.around = block.stride, block.around
        self.first = FusedConvolution(fuse_conv_bn_eval(block.conv1, block.bn1))
        self.second = FusedConvolution(fuse_conv_bn_eval(block.conv2, block.bn2), "none")

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        if self.stride > 1:
            shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.around, self.around))
        out: Tensor = self.second(self.first(x)).add_(shortcut)
        return out.relu_()


class Folded(nn.Module):
    """What computes: convolutions without batch normalisation, in order, and the classifier."""

    def __init__(self, network: ResNet20) -> None:
        super().__init__()
        stem = FusedConvolution(fuse_conv_bn_eval(network.conv1, network.bn1))
        layers = (network.layer1, network.layer2, network.layer3)
        blocks = [block for layer in layers for block in layer if isinstance(block, Block)]
        self.trunk = nn.Sequential(stem, *map(FoldedBlock, blocks))
        self.classify = network.linear

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 64) and logits (n, 10) of normalised images, shape (n, 3, 32, 32)."""
        x = x.contiguous(memory_format=torch.channels_last)
        features = self.trunk(x).mean(dim=(2, 3))
        return features, self.classify(features)


def load(weights: Arrays) -> Folded:
    network = fitted(empty(ResNet20), weights)
    return Folded(network).to(memory_format=torch.channels_last).requires_grad_(False).eval()
