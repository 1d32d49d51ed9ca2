"""Diffusion models (arXiv:2006.11239) on Pulfer's small U-Net, trained by niuwengang and harryz6560.

The network first normalises its whole input, so it is blind to an image's mean and scale, and brightness drifts from
sample to sample. As its authors do, every image is stretched to [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...extractors.fitting import empty, fitted
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw, labels_of
from .ancestral import denoised

SIDE = 28
BETAS = np.linspace(1e-4, 0.02, 1000)


class Block(nn.Module):
    """Layer normalisation over the whole image, then two convolutions."""

    def __init__(self, side: int, inputs: int, outputs: int, normalised: bool = True) -> None:
        super().__init__()
        self.normalised = normalised
        self.ln = nn.LayerNorm((inputs, side, side))
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.ln(x) if self.normalised else x
        return F.silu(self.conv2(F.silu(self.conv1(x))))


def blocks(side: int, *widths: int) -> nn.Sequential:
    return nn.Sequential(*(Block(side, a, b) for a, b in pairwise(widths)))


def told(embedding: int, width: int) -> nn.Sequential:
    """What a stage is told of the time and the class, to be added to every pixel of its input."""
    return nn.Sequential(nn.Linear(embedding, width), nn.SiLU(), nn.Linear(width, width))


class UNet(nn.Module):
    """The noise in images (n, 1, 28, 28) at a step 0..999, with labels (n,) where the network knows classes."""

    def __init__(self, times: int, classes: int = 0) -> None:
        super().__init__()
        self.time_embed = nn.Embedding(len(BETAS), times)
        if classes:
            self.class_embedding = nn.Embedding(classes, 64)
        width = times + (64 if classes else 0)
        self.te1, self.b1 = told(width, 1), blocks(28, 1, 10, 10, 10)
        self.down1 = nn.Conv2d(10, 10, 4, 2, 1)
        self.te2, self.b2 = told(width, 10), blocks(14, 10, 20, 20, 20)
        self.down2 = nn.Conv2d(20, 20, 4, 2, 1)
        self.te3, self.b3 = told(width, 20), blocks(7, 20, 40, 40, 40)
        self.down3 = nn.Sequential(nn.Conv2d(40, 40, 2), nn.SiLU(), nn.Conv2d(40, 40, 4, 2, 1))
        self.te_mid, self.b_mid = told(width, 40), blocks(3, 40, 20, 20, 40)
        self.up1 = nn.Sequential(nn.ConvTranspose2d(40, 40, 4, 2, 1), nn.SiLU(), nn.ConvTranspose2d(40, 40, 2))
        self.te4, self.b4 = told(width, 80), blocks(7, 80, 40, 20, 20)
        self.up2 = nn.ConvTranspose2d(20, 20, 4, 2, 1)
        self.te5, self.b5 = told(width, 40), blocks(14, 40, 20, 10, 10)
        self.up3 = nn.ConvTranspose2d(10, 10, 4, 2, 1)
        # The last block has a normalisation in the file that it does not use.
        self.te_out, self.b_out = (
            told(width, 20),
            nn.Sequential(Block(28, 20, 10), Block(28, 10, 10), Block(28, 10, 10, normalised=False)),
        )
        self.conv_out = nn.Conv2d(10, 1, 3, padding=1)

    def forward(self, x: Tensor, step: int, labels: Tensor | None = None) -> Tensor:
        e = self.time_embed.weight[step].expand(len(x), -1)
        if labels is not None:
            e = torch.cat([e, self.class_embedding(labels)], dim=1)

        def at(stage: nn.Module) -> Tensor:
            amount: Tensor = stage(e)[:, :, None, None]
            return amount

        first = self.b1(x + at(self.te1))  # (n, 10, 28, 28)
        second = self.b2(self.down1(first) + at(self.te2))  # (n, 20, 14, 14)
        third = self.b3(self.down2(second) + at(self.te3))  # (n, 40, 7, 7)
        middle = self.b_mid(self.down3(third) + at(self.te_mid))  # (n, 40, 3, 3)
        x = self.b4(torch.cat([third, self.up1(middle)], dim=1) + at(self.te4))  # (n, 20, 7, 7)
        x = self.b5(torch.cat([second, self.up2(x)], dim=1) + at(self.te5))  # (n, 10, 14, 14)
        x = self.b_out(torch.cat([first, self.up3(x)], dim=1) + at(self.te_out))  # (n, 10, 28, 28)
        noise: Tensor = self.conv_out(x)
        return noise


def stretched(images: Tensor) -> Tensor:
    """Each image from its own darkest to its own brightest pixel, in [0, 1]."""
    low, high = images.amin(dim=(1, 2, 3), keepdim=True), images.amax(dim=(1, 2, 3), keepdim=True)
    return (images - low) / (high - low)


def build(weights: Arrays) -> UNet:
    """The network of these weights, which say how wide its embeddings are and whether it knows classes."""
    times = weights["time_embed.weight"].shape[1]
    classes = len(weights.get("class_embedding.weight", ()))
    return fitted(empty(lambda: UNet(times, classes)), weights)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    network = build(weights).to(device)
    classes = len(weights.get("class_embedding.weight", ()))
    shares = np.full(classes, 1 / max(classes, 1), np.float32)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        streams = [draw.stream() for draw in draws]
        labels = torch.from_numpy(labels_of(draws, streams, shares)).to(device) if classes else None
        images = denoised(lambda x, t: network(x, t, labels), BETAS, streams, (1, SIDE, SIDE), device)
        return stretched(images).permute(0, 2, 3, 1).numpy()

    return sample
