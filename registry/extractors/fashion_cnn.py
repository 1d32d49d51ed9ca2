"""`fashion-cnn`: a small network that a third party trained on Fashion-MNIST; its 128-d layer is the space."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from .fitting import Arrays, empty, fitted


class FashionCNN(nn.Module):
    """Two 3x3 convolutions with pooling, then linear layers of 128 and 10."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.fc1, self.fc2 = nn.Linear(64 * 5 * 5, 128), nn.Linear(128, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 128) and logits (n, 10) of images in [-1, 1], shape (n, 1, 28, 28)."""
        for convolve in (self.conv1, self.conv2):
            x = F.max_pool2d(convolve(x).relu(), 2)
        features = self.fc1(x.flatten(1)).relu()
        return features, self.fc2(features)


def load(weights: Arrays) -> FashionCNN:
    return fitted(empty(FashionCNN), weights)
