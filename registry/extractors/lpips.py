"""`lpips-*`: spaces in which the squared Euclidean distance of two images is their LPIPS (arXiv:1801.03924).

LPIPS averages, over the places of each layer's maps, the squared differences of unit-length channel vectors, weighted
by channel. So its features are those vectors, times the root of the weight over the root of the number of places, of
all layers in a row. As features they are computed once for an image and not once for a pair: all pairs of n images cost
n passes through the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

import torch
from torch import Tensor, nn

from ...core.errors import BadWeights
from ..extras import need
from ..fields import Weights
from ..weights import read_weights
from .fitting import Arrays, empty, fitted
from .maps import Maps, of_digits_cnn, of_lenet

EPSILON = 1e-10  # added to lengths, as the authors do
# torchvision's networks: the layers that are read, and the published weights of their channels.
LAYERS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"alexnet": (1, 4, 7, 9, 11), "vgg16": (3, 8, 15, 22, 29), "squeezenet1_1": (1, 4, 7, 9, 10, 11, 12)}
)
LINEAR: Mapping[str, Weights] = MappingProxyType(
    {
        network: Weights(package="lpips", path=f"lpips/weights/v0.1/{name}.pth", sha256=digest)
        for network, name, digest in (
            ("alexnet", "alex", "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"),
            ("vgg16", "vgg", "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"),
            ("squeezenet1_1", "squeeze", "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76"),
        )
    }
)


class Lpips(nn.Module):
    """Unit-length channel vectors of every layer, weighted, in one row.

    Args:
        linear: weights of each layer's channels, shape (c,) each; none: all are 1.
    """

    def __init__(self, maps: Maps, linear: Sequence[Tensor] | None = None) -> None:
        super().__init__()
        self.maps, self.count = maps, len(linear or ())
        for i, weight in enumerate(linear or ()):
            self.register_buffer(f"root{i}", weight.sqrt().view(1, -1, 1, 1))

    def forward(self, prepared: Tensor) -> tuple[Tensor, None]:
        """Features (n, the numbers of all maps) of images (n, c, h, w)."""
        rows = []
        for i, x in enumerate(self.maps(prepared)):
            unit = x / (x.square().sum(dim=1, keepdim=True).sqrt() + EPSILON) / (x.shape[2] * x.shape[3]) ** 0.5
            rows.append((unit * self.get_buffer(f"root{i}") if self.count else unit).flatten(1))
        return torch.cat(rows, dim=1), None


def load(weights: Arrays, network: str) -> Lpips:
    """LPIPS over one of torchvision's networks, with these weights of its convolutions."""
    models = need("torchvision.models", "networks")
    trunk = fitted(empty(lambda: getattr(models, network)(weights=None).features), weights)
    return Lpips(Maps(trunk, LAYERS[network]), linear_weights(network))


def linear_weights(network: str) -> list[Tensor]:
    """The published weights of the channels of each layer, shape (c,) each.

    Raises:
        BadWeights: one is below 0, so that there is no root of it.
        GenboardError: the package lpips is not installed.
    """
    found = read_weights(LINEAR[network])
    linear = [torch.tensor(found[f"lin{i}.model.1.weight"]).flatten() for i in range(len(LAYERS[network]))]
    if min(float(weight.min()) for weight in linear) < 0:
        raise BadWeights(f"LPIPS over {network}: a weight of a channel is below 0", "restore the package lpips")
    return linear


load_alexnet = partial(load, network="alexnet")
load_vgg16 = partial(load, network="vgg16")
load_squeezenet = partial(load, network="squeezenet1_1")


def load_digits_cnn(weights: Arrays) -> Lpips:
    return Lpips(of_digits_cnn(weights, (1, 3, 6)))


def load_lenet(weights: Arrays) -> Lpips:
    return Lpips(of_lenet(weights, (1, 4)))
