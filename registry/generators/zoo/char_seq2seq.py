"""An encoder and a decoder with attention: it reads a training text with holes, and writes a text that fills them.

The holes are whole words, each hidden with a chance of one half behind one sign, whatever its length, and at least one
of them (the infilling of Lewis et al. 2019, arXiv:1910.13461). So what is written is not unconditional: half of it is
given, and a training text is one way of filling the holes. The encoder is a GRU in both directions, the decoder another
with attention to the encoder's states (Bahdanau, Cho and Bengio 2014, arXiv:1409.0473; in the form of Luong, Pham and
Manning 2015, arXiv:1508.04025, whose attention comes after the recurrence).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...datasets import load_split
from ...images import Images, Pixels
from ...schema import Track
from ...training import Arrays, filled, minimise, seeded
from .. import Sampler
from ..draws import Draw
from .characters import BATCH, RATE, shifted_and_cut, stored, surprise, symbols_of, written

WIDTH = 96  # of the decoder; half of it in each direction of the encoder
EMBEDDING = 32
DROPOUT = 0.1
HIDDEN = 0.5  # of the words
HOLE = 1  # in the texts that are read: no byte that can be shown
KEY = 2**63  # one bit above every sample's index: its holes are drawn apart from its characters
EPOCHS = 24


class Seq2Seq(nn.Module):
    """Texts with holes, and symbols so far, to logits of what follows each."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(count + 1, EMBEDDING)  # the hole's sign comes last
        self.read = nn.GRU(EMBEDDING, WIDTH // 2, batch_first=True, bidirectional=True)
        self.write = nn.GRU(EMBEDDING, WIDTH, batch_first=True)
        self.match = nn.Linear(WIDTH, WIDTH, bias=False)
        self.merge = nn.Linear(2 * WIDTH, WIDTH)
        self.drop = nn.Dropout(DROPOUT)
        self.tell = nn.Linear(WIDTH, count)

    def encode(self, holed: Tensor) -> tuple[Tensor, Tensor]:
        """States (n, m, width) of texts with holes (n, m), and which of their places are read: the ends are, once."""
        states: Tensor = self.read(self.embed(holed))[0]
        return states, F.pad(holed != 0, (1, 0), value=True)[:, :-1]

    def forward(
        self, states: Tensor, there: Tensor, symbols: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Logits (n, m, k) and the decoder's state after them."""
        own, state = self.write(self.embed(symbols), state)
        scores = (self.match(own) @ states.transpose(1, 2)).masked_fill(~there[:, None], -torch.inf)
        found = scores.softmax(dim=2) @ states
        assert state is not None
        return self.tell(self.drop(self.merge(torch.cat([own, found], dim=2)).tanh())), state


def holed(text: NDArray[np.uint8], stream: np.random.Generator) -> NDArray[np.uint8]:
    """A text (length,) with holes for some of its words, as long as before, and zeros behind it."""
    words = text[text != 0].tobytes().split(b" ")
    hidden = stream.random(len(words)) < HIDDEN
    hidden[int(stream.integers(len(words)))] = True
    kept = b" ".join(bytes([HOLE]) if hide else word for word, hide in zip(words, hidden, strict=True))
    return np.frombuffer(kept.ljust(len(text), b"\0"), np.uint8)


def numbered(texts: Sequence[NDArray[np.uint8]], levels: NDArray[np.uint8]) -> Tensor:
    """Texts with holes in the numbers of their symbols, shape (n, length); the hole comes after the last of them."""
    rows = np.stack(texts)
    return torch.from_numpy(np.where(rows == HOLE, len(levels), np.searchsorted(levels, rows)))


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    levels, symbols = symbols_of(images)
    texts, stream = images.pixels[:, 0, :, 0], np.random.default_rng(seed)
    with seeded(seed):
        network = Seq2Seq(len(levels))

        def loss(chosen: Tensor) -> Tensor:
            shown, told = shifted_and_cut(symbols[chosen])
            read = numbered([holed(texts[i], stream) for i in chosen.tolist()], levels)
            return surprise(network(*network.encode(read), shown)[0], told)

        minimise(torch.optim.AdamW(network.parameters(), lr=RATE), loss, len(symbols), BATCH, epochs)
    return stored(network, levels)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    _, length, _ = shape_of(track)
    levels = weights["levels"]
    network = filled(Seq2Seq(len(levels)), weights, "network.").to(device)
    source = load_split(track.dataset, track.train)

    def given(draw: Draw) -> NDArray[np.uint8]:
        """The text with holes that a sample is written from."""
        stream = np.random.Generator(np.random.Philox(key=np.array([draw.seed, KEY + draw.index], np.uint64)))
        place = int(stream.integers(source.count))
        pixels: Pixels = source.read(place, place + 1).pixels
        return holed(pixels[0, 0, :, 0], stream)

    def sample(draws: Sequence[Draw]) -> NDArray[np.uint8]:
        state: Tensor | None = None
        with torch.inference_mode():
            states, there = network.encode(numbered([given(draw) for draw in draws], levels).to(device))

            def following(last: NDArray[np.int64]) -> Tensor:
                nonlocal state
                logits, state = network(states, there, torch.from_numpy(last).to(device)[:, None], state)
                found: Tensor = logits[:, 0]
                return found

            return written(draws, levels, length, following)

    return sample
