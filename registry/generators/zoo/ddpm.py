"""Class-conditional diffusion model (Ho, Jain and Abbeel 2020, arXiv:2006.11239) with classifier-free guidance (Ho and
Salimans 2022, arXiv:2207.12598).

A U-Net learns to tell the noise in an image from the noisy image, the amount of noise and the label; one label in ten
is hidden from it, so that it can do without. With `velocity` it tells sqrt(s) noise - sqrt(1 - s) image instead: s is
the share of signal (Salimans and Ho 2022, arXiv:2202.00512): fewer steps of training do. Of larger images it sees
squares of `patch` pixels as channels, at a fraction of the time. Noise follows the cosine schedule of Nichol and
Dhariwal (arXiv:2102.09672). Sampling starts from N(0, I) and takes `steps` deterministic steps (DDIM, Song et al. 2021,
arXiv:2010.02502), along `guidance` times the way from the unlabelled to the labelled prediction: 1 is the labelled one,
0 ignores the label, above 1 images are more typical and less diverse. Where no label is asked for, one is drawn in the
training split's class proportions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ....core.errors import BadSamples
from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, classes, filled, follow, minimise, seeded, unit
from .. import Sampler
from ..draws import Draw, labelled_normal
from ..networks import from_signed, placed

TIMES = 1000
WIDTH = 24
EMBEDDING = 64
HIDDEN_LABELS = 0.1
EPOCHS = 250
BATCH = 64
DROPOUT = 0.1
AVERAGE = 0.005


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


def kept() -> Tensor:
    """The share of the image's variance that is left at each time, (TIMES,): from nearly 1 to nearly 0."""
    angles = (torch.arange(TIMES + 1, dtype=torch.float64) / TIMES + 0.008) / 1.008 * torch.pi / 2
    curve = angles.cos().square()
    # At the last time a little is left, without which no image could be inferred from it.
    return (curve[1:] / curve[0]).clamp(min=1e-4).float()


def train(
    images: Images,
    seed: int = 2026,
    epochs: int = EPOCHS,
    width: int = WIDTH,
    patch: int = 1,
    dropout: float = DROPOUT,
    velocity: bool = False,
) -> dict[str, NDArray[Any]]:
    """The network's weights, a running average of them, the shares of classes (k,), and a mark of velocities."""
    x = unit(images) * 2 - 1
    labels, shares = classes(images)
    signal = kept()[:, None, None, None]
    with seeded(seed):
        network = UNet(images.shape[2], len(shares), width, patch, dropout)
        average = deepcopy(network)

        def loss(chosen: Tensor) -> Tensor:
            times, noise = torch.randint(TIMES, (BATCH,)), torch.randn(BATCH, *x.shape[1:])
            noisy = signal[times].sqrt() * x[chosen] + (1 - signal[times]).sqrt() * noise
            told = labels[chosen].where(torch.rand(BATCH) >= HIDDEN_LABELS, torch.tensor(len(shares)))
            moved = signal[times].sqrt() * noise - (1 - signal[times]).sqrt() * x[chosen]
            return F.mse_loss(network(noisy, times, told), moved if velocity else noise)

        optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
        minimise(optimizer, loss, len(x), BATCH, epochs, then=partial(follow, average, network, AVERAGE))
    told_velocity = {"velocity": np.ones(1, np.float32)} if velocity else {}
    return {"shares": shares, **told_velocity, **arrays(average, "network.")}


def denoise(network: UNet, x: Tensor, labels: Tensor, steps: int, guidance: float, velocity: bool = False) -> Tensor:
    """Images in [-1, 1] from noise x (n, c, h, w), with labels (n,), by a network that tells noise, or velocities."""
    signal = kept()
    nobody = torch.full_like(labels, network.label.num_embeddings - 1)
    times = torch.linspace(TIMES - 1, 0, steps).round().long().tolist()
    for now, following in zip(times, [*times[1:], None], strict=True):
        t = torch.full((len(x),), now, device=x.device)
        told = network(x, t, labels)
        if guidance != 1:
            free = network(x, t, nobody)
            told = free + guidance * (told - free)
        if velocity:
            image = signal[now].sqrt() * x - (1 - signal[now]).sqrt() * told
        else:
            image = (x - (1 - signal[now]).sqrt() * told) / signal[now].sqrt()
        image = image.clamp(-1, 1)
        # The noise that leads from the clamped image to x, so that the two stay consistent.
        noise = (x - signal[now].sqrt() * image) / (1 - signal[now]).sqrt()
        left = signal[following] if following is not None else torch.tensor(1.0)
        x = left.sqrt() * image + (1 - left).sqrt() * noise
    return x


def load(weights: Arrays, track: Track, device: str = "cpu", steps: int = 25, guidance: float = 1.0) -> Sampler:
    if not 1 <= steps <= TIMES:
        raise BadSamples(f"{steps} steps of diffusion", f"set `steps` to 1 to {TIMES} in the entry's arguments")
    height, width, channels = shape_of(track)
    shares = weights["shares"]
    network = build(weights, channels)
    denoised = placed(network, device, partial(denoise, network, velocity="velocity" in weights))

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        labels, z = labelled_normal(draws, channels * height * width, shares)
        return from_signed(denoised(z.reshape(-1, channels, height, width), labels, steps, guidance))

    return sample
