"""`resnet20-cifar10`: the ResNet-20 of CIFAR-10 (arXiv:1512.03385, section 4.2), trained by Idelbayev.

The averages over the last maps are the space, 64 wide, and the logits a classifier.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from .fitting import Arrays, empty, fitted

BLOCKS = 3  # in each of three layers


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut without weights: every second pixel, and channels of zeros around."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stride, self.around = outputs // inputs, (outputs - inputs) // 2
        self.conv1 = nn.Conv2d(inputs, outputs, 3, self.stride, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(outputs), nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.around, self.around))
        out: Tensor = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())) + shortcut
        return out.relu()


class ResNet20(nn.Module):
    """A convolution, then layers of 16, 32 and 64 channels at 32x32, 16x16 and 8x8."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.layer1, self.layer2, self.layer3 = (
            nn.Sequential(Block(a, b), *(Block(b, b) for _ in range(BLOCKS - 1)))
            for a, b in ((16, 16), (16, 32), (32, 64))
        )
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, 64) and logits (n, 10) of normalised images, shape (n, 3, 32, 32)."""
        x = self.bn1(self.conv1(x)).relu()
        features = self.layer3(self.layer2(self.layer1(x))).mean(dim=(2, 3))
        return features, self.linear(features)


def load(weights: Arrays) -> ResNet20:
    return fitted(empty(ResNet20), weights)
