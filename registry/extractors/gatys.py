"""`content-*` and `style-*`: spaces whose squared Euclidean distances are Gatys's losses (arXiv:1508.06576).

The content loss is half the squared difference of one layer's maps. The style loss is the mean over layers of the
squared difference of Gram matrices, over 4 N^2 M^2 for N channels of M places each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .fitting import Arrays
from .maps import Maps, of_digits_cnn, of_lenet, of_random_vgg16


class Content(nn.Module):
    """One layer's maps, over the root of 2."""

    def __init__(self, maps: Maps) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, prepared: Tensor) -> tuple[Tensor, None]:
        """Features (n, c * h * w) of images (n, c, h, w)."""
        (found,) = self.maps(prepared)
        return found.flatten(1) / 2**0.5, None


class Style(nn.Module):
    """The Gram matrices of several layers, scaled, in one row; what stands twice in a matrix is once in the row."""

    def __init__(self, maps: Maps) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, prepared: Tensor) -> tuple[Tensor, None]:
        """Features (n, the sum over layers of c (c + 1) / 2) of images (n, c, h, w)."""
        found = self.maps(prepared)
        return torch.cat([_gram(x) for x in found], dim=1) / len(found) ** 0.5, None


def _gram(x: Tensor) -> Tensor:
    """The Gram matrix of the channels of maps (n, c, h, w) over 2 c h w: its diagonal, and root 2 times the rest."""
    channels, places = x.shape[1], x.shape[2] * x.shape[3]
    rows = x.flatten(2)
    gram = rows @ rows.mT / (2 * channels * places)
    i, j = torch.triu_indices(channels, channels, device=x.device)
    return gram[:, i, j] * torch.where(i == j, 1.0, 2**0.5)


def content_of_digits_cnn(weights: Arrays) -> Content:
    return Content(of_digits_cnn(weights, (6,)))


def content_of_lenet(weights: Arrays) -> Content:
    return Content(of_lenet(weights, (4,)))


def content_of_random_vgg16(weights: Arrays) -> Content:
    return Content(of_random_vgg16((20,)))


def style_of_digits_cnn(weights: Arrays) -> Style:
    return Style(of_digits_cnn(weights, (1, 3, 6)))


def style_of_lenet(weights: Arrays) -> Style:
    return Style(of_lenet(weights, (1, 4)))


def style_of_random_vgg16(weights: Arrays) -> Style:
    return Style(of_random_vgg16((1, 6, 11, 18, 25)))
