"""`digits-cnn`: a small classifier of 8x8 digits, trained in this project; its 32-wide linear layer is the space.

The feature layer has no ReLU: behind one, a fifth of the units were dead, and a dead unit is a constant column.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..images import Images
from ..training import Arrays, arrays, minimise, seeded
from .fitting import empty, fitted
from .preprocessing import unit

DIM = 32
EPOCHS = 120
BATCH = 64
SMOOTHING = 0.02  # without it logits grow without bound: heavy tails, and twice the error on every distance


class DigitsCNN(nn.Module):
    """Three 3x3 convolutions, a linear 32-d feature layer, a logit for each class."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.feature = nn.Linear(256, DIM)
        self.classify = nn.Linear(DIM, classes)

    def forward(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 32) and logits (n, classes) of images in [0, 1], shape (n, 1, 8, 8)."""
        features = self.feature(self.body(scaled))
        return features, self.classify(features)


def load(weights: Arrays) -> DigitsCNN:
    return fitted(empty(DigitsCNN), weights)


def train(images: Images, seed: int = 2026) -> dict[str, NDArray[Any]]:
    """Weights fitted by cross-entropy with Adam under a cosine rate; each batch is shifted by up to one pixel."""
    assert images.labels is not None
    pixels, labels = torch.from_numpy(images.pixels), torch.from_numpy(images.labels)
    with seeded(seed):
        network = DigitsCNN().train()

        def loss(chosen: Tensor) -> Tensor:
            logits = network(unit(_shifted(pixels[chosen])))[1]
            return F.cross_entropy(logits, labels[chosen], label_smoothing=SMOOTHING)

        optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
        minimise(optimizer, loss, len(pixels), BATCH, EPOCHS)
    return arrays(network)


def _shifted(pixels: Tensor) -> Tensor:
    """The batch moved by -1, 0 or 1 pixel along each axis; what comes in at the edge is black."""
    dy, dx = (int(d) for d in torch.randint(0, 3, (2,)))
    padded = F.pad(pixels, (0, 0, 1, 1, 1, 1))
    return padded[:, dy : dy + 8, dx : dx + 8]
