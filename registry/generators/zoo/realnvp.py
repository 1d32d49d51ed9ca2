"""Normalising flow of affine couplings, RealNVP (Dinh, Sohl-Dickstein and Bengio 2017, arXiv:1605.08803).

Latents are from N(0, I), as many as pixels. Grey levels are whole numbers and a density has none, so uniform noise of a
level's width is added (dequantisation), and the result taken through a logit. A sample is the level its real number
falls in. `bits_per_dimension` gives the log-likelihood of images.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from ...training import Arrays, arrays, filled, minimise, seeded
from .. import Sampler
from ..draws import Draw, normal
from ..networks import placed

WIDTH = 32
EDGE = 0.05  # [0, 1] is squeezed into [EDGE, 1 - EDGE] before the logit, which is infinite at both ends
EPOCHS = 80
BATCH = 64


class Coupling(nn.Module):
    """Half of the values, where the mask (c, h, w) is 0, scaled and moved by amounts that the other half decides."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)
        channels = len(mask)
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        last = nn.Conv2d(WIDTH, 2 * channels, 3, padding=1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)  # the flow starts as the identity
        self.network = nn.Sequential(
            nn.Conv2d(channels, WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.Dropout2d(0.1),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
            nn.ReLU(),
            nn.Dropout2d(0.1),
            last,
        )

    def amounts(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.network(kept).chunk(2, dim=1)
        return self.scale * torch.tanh(scale) * (1 - self.mask), shift * (1 - self.mask)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The image of x (n, c, h, w), and the log of the volume it gains (n,)."""
        scale, shift = self.amounts(x * self.mask)
        return x * scale.exp() + shift, scale.sum(dim=(1, 2, 3))

    def inverse(self, y: Tensor) -> Tensor:
        scale, shift = self.amounts(y * self.mask)
        return (y - shift) * (-scale).exp()


class Flow(nn.Module):
    """Checkerboard couplings; then, every 2x2 pixels made channels, couplings of channels and checkerboards again."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        height, width, channels = shape
        board = checkerboard(height, width).repeat(channels, 1, 1)
        self.fine = nn.ModuleList(Coupling(mask) for mask in [board, 1 - board] * 3)
        # A side that cannot be halved leaves it at the first kind.
        self.halves = height % 2 == 0 and width % 2 == 0
        small = checkerboard(height // 2, width // 2).repeat(4 * channels, 1, 1)
        half = (torch.arange(4 * channels) < 2 * channels).float()[:, None, None] * torch.ones_like(small)
        self.coarse = nn.ModuleList(Coupling(m) for m in [half, 1 - half, small, 1 - small] * 2 if self.halves)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (n, c*h*w) of x (n, c, h, w), and the log of the volume gained on the way (n,)."""
        gained = torch.zeros(len(x))
        for coupling in self.fine:
            x, volume = coupling(x)
            gained = gained + volume
        if self.halves:
            x = F.pixel_unshuffle(x, 2)  # (n, 4c, h/2, w/2)
        for coupling in self.coarse:
            x, volume = coupling(x)
            gained = gained + volume
        return x.flatten(1), gained

    def inverse(self, z: Tensor, shape: Shape) -> Tensor:
        height, width, channels = shape
        x = z.view(-1, 4 * channels, height // 2, width // 2) if self.halves else z.view(-1, channels, height, width)
        x = undone(self.coarse, x)
        return undone(self.fine, F.pixel_shuffle(x, 2) if self.halves else x)

    def log_density(self, x: Tensor) -> Tensor:
        """Natural log of the density at x (n, c, h, w), shape (n,)."""
        z, gained = self(x)
        density: Tensor = gained - 0.5 * (z.square() + log(2 * np.pi)).sum(dim=1)
        return density


def undone(couplings: nn.ModuleList, x: Tensor) -> Tensor:
    """What the couplings, one after another, made x of."""
    for coupling in reversed(couplings):
        assert isinstance(coupling, Coupling)
        x = coupling.inverse(x)
    return x


def checkerboard(height: int, width: int) -> Tensor:
    """1 and 0 in turns, shape (1, height, width)."""
    return ((torch.arange(height)[:, None] + torch.arange(width)) % 2).float()[None]


def dequantised(symbols: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """Levels 0..levels-1 with uniform noise of their width, through the logit, and the log of the volume."""
    share = EDGE + (1 - 2 * EDGE) * (symbols + torch.rand(symbols.shape)) / levels
    gained = log((1 - 2 * EDGE) / levels) - share.log() - (1 - share).log()
    return share.logit(), gained.sum(dim=(1, 2, 3))


def quantised(x: Tensor, levels: int) -> Tensor:
    """The level that each logit falls in; what lies beyond the ends is of the first or the last."""
    share = (x.sigmoid() - EDGE) / (1 - 2 * EDGE)
    return (share * levels).floor().clamp(0, levels - 1).long()


def bits_per_dimension(flow: Flow, symbols: Tensor, levels: int, draws: int = 8) -> float:
    """Mean negative log2-likelihood a pixel of images (n, c, h, w) of levels 0..levels-1. Lower is better.

    By Jensen's inequality the mean over the noise is an upper bound of it. log2(levels) is that of uniform noise.
    """
    with torch.inference_mode():
        values = []
        for _ in range(draws):
            x, gained = dequantised(symbols, levels)
            values.append((flow.log_density(x) + gained).double().mean())
    return float(-torch.stack(values).mean() / (symbols[0].numel() * log(2)))


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The flow's weights, and the grey levels that occur (k,), uint8."""
    levels, symbols = np.unique(images.pixels.transpose(0, 3, 1, 2), return_inverse=True)
    grids = torch.from_numpy(symbols.reshape(images.pixels.transpose(0, 3, 1, 2).shape))
    with seeded(seed):
        flow = Flow(images.shape)

        def loss(chosen: Tensor) -> Tensor:
            x, gained = dequantised(grids[chosen], len(levels))
            return -(flow.log_density(x) + gained).mean() / x[0].numel()

        optimizer = torch.optim.AdamW(flow.parameters(), lr=2e-3, weight_decay=1e-2)
        minimise(optimizer, loss, len(grids), BATCH, epochs)
    return {"levels": levels, **arrays(flow, "flow.")}


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    shape = shape_of(track)
    levels = weights["levels"]
    flow = filled(Flow(shape), weights, "flow.")
    symbols = placed(flow, device, lambda z: quantised(flow.inverse(z, shape), len(levels)))

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        z = normal(draws, int(np.prod(shape))) * np.float32(truncation)
        image: NDArray[np.uint8] = levels[symbols(z).transpose(0, 2, 3, 1)]
        return image

    return sample
