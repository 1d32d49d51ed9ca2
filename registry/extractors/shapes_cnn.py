"""`shapes-cnn`: a small network trained in this project to tell what is on images of `shapes-text`; its 64-wide linear
layer is the space.

It is asked whether there are one, two or three things of each shape, each colour, each pair of the two and each size,
and in each quarter of the image. The answers it is trained on are those of the judge of `registry.shapes`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..images import Images
from ..shapes.judge import seen
from ..shapes.scenes import COLOURS, SHAPES, SIDE, SIZES, Scene
from ..training import Arrays, arrays, minimise, seeded
from .fitting import empty, fitted
from .preprocessing import unit

DIM = 64
MOST = 3  # things of a kind
EPOCHS = 18
BATCH = 64


class ShapesCNN(nn.Module):
    """Three 3x3 convolutions, the image halved after each, and a linear 64-d feature layer."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 48, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(48, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        self.feature = nn.Linear(64 * (SIDE // 8) ** 2, DIM)

    def forward(self, scaled: Tensor) -> tuple[Tensor, None]:
        """Features (n, 64) of images in [0, 1], shape (n, 3, 32, 32)."""
        return self.feature(self.body(scaled)), None


def load(weights: Arrays) -> ShapesCNN:
    return fitted(empty(ShapesCNN), weights)


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """Weights fitted by cross-entropy with Adam under a cosine rate; what answers from the features is left out."""
    pixels = torch.from_numpy(images.pixels)
    counts = np.array([counted(scene) for scene in seen(images.pixels)])
    answers = torch.from_numpy(counts[:, :, None] > np.arange(MOST)).flatten(1).float()
    with seeded(seed):
        network, answer = ShapesCNN().train(), nn.Linear(DIM, answers.shape[1])

        def loss(chosen: Tensor) -> Tensor:
            told = answer(network(unit(pixels[chosen]))[0])
            return F.binary_cross_entropy_with_logits(told, answers[chosen])

        weights = [*network.parameters(), *answer.parameters()]
        minimise(torch.optim.AdamW(weights, lr=3e-3, weight_decay=1e-2), loss, len(pixels), BATCH, epochs)
    return arrays(network)


def counted(scene: Scene) -> list[int]:
    """How many things there are of each shape, each colour, each pair of the two and each size, and in each quarter."""
    kinds = [(shape, colour) for shape in SHAPES for colour in COLOURS]
    quarters = [(x, y) for x in (False, True) for y in (False, True)]
    there = [(t.centre[0] > SIDE, t.centre[1] > SIDE) for t in scene]
    return [
        *(sum(t.shape == shape for t in scene) for shape in SHAPES),
        *(sum(t.colour == colour for t in scene) for colour in COLOURS),
        *(sum((t.shape, t.colour) == kind for t in scene) for kind in kinds),
        *(sum(t.size == size for t in scene) for size in SIZES),
        *(there.count(quarter) for quarter in quarters),
    ]
