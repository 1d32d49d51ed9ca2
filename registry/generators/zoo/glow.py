"""Normalising flow of invertible 1x1 convolutions and couplings, Glow (Kingma and Dhariwal 2018, arXiv:1807.03039).

Squares of 4x4 pixels are made channels of one place. Each step mixes the channels of a place by a matrix and an offset,
both learnt, then scales and moves half of them by amounts that the other half and its neighbours decide. One resolution
rather than the paper's several: at 7x7 or 8x8 places each sees the whole image after a few steps. Dequantisation and
logit are those of `realnvp`. Latents are from N(0, I), as many as values of an image, and scaled down by `truncation`,
as those of the paper's samples are.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from math import log
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Shape, Track
from ...training import Arrays, arrays, filled, follow, minimise, seeded
from .. import Sampler
from ..draws import Draw, normal
from ..networks import placed
from .realnvp import dequantised, quantised

PATCH = 4
WIDTH = 64
STEPS = 12
LEVELS = 256
EPOCHS = 250
BATCH = 64
AVERAGE = 0.005


class Step(nn.Module):
    """A mix of the channels, then a coupling of their halves."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        # A rotation: it keeps volumes, and mixes the halves from the beginning.
        self.mix = nn.Parameter(nn.init.orthogonal_(torch.empty(channels, channels)))
        self.offset = nn.Parameter(torch.zeros(channels))
        self.scale = nn.Parameter(torch.ones(channels // 2, 1, 1))
        last = nn.Conv2d(width, channels, 3, padding=1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)  # every coupling starts as the identity
        self.network = nn.Sequential(
            nn.Conv2d(channels // 2, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, width, 1), nn.SiLU(), last
        )

    def amounts(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.network(kept).chunk(2, dim=1)
        return self.scale * torch.tanh(scale), shift

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The image of x (n, c, h, w), and the log of the volume it gains (n,)."""
        mixed = F.conv2d(x, self.mix[:, :, None, None], self.offset)
        kept, moved = mixed.chunk(2, dim=1)
        scale, shift = self.amounts(kept)
        volume = x.shape[2] * x.shape[3] * torch.linalg.slogdet(self.mix).logabsdet
        return torch.cat([kept, moved * scale.exp() + shift], dim=1), scale.sum(dim=(1, 2, 3)) + volume

    def inverse(self, y: Tensor) -> Tensor:
        kept, moved = y.chunk(2, dim=1)
        scale, shift = self.amounts(kept)
        mixed = torch.cat([kept, (moved - shift) * (-scale).exp()], dim=1)
        return F.conv2d(mixed - self.offset[:, None, None], torch.linalg.inv(self.mix)[:, :, None, None])


class Flow(nn.Module):
    """Steps at one resolution, of images whose height and width are multiples of PATCH."""

    def __init__(self, channels: int, width: int = WIDTH, steps: int = STEPS) -> None:
        super().__init__()
        self.steps = nn.ModuleList(Step(channels * PATCH**2, width) for _ in range(steps))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (n, c*h*w) of x (n, c, h, w), and the log of the volume gained on the way (n,)."""
        gained = torch.zeros(len(x), dtype=x.dtype)
        x = F.pixel_unshuffle(x, PATCH)
        for step in self.steps:
            x, volume = step(x)
            gained = gained + volume
        return x.flatten(1), gained

    def inverse(self, z: Tensor, shape: Shape) -> Tensor:
        height, width, channels = shape
        x = z.view(-1, channels * PATCH**2, height // PATCH, width // PATCH)
        for step in reversed(self.steps):
            assert isinstance(step, Step)
            x = step.inverse(x)
        return F.pixel_shuffle(x, PATCH)

    def log_density(self, x: Tensor) -> Tensor:
        """Natural log of the density at x (n, c, h, w), shape (n,)."""
        z, gained = self(x)
        density: Tensor = gained - 0.5 * (z.square() + log(2 * np.pi)).sum(dim=1)
        return density


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, width: int = WIDTH, steps: int = STEPS
) -> dict[str, NDArray[Any]]:
    """A running average of the flow's weights."""
    grids = torch.from_numpy(images.pixels.transpose(0, 3, 1, 2))
    with seeded(seed):
        flow = Flow(images.shape[2], width, steps)
        average = deepcopy(flow)

        def loss(chosen: Tensor) -> Tensor:
            x, gained = dequantised(grids[chosen], LEVELS)
            return -(flow.log_density(x) + gained).mean() / x[0].numel()

        optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3)
        minimise(optimizer, loss, len(grids), BATCH, epochs, then=partial(follow, average, flow, AVERAGE))
    return arrays(average)


def build(weights: Arrays, channels: int) -> Flow:
    """The flow of these weights, whose names and shapes say how many steps it has and how wide they are."""
    steps = len({key.split(".")[1] for key in weights})
    return filled(Flow(channels, len(weights["steps.0.network.0.weight"]), steps), weights)


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    shape = shape_of(track)
    flow = build(weights, shape[2])
    levels = placed(flow, device, lambda z: quantised(flow.inverse(z, shape), LEVELS))

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        z = normal(draws, int(np.prod(shape))) * np.float32(truncation)
        image: NDArray[np.uint8] = levels(z).astype(np.uint8).transpose(0, 2, 3, 1)
        return image

    return sample
