"""Text-conditional flow matching (Lipman et al. 2023, arXiv:2210.02747) with classifier-free guidance (Ho and Salimans
2022, arXiv:2207.12598).

As in `flow_matching`, a U-Net learns the velocity on straight paths from noise to images. It sees the caption through a
GRU: the mean of the words' states joins the time, and where the image is coarsest every place attends to the words and
to the other places, as in latent diffusion (arXiv:2112.10752). One caption in ten is hidden from it. Sampling takes
`steps` steps of Heun's method along `guidance` times the way from the velocity without the caption to that with it.
Weights are kept as float16 and computed with as float32.
"""

from __future__ import annotations

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
from ...training import Arrays, arrays, filled, follow, minimise, seeded, unit
from .. import Sampler
from ..draws import Draw, normal
from ..networks import from_signed, placed
from .caption_words import WIDTH as WORD_WIDTH
from .caption_words import WordEncoder, asked, numbered
from .unet import EMBEDDING, TIMES, Block, waves

PATCH = 2
FINE, COARSE = 32, 64
HEADS = 4
GRID = 8  # places a side where the image is coarsest
HIDDEN_CAPTIONS = 0.1
EPOCHS = 20
BATCH = 32
AVERAGE = 0.002


class Attention(nn.Module):
    """Every place of a grid (n, c, h, w) attends to all of them and to the words (n, m, WORD_WIDTH)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.ask, self.tell = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.words, self.leave = nn.Linear(WORD_WIDTH, 2 * width), nn.Linear(width, width)

    def forward(self, x: Tensor, words: Tensor) -> Tensor:
        places = self.norm(x).flatten(2).transpose(1, 2)
        told = torch.cat([self.tell(places), self.words(words)], dim=1)
        q, k, v = (t.unflatten(2, (HEADS, -1)).transpose(1, 2) for t in (self.ask(places), *told.chunk(2, dim=2)))
        found = self.leave(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        out: Tensor = x + found.transpose(1, 2).view_as(x)
        return out


class TextUNet(nn.Module):
    """The velocity of images (n, channels, h, w) at times (n,), with the numbers of words (n, m), all 0 for none."""

    def __init__(self, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        inputs = channels * PATCH**2
        self.encoder = WordEncoder()
        self.caption = nn.Linear(WORD_WIDTH, EMBEDDING)
        self.time = nn.Sequential(nn.Linear(EMBEDDING, EMBEDDING), nn.SiLU(), nn.Linear(EMBEDDING, EMBEDDING))
        self.enter = nn.Conv2d(inputs, FINE, 3, padding=1)
        self.places = nn.Parameter(0.1 * torch.randn(FINE, GRID, GRID))
        self.fine = Block(FINE, FINE, dropout)
        self.shrink = nn.Conv2d(FINE, FINE, 3, stride=2, padding=1)
        self.first, self.last = Block(FINE, COARSE, dropout), Block(COARSE, COARSE, dropout)
        self.attend = Attention(COARSE)
        self.grow = nn.ConvTranspose2d(COARSE, FINE, 2, stride=2)
        self.joined = Block(2 * FINE, FINE, dropout)
        self.leave = nn.Sequential(nn.GroupNorm(8, FINE), nn.SiLU(), nn.Conv2d(FINE, inputs, 3, padding=1))

    def forward(self, x: Tensor, times: Tensor, words: Tensor) -> Tensor:
        states = self.encoder(words)
        embedding = F.silu(self.time(waves(times)) + self.caption(states.mean(dim=1)))
        fine = self.fine(self.enter(F.pixel_unshuffle(x, PATCH)), embedding)
        hidden = self.shrink(fine) + self.places
        hidden = self.last(self.attend(self.first(hidden, embedding), states), embedding)
        both = torch.cat([self.grow(hidden), fine], dim=1)
        return F.pixel_shuffle(self.leave(self.joined(both, embedding)), PATCH)


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The network's weights, a running average of them."""
    assert images.captions is not None
    x, words = unit(images) * 2 - 1, numbered(images.captions)
    with seeded(seed):
        network = TextUNet(images.shape[2])
        average = deepcopy(network)

        def loss(chosen: Tensor) -> Tensor:
            told = words[chosen] * (torch.rand(len(chosen), 1) >= HIDDEN_CAPTIONS)
            # Times in the middle, where the velocity is hardest to tell, come more often (arXiv:2403.03206).
            times, noise = torch.randn(len(chosen), 1, 1, 1).sigmoid(), torch.randn(x[chosen].shape)
            between = (1 - times) * noise + times * x[chosen]
            return F.mse_loss(network(between, TIMES * times.flatten(), told), x[chosen] - noise)

        optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
        then = partial(follow, average, network, AVERAGE)
        minimise(optimizer, loss, len(x), BATCH, epochs, then)
    return {key: value.astype(np.float16) for key, value in arrays(average, "network.").items()}


def carried(network: nn.Module, x: Tensor, words: Tensor, steps: int, guidance: float) -> Tensor:
    """Where the guided velocity carries points x (n, c, h, w) from time 0 to 1, in steps of Heun's method."""

    def velocity(at: Tensor, step: int) -> Tensor:
        times = torch.full((len(at),), TIMES * step / steps, device=at.device)
        told: Tensor = network(at, times, words)
        if guidance == 1:
            return told
        free = network(at, times, torch.zeros_like(words))
        guided: Tensor = free + guidance * (told - free)
        return guided

    for step in range(steps):
        here = velocity(x, step)
        there = velocity(x + here / steps, step + 1)
        x = x + (here + there) / (2 * steps)
    return x


def load(weights: Arrays, track: Track, device: str = "cpu", steps: int = 10, guidance: float = 1.0) -> Sampler:
    if steps < 1:
        raise BadSamples(f"{steps} steps of Heun's method", "set `steps` to 1 or more in the entry's arguments")
    height, width, channels = shape_of(track)
    network = filled(TextUNet(channels), weights, "network.")
    run = placed(network, device, partial(carried, network))

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        noise = normal(draws, channels * height * width).reshape(-1, channels, height, width)
        return from_signed(run(noise, asked(draws).numpy(), steps, guidance).clip(-1, 1))

    return sample
