"""EfficientNet-Lite0 (Tan and Le, arXiv:1905.11946), with the weights of TensorFlow: its 1,280-d pooling is the space.

EfficientNet-B0 without squeeze-and-excitation, with ReLU6 in the place of swish. Strided convolutions are padded as by
TensorFlow: what does not divide evenly goes below and to the right. For speed, batch normalisation is folded into the
convolutions, and the padding into kernels with a row and a column of zeros more; both change rounding only.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .fitting import Arrays, empty, fitted
from .fused import FusedConvolution

CLASSES = 1000
STEM, HEAD = 32, 1280
EPSILON = 1e-3  # of batch normalisation, as TensorFlow has it
# Kernel, stride of the first block, expansion, channels and number of blocks of each stage.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)


class Block(nn.Module):
    """An inverted residual: expanded by a 1x1 convolution, a depthwise one, and projected back without activation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self._expand_conv = convolution(inputs, wide, 1) if expansion > 1 else None
        self._bn0 = nn.BatchNorm2d(wide, EPSILON) if expansion > 1 else None
        self._depthwise_conv = convolution(wide, wide, kernel, stride, groups=wide)
        self._bn1 = nn.BatchNorm2d(wide, EPSILON)
        self._project_conv = convolution(wide, outputs, 1)
        self._bn2 = nn.BatchNorm2d(outputs, EPSILON)
        self.shortcut = stride == 1 and inputs == outputs


class EfficientNetLite0(nn.Module):
    """The network under the names that its weights have; `folded` makes of it what computes."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = convolution(3, STEM, 3, 2), nn.BatchNorm2d(STEM, EPSILON)
        blocks, inputs = [], STEM
        for kernel, stride, expansion, outputs, repeats in STAGES:
            for i in range(repeats):
                blocks.append(Block(inputs, outputs, kernel, 1 if i else stride, expansion))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = convolution(inputs, HEAD, 1), nn.BatchNorm2d(HEAD, EPSILON)
        self._fc = nn.Linear(HEAD, CLASSES)


class Residual(nn.Module):
    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x).add_(x)
        return out


class Folded(nn.Module):
    """Convolutions without batch normalisation, in order, and the classifier."""

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        stem, head = _fold(network._conv_stem, network._bn0), _fold(network._conv_head, network._bn1)
        self.trunk = nn.Sequential(stem, *(_folded(block) for block in network._blocks), head)
        self.classify = network._fc

    def forward(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 1280) and logits (n, 1000) of images (n, 3, 224, 224) in [-1, 1]."""
        features = self.trunk(scaled).mean((2, 3))
        return features, self.classify(features)


def load(weights: Arrays) -> Folded:
    network = fitted(empty(EfficientNetLite0), weights)
    return Folded(network).to(memory_format=torch.channels_last).requires_grad_(False).eval()


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size of an image; one with a stride is padded by `_widened`."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


def _folded(block: nn.Module) -> nn.Module:
    assert isinstance(block, Block)
    layers: list[nn.Module] = []
    if block._expand_conv is not None and block._bn0 is not None:
        layers.append(_fold(block._expand_conv, block._bn0))
    layers.append(_fold(block._depthwise_conv, block._bn1))
    layers.append(_fold(block._project_conv, block._bn2, "none"))
    body = nn.Sequential(*layers)
    return Residual(body) if block.shortcut else body


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d, activation: Literal["none", "relu6"] = "relu6") -> nn.Module:
    folded = fuse_conv_bn_eval(conv, norm)
    return FusedConvolution(folded if conv.stride == (1, 1) else _widened(folded), activation)


def _widened(conv: nn.Conv2d) -> nn.Conv2d:
    """A convolution of stride 2 that pads images of an even size as TensorFlow does, one pixel less on top and left.

    Its kernel meets zeros of its own there. Padded copies of the images would take a quarter of the network's time.
    """
    conv.weight = nn.Parameter(F.pad(conv.weight, (1, 0, 1, 0)), requires_grad=False)
    conv.kernel_size = (conv.kernel_size[0] + 1, conv.kernel_size[1] + 1)
    return conv
