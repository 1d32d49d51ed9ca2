"""Diagonal BiLSTM of PixelRNN (van den Oord, Kalchbrenner and Kavukcuoglu 2016, arXiv:1601.06759), small.

A masked convolution shows each place those before it. Two LSTMs then pass over the image along its diagonals, in which
no place waits for another of the same diagonal: one from the upper left, whose state at a place comes from the places
above and to the left, and one from the upper right. What the latter says of a place is handed to the place below, as
it has seen what follows in the row. So it may see the place itself too; else the last place of a row would be hidden
from the first ones of the next. Every grey level is told from all those above and left.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...images import Images
from ...schema import Track
from ...training import Arrays, filled
from .. import Sampler
from ..draws import choose
from .place_by_place import sampler, trained, unknown

WIDTH = 32
LAYERS = 2
DROPOUT = 0.2
REACH = 3  # places that the first convolution sees to each side
EPOCHS = 40


class DiagonalLSTM(nn.Module):
    """Maps (n, 2 width, h, w) to states (n, width, h, w), each from the places neither below it nor right of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.of_input = nn.Conv2d(2 * width, 4 * width, 1)
        self.of_state = nn.Conv1d(width, 4 * width, 2, bias=False)  # over the place above and that to the left

    def forward(self, x: Tensor) -> Tensor:
        gates = skewed(self.of_input(x))
        state = cell = x.new_zeros(len(x), self.width, x.shape[2])
        states = []
        for diagonal in gates.unbind(dim=3):
            keep, take, show, content = (diagonal + self.of_state(F.pad(state, (1, 0)))).chunk(4, dim=1)
            cell = keep.sigmoid() * cell + take.sigmoid() * content.tanh()
            state = show.sigmoid() * cell.tanh()
            states.append(state)
        return straightened(torch.stack(states, dim=3))


def skewed(x: Tensor) -> Tensor:
    """Each row of x (n, d, h, w) moved right by its number: (n, d, h, w + h - 1), whose columns are diagonals."""
    height, width = x.shape[2:]
    moved: Tensor = F.pad(x, (0, height)).flatten(2)[..., :-height].unflatten(2, (height, width + height - 1))
    return moved


def straightened(x: Tensor) -> Tensor:
    """What `skewed` made of (n, d, h, w)."""
    height = x.shape[2]
    rows: Tensor = F.pad(x.flatten(2), (0, height)).unflatten(2, (height, -1))
    return rows[..., :-height]


class PixelRNN(nn.Module):
    """Grids of symbols (n, h, w), each shown by its vector, to logits of the k symbols, (n, k, h, w)."""

    table: Tensor

    def __init__(self, table: Tensor, width: int = WIDTH, layers: int = LAYERS, dropout: float = DROPOUT) -> None:
        super().__init__()
        # The column of ones tells a black pixel from the zeros beyond the edge.
        self.register_buffer("table", torch.cat([table, torch.ones(len(table), 1)], dim=1))  # (k, d)
        depth = self.table.shape[1]
        self.above = nn.Conv2d(depth, 2 * width, (REACH, 2 * REACH + 1))
        self.left = nn.Conv2d(depth, 2 * width, (1, REACH), bias=False)
        self.itself = nn.Conv2d(depth, 2 * width, 1, bias=False)
        self.from_left = nn.ModuleList(DiagonalLSTM(width) for _ in range(layers))
        self.from_right = nn.ModuleList(DiagonalLSTM(width) for _ in range(layers))
        self.widen = nn.ModuleList(nn.Conv2d(width, 2 * width, 1) for _ in range(layers))
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Sequential(nn.ReLU(), nn.Conv2d(2 * width, width, 1), nn.ReLU(), nn.Conv2d(width, len(table), 1))

    def forward(self, symbols: Tensor) -> Tensor:
        x = self.table[symbols].permute(0, 3, 1, 2)
        rows = F.pad(x, (REACH, REACH, REACH, 0))[:, :, :-1]
        hidden = self.above(rows) + self.left(F.pad(x, (REACH, 0))[..., :-1])
        itself = self.itself(x)
        for left, right, widen in zip(self.from_left, self.from_right, self.widen, strict=True):
            other = right((hidden + itself).flip(3)).flip(3)
            states = left(hidden) + F.pad(other, (0, 0, 1, 0))[:, :, :-1]
            hidden = hidden + widen(self.dropout(states))
        logits: Tensor = self.head(hidden)
        return logits

    def draw(self, numbers: NDArray[np.float32], height: int, width: int) -> NDArray[np.int64]:
        """Grids (n, height, width) drawn place after place, from uniform numbers (n, height * width)."""
        symbols = torch.zeros(len(numbers), height, width, dtype=torch.long, device=self.table.device)
        for r in range(height):
            for c in range(width):
                shares = self(symbols[:, : r + 1])[:, :, r, c].softmax(dim=1).cpu().numpy()
                symbols[:, r, c] = torch.from_numpy(choose(shares, numbers[:, r * width + c]))
        return symbols.cpu().numpy()


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The network's weights, and the grey levels that occur (k,), uint8."""
    return trained(PixelRNN, images, seed, epochs)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    network = filled(PixelRNN(unknown(weights)), weights, "network.").to(device)
    return sampler(network.draw, weights, track)
