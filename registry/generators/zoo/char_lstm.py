"""A recurrent network that writes a text character by character (Graves 2013, arXiv:1308.0850, in small): one LSTM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, filled, minimise, seeded
from .. import Sampler
from ..draws import Draw
from .characters import BATCH, RATE, shifted_and_cut, stored, surprise, symbols_of, written

WIDTH = 128
EMBEDDING = 32
DROPOUT = 0.2
EPOCHS = 20

State = tuple[Tensor, Tensor]


class CharLSTM(nn.Module):
    """Symbols (n, m) and the state before them, to logits (n, m, k) of what follows each, and the state after them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(count, EMBEDDING)
        self.recur = nn.LSTM(EMBEDDING, WIDTH, batch_first=True)
        self.drop = nn.Dropout(DROPOUT)
        self.tell = nn.Linear(WIDTH, count)

    def forward(self, symbols: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        states, state = self.recur(self.embed(symbols), state)
        assert state is not None
        return self.tell(self.drop(states)), state


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    levels, symbols = symbols_of(images)
    with seeded(seed):
        network = CharLSTM(len(levels))

        def loss(chosen: Tensor) -> Tensor:
            shown, told = shifted_and_cut(symbols[chosen])
            return surprise(network(shown)[0], told)

        minimise(torch.optim.AdamW(network.parameters(), lr=RATE), loss, len(symbols), BATCH, epochs)
    return stored(network, levels)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    _, length, _ = shape_of(track)
    levels = weights["levels"]
    network = filled(CharLSTM(len(levels)), weights, "network.").to(device)

    def sample(draws: Sequence[Draw]) -> NDArray[np.uint8]:
        state: State | None = None

        def following(last: NDArray[np.int64]) -> Tensor:
            nonlocal state
            logits, state = network(torch.from_numpy(last).to(device)[:, None], state)
            found: Tensor = logits[:, 0]
            return found

        with torch.inference_mode():
            return written(draws, levels, length, following)

    return sample
