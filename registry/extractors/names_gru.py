"""`names-gru`: a network trained in this project to tell the next character of a name; its mean state is the space."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..images import Images
from ..training import Arrays, arrays, minimise, seeded
from .fitting import empty, fitted
from .names_ngrams import bytes_of, lengths

BYTES = 256  # every byte has a vector, so that whatever a generator writes has features
DIM = 64
EMBEDDING = 16
EPOCHS = 16
BATCH = 64


class NamesGRU(nn.Module):
    """A GRU of 64 units over the bytes of a text, and what it says of the byte after each."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(BYTES, EMBEDDING)
        self.recur = nn.GRU(EMBEDDING, DIM, batch_first=True)

    def states(self, text: Tensor) -> Tensor:
        """States (n, length, 64) after each byte of texts (n, length)."""
        found: Tensor = self.recur(self.embed(text))[0]
        return found

    def forward(self, scaled: Tensor) -> tuple[Tensor, None]:
        """Features (n, 64) of texts as images in [0, 1], shape (n, 1, 1, length): the mean of the states up to the end.

        The state after the first byte behind a text counts too: so an empty text has features.
        """
        text = F.pad(bytes_of(scaled), (0, 1))
        there = (torch.arange(text.shape[1], device=text.device) <= lengths(text)[:, None]).to(scaled)[:, :, None]
        return (self.states(text) * there).sum(dim=1) / there.sum(dim=1), None


def load(weights: Arrays) -> NamesGRU:
    return fitted(empty(NamesGRU), weights)


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """Weights fitted by cross-entropy with Adam under a cosine rate; what answers from the states is left out."""
    texts = torch.from_numpy(images.pixels[:, 0, :, 0].astype(np.int64))
    with seeded(seed):
        network, answer = NamesGRU().train(), nn.Linear(DIM, BYTES)

        def loss(chosen: Tensor) -> Tensor:
            text = texts[chosen]
            longest = int(lengths(text).max())
            # The end after the last character is told too, the zeros behind it are not.
            told = F.pad(text[:, 1:longest], (0, 1))
            past = F.pad(told[:, :-1] == 0, (1, 0))
            logits = answer(network.states(text[:, :longest]))
            return F.cross_entropy(logits.flatten(0, 1), told.masked_fill(past, -1).flatten(), ignore_index=-1)

        optimizer = torch.optim.AdamW([*network.parameters(), *answer.parameters()], lr=3e-3, weight_decay=1e-2)
        minimise(optimizer, loss, len(texts), BATCH, epochs)
    return arrays(network)
