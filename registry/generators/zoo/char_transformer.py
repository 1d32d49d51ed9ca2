"""A causal transformer that writes a text character by character (Vaswani et al. 2017, arXiv:1706.03762, in small)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, filled, minimise, seeded
from .. import Sampler
from ..draws import Draw
from .characters import BATCH, RATE, shifted_and_cut, stored, surprise, symbols_of, written

WIDTH, HEADS, LAYERS = 64, 4, 2
DROPOUT = 0.1
EPOCHS = 24


class Layer(nn.Module):
    """Attention to what comes before, and a perceptron of each place."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attend, self.leave = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.think = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (t.unflatten(2, (HEADS, -1)).transpose(1, 2) for t in self.attend(self.first(x)).chunk(3, dim=2))
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        x = x + self.drop(self.leave(found))
        out: Tensor = x + self.drop(self.think(self.second(x)))
        return out


class CharTransformer(nn.Module):
    """Symbols (n, m) to logits (n, m, k) of what follows each."""

    def __init__(self, count: int, length: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(count, WIDTH)
        self.places = nn.Parameter(0.02 * torch.randn(length + 1, WIDTH))
        self.layers = nn.Sequential(*(Layer() for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.tell = nn.Linear(WIDTH, count)

    def forward(self, symbols: Tensor) -> Tensor:
        x = self.layers(self.embed(symbols) + self.places[: symbols.shape[1]])
        logits: Tensor = self.tell(self.norm(x))
        return logits


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    levels, symbols = symbols_of(images)
    with seeded(seed):
        network = CharTransformer(len(levels), symbols.shape[1])

        def loss(chosen: Tensor) -> Tensor:
            shown, told = shifted_and_cut(symbols[chosen])
            return surprise(network(shown), told)

        minimise(torch.optim.AdamW(network.parameters(), lr=RATE), loss, len(symbols), BATCH, epochs)
    return stored(network, levels)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    _, length, _ = shape_of(track)
    levels = weights["levels"]
    network = filled(CharTransformer(len(levels), length), weights, "network.").to(device)

    def sample(draws: Sequence[Draw]) -> NDArray[np.uint8]:
        shown = torch.zeros(len(draws), 0, dtype=torch.long, device=device)

        def following(last: NDArray[np.int64]) -> Tensor:
            nonlocal shown
            shown = torch.cat([shown, torch.from_numpy(last).to(device)[:, None]], dim=1)
            found: Tensor = network(shown)[:, -1]
            return found

        with torch.inference_mode():
            return written(draws, levels, length, following)

    return sample
