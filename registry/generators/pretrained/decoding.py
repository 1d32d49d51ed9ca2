"""What decoders of latents share: draws to latents (and labels), and their images to [0, 1] in the track's size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ....core.errors import BadSamples
from ...catalog import find
from ...schema import Dataset, Track
from .. import Sampler
from ..draws import Draw, labelled_normal, normal
from ..networks import placed

RESIZE = "antialiased-bilinear"


def decoder(
    network: nn.Module,
    device: str,
    latent: int,
    to_unit: Callable[[Tensor], Tensor] = lambda image: image,
    classes: int | None = None,
) -> Sampler:
    """A sampler of a network's images at latents from N(0, I).

    Args:
        network: takes latents (n, latent), and labels (n,) where there are classes; gives images (n, c, h, w).
        to_unit: takes its images to [0, 1].
        classes: labels that are not asked for are drawn among so many, with equal shares.
    """
    run = placed(network, device, lambda *given: to_unit(network(*given)).permute(0, 2, 3, 1))

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        if classes is None:
            return run(normal(draws, latent))
        labels, z = labelled_normal(draws, latent, np.full(classes, 1 / classes, np.float32))
        return run(z, labels)

    return sample


def from_tanh(images: Tensor) -> Tensor:
    """Images in [-1, 1] in [0, 1]."""
    return (images + 1) / 2


def resizer(resize: str, track: Track) -> Callable[[Tensor], Tensor]:
    """What brings images in [0, 1] to the size of the track's data set; the entry names how.

    Raises:
        BadSamples: it names something else.
    """
    if resize != RESIZE:
        raise BadSamples(f"images are not resized by {resize!r}", f'write `resize = "{RESIZE}"` in [arguments]')
    height, width, _ = find(Dataset, track.dataset).shape
    return lambda images: F.interpolate(images, size=(height, width), mode="bilinear", antialias=True)
