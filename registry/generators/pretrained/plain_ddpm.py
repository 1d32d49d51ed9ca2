"""A diffusion model of MNIST (arXiv:2006.11239) without down- or upsampling, trained by Zhang.

It sees 25 pixels far and knows nothing of an image as a whole: strokes are clean, and half of the samples no digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...extractors.fitting import empty, fitted
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw
from .ancestral import denoised

SIDE = 28
WIDTHS = (1, 16, 32, 32, 16)
TIMES = 1000


class Block(nn.Module):
    """A 7x7 convolution, layer normalisation over the whole image, and GELU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(inputs, outputs, 7, padding=3), nn.LayerNorm((outputs, SIDE, SIDE)), nn.GELU()
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x)
        return out


class PlainCNN(nn.Module):
    """The noise in images (n, 1, 28, 28) at a step 0..999; the time is told after the first block."""

    frequencies: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("frequencies", torch.ones(16))
        self.blocks = nn.ModuleList(Block(a, b) for a, b in pairwise(WIDTHS))
        self.blocks.append(nn.Conv2d(WIDTHS[-1], 1, 3, padding=1))
        self.time_embed = nn.Sequential(
            nn.Linear(32, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(), nn.Linear(128, 128), nn.GELU(),
            nn.Linear(128, 16),
        )  # fmt: skip

    def forward(self, x: Tensor, step: int) -> Tensor:
        phases = (step + 1) / TIMES * self.frequencies
        time = self.time_embed(torch.cat([phases.sin(), phases.cos() - 1]))
        x = self.blocks[0](x) + time[:, None, None]
        for block in self.blocks[1:]:
            x = block(x)
        return x


def build(weights: Arrays) -> PlainCNN:
    """The network of these weights, beside which the file holds the schedule."""
    return fitted(empty(PlainCNN), {k.removeprefix("gt."): v for k, v in weights.items() if k.startswith("gt.")})


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    network = build(weights).to(device)
    betas = weights["beta_t"][1:].astype(np.float64)  # the schedule begins with an entry that is not used

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        images = denoised(network, betas, [draw.stream() for draw in draws], (1, SIDE, SIDE), device)
        return (images + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()

    return sample
