"""The U-Net that `ddpm` and `flow_matching` share, and its training.

It sees an image, a time and a label. Of larger images it sees squares of `patch` pixels as channels, at a fraction of
the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any, TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...images import Images
from ...training import Arrays, arrays, classes, filled, follow, minimise, seeded, unit

TIMES = 1000
WIDTH = 24
EMBEDDING = 64
EPOCHS = 250
BATCH = 64
DROPOUT = 0.1
AVERAGE = 0.005


class Setting(TypedDict, total=False):
    """What an entry may set of the training."""

    seed: int
    epochs: int
    width: int
    patch: int
    dropout: float


class Block(nn.Module):
    """A residual block of two convolutions; the embedding (n, e) is added between them."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(8, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.embed = nn.Linear(EMBEDDING, outputs)
        self.second = nn.Sequential(
            nn.GroupNorm(8, outputs), nn.SiLU(), nn.Dropout(dropout), nn.Conv2d(outputs, outputs, 3, padding=1)
        )
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        hidden = self.first(x) + self.embed(embedding)[:, :, None, None]
        out: Tensor = self.skip(x) + self.second(hidden)
        return out


class UNet(nn.Module):
    """The noise in images (n, c, h, w) at times (n,) with labels (n,), of which `classes` stands for none.

    Args:
        width: channels at the finer of its two resolutions; the coarser has twice as many.
        patch: side of the squares of pixels that enter as channels; height and width are multiples of twice as many.
    """

    def __init__(
        self, channels: int, classes: int, width: int = WIDTH, patch: int = 1, dropout: float = DROPOUT
    ) -> None:
        super().__init__()
        self.patch, inputs = patch, channels * patch**2
        self.label = nn.Embedding(classes + 1, EMBEDDING)
        self.time = nn.Sequential(nn.Linear(EMBEDDING, EMBEDDING), nn.SiLU(), nn.Linear(EMBEDDING, EMBEDDING))
        self.enter = nn.Conv2d(inputs, width, 3, padding=1)
        self.fine = Block(width, width, dropout)
        self.shrink = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.coarse = nn.ModuleList([Block(width, 2 * width, dropout), Block(2 * width, 2 * width, dropout)])
        self.grow = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.joined = Block(2 * width, width, dropout)
        self.leave = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, inputs, 3, padding=1))

    def forward(self, x: Tensor, times: Tensor, labels: Tensor) -> Tensor:
        embedding = F.silu(self.time(waves(times)) + self.label(labels))
        fine = self.fine(self.enter(F.pixel_unshuffle(x, self.patch)), embedding)  # (n, width, h/patch, w/patch)
        hidden = self.shrink(fine)  # half as high and wide
        for block in self.coarse:
            hidden = block(hidden, embedding)  # (n, 2 width, ...)
        both = torch.cat([self.grow(hidden), fine], dim=1)  # (n, 2 width, h/patch, w/patch)
        return F.pixel_shuffle(self.leave(self.joined(both, embedding)), self.patch)


def build(weights: Arrays, channels: int) -> UNet:
    """The network of these weights, whose shapes say how wide it is and what it sees at once."""
    width, inputs = weights["network.enter.weight"].shape[:2]
    patch = math.isqrt(inputs // channels)
    return filled(UNet(channels, len(weights["shares"]), width, patch), weights, "network.")


def waves(times: Tensor) -> Tensor:
    """Times (n,) as sines and cosines of falling frequencies, (n, EMBEDDING)."""
    rates = torch.exp(-np.log(10_000) * torch.arange(EMBEDDING // 2, device=times.device) / (EMBEDDING // 2))
    angles = times[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def trained(
    images: Images,
    loss: Callable[[UNet, Tensor, Tensor], Tensor],
    seed: int = 2026,
    epochs: int = EPOCHS,
    width: int = WIDTH,
    patch: int = 1,
    dropout: float = DROPOUT,
) -> dict[str, NDArray[Any]]:
    """The network's weights, a running average of them, and the share of each class (k,).

    Args:
        loss: of the network on a batch of images in [-1, 1] (n, c, h, w) with labels (n,).
    """
    x = unit(images) * 2 - 1
    labels, shares = classes(images)
    with seeded(seed):
        network = UNet(images.shape[2], len(shares), width, patch, dropout)
        average = deepcopy(network)
        optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
        then = partial(follow, average, network, AVERAGE)
        minimise(optimizer, lambda chosen: loss(network, x[chosen], labels[chosen]), len(x), BATCH, epochs, then)
    return {"shares": shares, **arrays(average, "network.")}
