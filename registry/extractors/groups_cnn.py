"""`groups-cnn`: the network of `digits-cnn` for digits of two groups, plain and inverted: 20 logits.

In training every second image is inverted, and its label with it: of the rare group alone there are eight images of a
digit, from which the classifier would know that group much less well than the other.
"""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..images import Images
from ..training import Arrays, arrays, minimise, seeded
from .digits_cnn import BATCH, EPOCHS, SMOOTHING, DigitsCNN
from .fitting import empty, fitted
from .preprocessing import unit

DIGITS = 10  # an inverted digit has the label of the digit, and this more
CLASSES = 2 * DIGITS


def load(weights: Arrays) -> DigitsCNN:
    return fitted(empty(lambda: DigitsCNN(CLASSES)), weights)


def train(images: Images, seed: int = 2026) -> dict[str, NDArray[Any]]:
    """Weights fitted as those of `digits-cnn`, with half of the images inverted."""
    assert images.labels is not None
    pixels, labels = torch.from_numpy(images.pixels), torch.from_numpy(images.labels)
    with seeded(seed):
        network = DigitsCNN(CLASSES).train()

        def loss(chosen: Tensor) -> Tensor:
            other = torch.rand(len(chosen)) < 0.5
            asked = torch.where(other, (labels[chosen] + DIGITS) % CLASSES, labels[chosen])
            inverted = torch.where(other[:, None, None, None], 255 - pixels[chosen], pixels[chosen])
            return F.cross_entropy(network(_shifted(unit(inverted)))[1], asked, label_smoothing=SMOOTHING)

        optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
        minimise(optimizer, loss, len(pixels), BATCH, EPOCHS)
    return arrays(network)


def _shifted(x: Tensor) -> Tensor:
    """The batch moved by -1, 0 or 1 pixel along each axis; what comes in is the edge again, black or white."""
    dy, dx = (int(d) for d in torch.randint(0, 3, (2,)))
    return F.pad(x, (1, 1, 1, 1), mode="replicate")[:, :, dy : dy + 8, dx : dx + 8]
