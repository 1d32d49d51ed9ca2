"""Class-conditional flow matching (arXiv:2210.02747) on a U-Net, trained on EMNIST's digits by Blaise143.

The network gives the velocity on straight paths from noise (t = 0) to an image (t = 1); Euler's method follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ....core.errors import BadSamples
from ...extractors.fitting import empty, fitted
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw, labelled_normal
from ..networks import from_signed, placed

SIDE = 28
EMBEDDING = 100
CLASSES = 10


class Fourier(nn.Module):
    """A time in [0, 1] as sines and cosines of fixed random frequencies, (100,)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.ParameterDict({"W": torch.ones(EMBEDDING // 2)})

    def forward(self, time: float) -> Tensor:
        phases = 2 * np.pi * time * self.embedding["W"]
        return torch.cat([phases.sin(), phases.cos()])


class Labels(nn.Module):
    """The vectors of labels (n,)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, EMBEDDING)

    def forward(self, labels: Tensor) -> Tensor:
        vectors: Tensor = self.embedding(labels)
        return vectors


class Step(nn.Module):
    """A convolution that keeps the size, halves or doubles it; the embedding (n, 100) is added after the ReLU."""

    def __init__(self, inputs: int, outputs: int, scale: float = 1) -> None:
        super().__init__()
        stride = 2 if scale < 1 else 1
        convolution = (
            nn.ConvTranspose2d(inputs, outputs, 2, stride=2)
            if scale > 1
            else nn.Conv2d(inputs, outputs, 3, stride, padding=1)
        )
        self.convs = nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
        self.time_projection = nn.Linear(EMBEDDING, outputs)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        out: Tensor = self.convs(x) + self.time_projection(embedding)[:, :, None, None]
        return out


class VelocityUNet(nn.Module):
    """The velocity of images (n, 1, 28, 28) at a time in [0, 1], with labels (n,)."""

    def __init__(self) -> None:
        super().__init__()
        self.time_embedding, self.label_embedding = Fourier(), Labels()
        self.initial = nn.ModuleList([Step(1, 32), Step(32, 32)])
        self.downs = nn.ModuleList(nn.ModuleList([Step(w, 2 * w, 0.5), Step(2 * w, 2 * w)]) for w in (32, 64))
        self.bottleneck = nn.ModuleList([Step(128, 128), Step(128, 128)])
        self.ups = nn.ModuleList(
            nn.ModuleList([Step(w, w // 2, 2), Step(w, w // 2), Step(w // 2, w // 2)]) for w in (128, 64)
        )
        self.final = nn.Conv2d(32, 1, 1)

    def forward(self, x: Tensor, time: float, labels: Tensor) -> Tensor:
        embedding = self.time_embedding(time) + self.label_embedding(labels)
        kept = []
        for stage in (self.initial, *self.downs, self.bottleneck):
            assert isinstance(stage, nn.ModuleList)
            for step in stage:
                x = step(x, embedding)
            kept.append(x)  # (n, 32, 28, 28), (n, 64, 14, 14), (n, 128, 7, 7) and again
        for stage, skip in zip(self.ups, (kept[1], kept[0]), strict=True):
            assert isinstance(stage, nn.ModuleList)
            grow, *others = stage
            x = torch.cat([grow(x, embedding), skip], dim=1)
            for step in others:
                x = step(x, embedding)
        velocity: Tensor = self.final(x)
        return velocity


def load(weights: Arrays, track: Track, device: str = "cpu", steps: int = 100) -> Sampler:
    if steps < 1:
        raise BadSamples(f"{steps} steps of Euler's method", "set `steps` to 1 or more in the entry's arguments")
    network = fitted(empty(VelocityUNet), weights)

    def follow(x: Tensor, labels: Tensor) -> Tensor:
        for step in range(steps):
            x = x + network(x, step / steps, labels) / steps
        return x

    run = placed(network, device, follow)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        labels, z = labelled_normal(draws, SIDE**2, np.full(CLASSES, 1 / CLASSES, np.float32))
        images = run(z.reshape(-1, 1, SIDE, SIDE), labels)
        return from_signed(images.clip(-1, 1))

    return sample
