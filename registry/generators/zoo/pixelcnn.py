"""Gated PixelCNN (van den Oord et al. 2016, arXiv:1606.05328): each grey level given those above and left."""

from __future__ import annotations

from collections.abc import Sequence
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
LAYERS = 6
DROPOUT = 0.2
EPOCHS = 50


class Gate(nn.Module):
    """tanh of the one half of the channels times sigmoid of the other."""

    def forward(self, x: Tensor) -> Tensor:
        content, gate = x.chunk(2, dim=1)
        return torch.tanh(content) * torch.sigmoid(gate)


class PixelCNN(nn.Module):
    """Grids of symbols, each shown by its vector: (n, d, h, w) to logits of the k symbols, (n, k, h, w).

    The vertical stack sees all rows above, the horizontal one what is left in the row, and is fed by the vertical one;
    so there is no blind spot. Both inputs are moved by one, after which every convolution may look at its own place.
    """

    table: Tensor

    def __init__(self, table: Tensor, width: int = WIDTH, layers: int = LAYERS, dropout: float = DROPOUT) -> None:
        super().__init__()
        # The column of ones tells a black pixel from the zeros beyond the edge.
        self.register_buffer("table", torch.cat([table, torch.ones(len(table), 1)], dim=1))  # (k, d)
        depth = self.table.shape[1]
        inputs = [depth] + [width] * (layers - 1)
        self.above = nn.ModuleList(nn.Conv2d(n, 2 * width, (2, 3)) for n in inputs)
        self.left = nn.ModuleList(nn.Conv2d(n, 2 * width, (1, 2)) for n in inputs)
        self.down = nn.ModuleList(nn.Conv2d(2 * width, 2 * width, 1) for _ in inputs)
        self.across = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in inputs)
        self.gate, self.dropout = Gate(), nn.Dropout2d(dropout)
        self.head = nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, len(table), 1))

    def vertical(self, x: Tensor) -> list[Tensor]:
        """What each layer's horizontal stack gets from the rows above: (n, 2 width, h, w) each."""
        rows, fed = F.pad(x, (0, 0, 1, 0))[:, :, :-1], []
        for convolve in self.above:
            hidden = convolve(F.pad(rows, (1, 1, 1, 0)))
            fed.append(hidden)
            rows = self.dropout(self.gate(hidden))
        return fed

    def horizontal(self, x: Tensor, fed: Sequence[Tensor]) -> Tensor:
        """Logits (n, k, h, w) of rows x (n, d, h, w), given what the vertical stack says of them."""
        row = F.pad(x, (1, 0))[:, :, :, :-1]
        for layer, (convolve, down, across, above) in enumerate(
            zip(self.left, self.down, self.across, fed, strict=True)
        ):
            hidden = across(self.dropout(self.gate(convolve(F.pad(row, (1, 0))) + down(above))))
            row = hidden if layer == 0 else row + hidden
        logits: Tensor = self.head(row)
        return logits

    def forward(self, symbols: Tensor) -> Tensor:
        """Logits (n, k, h, w) of each place of the grids (n, h, w), given the places before it."""
        x = self.table[symbols].permute(0, 3, 1, 2)
        return self.horizontal(x, self.vertical(x))

    def draw(self, numbers: NDArray[np.float32], height: int, width: int) -> NDArray[np.int64]:
        """Grids (n, height, width) drawn place after place, from uniform numbers (n, height * width)."""
        n = len(numbers)
        symbols = np.zeros((n, height, width), np.int64)
        x = torch.zeros(n, self.table.shape[1], height, width, device=self.table.device)
        for r in range(height):
            # A row's view of the rows above is worked out once, and only as far down as it reaches.
            fed = [layer[:, :, r:] for layer in self.vertical(x[:, :, : r + 1])]
            for c in range(width):
                logits = self.horizontal(x[:, :, r : r + 1, : c + 1], [layer[..., : c + 1] for layer in fed])
                shares = logits[:, :, 0, c].softmax(dim=1).cpu().numpy()
                symbols[:, r, c] = choose(shares, numbers[:, r * width + c])
                x[:, :, r, c] = self.table[torch.from_numpy(symbols[:, r, c])]
        return symbols


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The network's weights, and the grey levels that occur (k,), uint8."""
    return trained(PixelCNN, images, seed, epochs)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    network = filled(PixelCNN(unknown(weights)), weights, "network.").to(device)
    return sampler(network.draw, weights, track)
