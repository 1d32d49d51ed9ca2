"""Captions of `shapes-text` as words, and the encoder that the generators of them share."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ....core.errors import BadSamples
from ...shapes.captions import WORDS, parsed
from ..draws import Draw

MOST = 12  # words of the longest caption
VOCABULARY = 1 + len(WORDS)  # 0 stands for no word
WIDTH = 64


def numbered(captions: Sequence[str]) -> Tensor:
    """The words of captions by number, shape (n, MOST), filled up with 0.

    Raises:
        BadSamples: a caption that the grammar does not know.
    """
    rows = [[1 + WORDS.index(word) for word in str(parsed(caption)).split()] for caption in captions]
    return torch.tensor([row + [0] * (MOST - len(row)) for row in rows])


def asked(tickets: Sequence[Draw]) -> Tensor:
    """The words that these samples are asked for, shape (n, MOST).

    Raises:
        BadSamples: no caption is asked for.
    """
    captions = [t.caption for t in tickets if t.caption is not None]
    if len(captions) < len(tickets):
        raise BadSamples(
            "a generator of captions was asked for none",
            'measure it on a track with task = "text", whose data set has captions',
        )
    return numbered(captions)


class WordEncoder(nn.Module):
    """A bidirectional GRU over the words of a caption."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, WIDTH)
        self.read = nn.GRU(WIDTH, WIDTH // 2, batch_first=True, bidirectional=True)

    def forward(self, words: Tensor) -> Tensor:
        """A state for each word, (n, MOST, WIDTH)."""
        states: Tensor = self.read(self.words(words))[0]
        return states
