"""Inception v3 of 2015, the network of FID, KID and the Inception Score, with its taps 64, 192, 768 and 2048.

torchvision's network under the published weights, but for the pooling in nine of its blocks: the average leaves the
padding out, and the last block takes a maximum. For speed, batch normalisation is folded into the convolutions, and
an average that comes before a 1x1 convolution is taken after it, on fewer channels; both change rounding only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..extras import need
from .fitting import Arrays, empty, fitted
from .fused import FusedConvolution

CLASSES = 1008

# What stands behind each tap, by torchvision's names.
STAGES = {
    64: ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1"),
    192: ("Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
    768: ("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    2048: ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
}
STEM = ("Conv2d", "maxpool", "Mixed_5", "Mixed_6a")  # down to maps of 17x17
AT_ONCE = 4  # images through the stem on a CPU: of more, what its layers leave fits no cache
MAXIMUM = "Mixed_7c"  # a slip in the original graph that its weights were trained with


class Average(nn.Module):
    """A block's pooling branch: the 1x1 convolution, then the 3x3 average of the pixels that are there, then ReLU."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = FusedConvolution(conv, "none")

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(x), 3, stride=1, padding=1, count_include_pad=False).relu_()


class Maximum(nn.Module):
    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = self.conv(F.max_pool2d(x, 3, stride=1, padding=1))
        return pooled


class Branches(nn.Module):
    """A block of torchvision's with its own branches, and a pooling branch in the place of torchvision's."""

    def __init__(self, branches: Iterable[nn.Module], pool: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([*(branch(x) for branch in self.branches), self.pool(x)], 1)


class Fork(nn.Module):
    """Two convolutions of one input, side by side."""

    def __init__(self, left: nn.Module, right: nn.Module) -> None:
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.left(x), self.right(x)], 1)


class Inception(nn.Module):
    """The network up to a tap, and for the last the logits, without their bias as the Inception Score has them."""

    def __init__(self, network: Any, tap: int) -> None:
        super().__init__()
        names = [name for depth, reached in STAGES.items() if depth <= tap for name in reached]
        stages = {name: _stage(name, getattr(network, name)) for name in names}
        self.stem = nn.Sequential(*(stage for name, stage in stages.items() if name.startswith(STEM)))
        self.trunk = nn.Sequential(*(stage for name, stage in stages.items() if not name.startswith(STEM)))
        self.to(memory_format=torch.channels_last)
        self.classify: nn.Parameter | None = network.fc.weight if tap == 2048 else None

    def forward(self, scaled: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features (n, tap) and, at 2048, logits (n, 1008) of images (n, 3, 299, 299) in about [-1, 1]."""
        in_parts = scaled.device.type == "cpu" and not torch.compiler.is_compiling()
        stem = torch.cat([self.stem(some) for some in scaled.split(AT_ONCE if in_parts else len(scaled))])
        features = self.trunk(stem).mean((2, 3))
        return features, None if self.classify is None else features @ self.classify.T


def load(weights: Arrays, tap: int = 2048) -> Inception:
    models = need("torchvision.models", "networks")
    network = empty(lambda: models.Inception3(num_classes=CLASSES, aux_logits=False, init_weights=False))
    fitted(network, weights)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, models.inception.BasicConv2d):
                setattr(module, name, FusedConvolution(fuse_conv_bn_eval(child.conv, child.bn)))
    return Inception(network, tap).requires_grad_(False).eval()


load_64: Callable[[Arrays], Inception] = partial(load, tap=64)
load_192: Callable[[Arrays], Inception] = partial(load, tap=192)
load_768: Callable[[Arrays], Inception] = partial(load, tap=768)


def _stage(name: str, block: Any) -> nn.Module:
    kind = type(block).__name__
    if kind not in _CHAINS:
        module: nn.Module = block
        return module
    branches = [nn.Sequential(*(_part(block, part) for part in chain)) for chain in _CHAINS[kind]]
    pool = Maximum(block.branch_pool) if name == MAXIMUM else Average(block.branch_pool.conv)
    return Branches(branches, pool)


# Per branch of torchvision's blocks, its convolutions in order; two in one place stand side by side.
_CHAINS: dict[str, tuple[tuple[str | tuple[str, str], ...], ...]] = {
    "InceptionA": (
        ("branch1x1",),
        ("branch5x5_1", "branch5x5_2"),
        ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
    ),
    "InceptionC": (
        ("branch1x1",),
        ("branch7x7_1", "branch7x7_2", "branch7x7_3"),
        tuple(f"branch7x7dbl_{i}" for i in range(1, 6)),
    ),
    "InceptionE": (
        ("branch1x1",),
        ("branch3x3_1", ("branch3x3_2a", "branch3x3_2b")),
        ("branch3x3dbl_1", "branch3x3dbl_2", ("branch3x3dbl_3a", "branch3x3dbl_3b")),
    ),
}


def _part(block: Any, part: str | tuple[str, str]) -> nn.Module:
    if isinstance(part, tuple):
        return Fork(*(getattr(block, name) for name in part))
    module: nn.Module = getattr(block, part)
    return module
