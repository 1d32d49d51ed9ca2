"""Images from captions as one sequence of tokens, words first (Ramesh et al. 2021, arXiv:2102.12092, in small).

An autoencoder makes 8x8 tokens of an image, each a few numbers rounded to a few levels, which is a codebook that needs
no fitting (Mentzer et al. 2024, arXiv:2309.15505). A transformer then learns the tokens of the training images one
after the other, after the words of their captions. A sample is drawn token by token, one uniform number of its stream
each, and decoded. Weights are kept as float16 and computed with as float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, filled, minimise, seeded, unit
from .. import Sampler
from ..draws import Draw, choose, uniform
from .caption_words import MOST, VOCABULARY, asked, numbered

PATCH = 4  # pixels on a side of what a token stands for
LEVELS = (5, 5, 3, 3)
CODES = prod(LEVELS)
HIDDEN = 48  # channels of the autoencoder
WIDTH, HEADS, LAYERS = 72, 6, 4
EPOCHS = 18
FIRST_EPOCHS = 12  # of the autoencoder
BATCH = 32


class Encoder(nn.Sequential):
    """Images (n, c, h, w) to numbers (n, len(LEVELS), h/PATCH, w/PATCH)."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.PixelUnshuffle(PATCH),
            nn.Conv2d(channels * PATCH**2, HIDDEN, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(HIDDEN, HIDDEN, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(HIDDEN, len(LEVELS), 1),
            nn.BatchNorm2d(len(LEVELS)),  # without it all of them soon lie at the ends, where nothing moves them
        )


class Decoder(nn.Sequential):
    """Rounded numbers back to images in [0, 1] or a little beyond."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(len(LEVELS), HIDDEN, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(HIDDEN, HIDDEN, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(HIDDEN, channels * PATCH**2, 3, padding=1),
            nn.PixelShuffle(PATCH),
        )


def rounded(numbers: Tensor) -> Tensor:
    """Numbers (n, len(LEVELS), h, w) on their levels, in [-1, 1]; the gradient passes as if they were not rounded."""
    half = torch.tensor([(count - 1) / 2 for count in LEVELS])[:, None, None]
    bounded = numbers.tanh() * half
    levels: Tensor = (bounded + (bounded.round() - bounded).detach()) / half
    return levels


def codes_of(levels: Tensor) -> Tensor:
    """Rounded numbers (n, len(LEVELS), h, w) as codes (n, h w), below CODES."""
    code = torch.zeros(len(levels), *levels.shape[2:], dtype=torch.long)
    for place, count in enumerate(LEVELS):
        code = code * count + ((levels[:, place] + 1) / 2 * (count - 1)).round().long()
    return code.flatten(1)


def levels_of(codes: Tensor, side: int) -> Tensor:
    """The rounded numbers (n, len(LEVELS), side, side) of codes (n, side * side)."""
    digits = []
    for count in reversed(LEVELS):
        digits.append((codes % count) / (count - 1) * 2 - 1)
        codes = codes // count
    levels: Tensor = torch.stack(digits[::-1], dim=1).unflatten(2, (side, side))
    return levels


class Layer(nn.Module):
    """Attention to what comes before, and a perceptron of each place."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attend, self.leave = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.think = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (t.unflatten(2, (HEADS, -1)).transpose(1, 2) for t in self.attend(self.first(x)).chunk(3, dim=2))
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + self.leave(found)
        out: Tensor = x + self.think(self.second(x))
        return out


class Transformer(nn.Module):
    """Logits of the next code (n, m + 1, CODES) after words (n, MOST) and the codes so far (n, m)."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.words, self.codes = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CODES, WIDTH)
        self.places = nn.Parameter(0.02 * torch.randn(MOST + places, WIDTH))
        self.layers = nn.Sequential(*(Layer() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.tell = nn.Linear(WIDTH, CODES)

    def forward(self, words: Tensor, codes: Tensor) -> Tensor:
        x = torch.cat([self.words(words), self.codes(codes)], dim=1)
        x = self.layers(x + self.places[: x.shape[1]])
        logits: Tensor = self.tell(self.norm(x[:, MOST - 1 :]))
        return logits


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, first_epochs: int = FIRST_EPOCHS
) -> dict[str, NDArray[Any]]:
    """The weights of the decoder and of the transformer."""
    assert images.captions is not None
    x, words = unit(images), numbered(images.captions)
    with seeded(seed):
        encode, decode = Encoder(images.shape[2]), Decoder(images.shape[2])

        def error(chosen: Tensor) -> Tensor:
            return F.mse_loss(decode(rounded(encode(x[chosen]))), x[chosen])

        both = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=4e-3)
        minimise(both, error, len(x), BATCH, first_epochs)
        with torch.no_grad():
            codes = codes_of(rounded(encode(x)))
        network = Transformer(codes.shape[1])

        def surprise(chosen: Tensor) -> Tensor:
            logits = network(words[chosen], codes[chosen, :-1])
            return F.cross_entropy(logits.flatten(0, 1), codes[chosen].flatten())

        minimise(torch.optim.AdamW(network.parameters(), lr=2e-3), surprise, len(x), BATCH, epochs)
    found = {**arrays(decode, "decoder."), **arrays(network, "prior.")}
    return {key: value.astype(np.float16) for key, value in found.items()}


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    height, _, channels = shape_of(track)
    side = height // PATCH
    decode = filled(Decoder(channels), weights, "decoder.").to(device)
    network = filled(Transformer(side**2), weights, "prior.").to(device)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        words, numbers = asked(draws).to(device), uniform(draws, side**2)
        codes = torch.zeros(len(draws), 0, dtype=torch.long, device=device)
        with torch.inference_mode():
            for place in range(side**2):
                shares = network(words, codes)[:, -1].softmax(dim=1).cpu().numpy()
                drawn = torch.from_numpy(choose(shares, numbers[:, place])).to(device)
                codes = torch.cat([codes, drawn[:, None]], dim=1)
            images: NDArray[Any] = decode(levels_of(codes, side)).clamp(0, 1).cpu().numpy()
        return images.transpose(0, 2, 3, 1)

    return sample
