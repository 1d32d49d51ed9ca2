"""Decoders of third-party convolutional variational autoencoders (arXiv:1312.6114): means, without noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...extractors.fitting import empty, fitted
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from .decoding import decoder, resizer


class Decoder64(nn.Module):
    """8 latents to 64x64: a linear layer to 128x8x8, then three transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.lin1 = nn.Linear(8, 128 * 8 * 8)
        self.conv1, self.conv2, self.conv3 = (
            nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1)
            for a, b in ((128, 64), (64, 32), (32, 1))
        )
        self.bn1, self.bn2 = nn.BatchNorm2d(64), nn.BatchNorm2d(32)

    def forward(self, z: Tensor) -> Tensor:
        x = self.lin1(z).view(-1, 128, 8, 8)
        x = F.leaky_relu(self.bn1(self.conv1(x)))  # (n, 64, 16, 16)
        x = F.leaky_relu(self.bn2(self.conv2(x)))  # (n, 32, 32, 32)
        return torch.sigmoid(self.conv3(x))


class ConditionalDecoder(nn.Module):
    """64 latents and a label's vector to 28x28: a linear layer to 64x7x7, then two transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.class_embedding = nn.Embedding(10, 64)
        self.decoder = nn.Sequential(
            nn.Linear(128, 64 * 7 * 7),
            nn.ReLU(),
            nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(32, 1, 4, 2, 1),
            nn.Sigmoid(),
        )

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        images: Tensor = self.decoder(torch.cat([z, self.class_embedding(labels)], dim=1))
        return images


def load_64(weights: Arrays, track: Track, device: str = "cpu", resize: str = "") -> Sampler:
    """Enzweiler's decoder of 64x64 images, resized to the track's."""
    resized = resizer(resize, track)
    # The file's shortcuts are never used.
    used = {key: array for key, array in weights.items() if not key.startswith("shortcut")}
    return decoder(fitted(empty(Decoder64), used), device, 8, resized)


def load_conditional(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    """harryz6560's class-conditional decoder, whose posterior collapsed: every image is its class's mean."""
    used = {key: array for key, array in weights.items() if key.startswith(("decoder.", "class_embedding."))}
    return decoder(fitted(empty(ConditionalDecoder), used), device, 64, classes=10)
