"""Feature spaces that can be loaded: a name to a function from uint8 images to features and logits.

To add one: an entry in `entries/extractors/`, and a module here with `load(weights)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...errors import BadFeatures, GenboardError
from ..catalog import find
from ..images import Images, expect_shape
from ..resolve import function
from ..schema import Extractor
from ..weights import read_weights

__all__ = ["LiveExtractor", "find_device", "load_extractor"]


@dataclass(frozen=True)
class LiveExtractor:
    """A loaded feature space."""

    entry: Extractor
    network: Callable[[Tensor], tuple[Tensor, Tensor | None]]
    device: torch.device

    def compute(self, images: Images, source: str) -> tuple[Tensor, Tensor | None]:
        """Features (n, dim) and logits (n, classes) or none, float32, of at most one compute block of images.

        A short block is filled up with black images: the network always sees the same batch shape, so that its
        last bits do not depend on how many images there are.

        Raises:
            BadImages: not the shape that the network takes.
            BadFeatures: a feature is NaN or infinite.
        """
        expect_shape(images, self.entry.input_shape, source)
        count = len(images)
        if count > self.entry.block:
            raise ValueError(f"{count} images in a compute block of {self.entry.block}")
        padded = np.zeros((self.entry.block, *self.entry.input_shape), np.uint8)
        padded[:count] = images.pixels
        with torch.inference_mode():
            features, logits = self.network(torch.from_numpy(padded).to(self.device))
        features = features[:count].cpu()
        if not bool(torch.isfinite(features).all()):
            raise BadFeatures(f"{self.entry.name} gives NaN or infinite features for {source}")
        return features, None if logits is None else logits[:count].cpu()


def find_device(name: str) -> torch.device:
    """The device of that name.

    Raises:
        GenboardError: torch knows no such device, or it is not there.
    """
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as e:
        raise GenboardError(f"no device {name!r} here", "use --device cpu, or cuda where there is a GPU") from e
    return device


def load_extractor(name: str, device: str = "cpu") -> LiveExtractor:
    """The feature space of that name, weights checked.

    Raises:
        UnknownName: no such extractor.
        BadFeatures: weights that are not the ones its entry names.
    """
    entry = find(Extractor, name)
    weights = read_weights(entry.weights) if entry.weights else {}
    network = function(entry.loader, under="registry.extractors")(weights)
    place = find_device(device)
    return LiveExtractor(entry, network.to(place), place)
