"""Statistical family: a Gaussian on the leading principal components, plus white noise in the rest.

Probabilistic PCA (Tipping and Bishop 1999), at its closed-form maximum of the likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...images import Images
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw, normal

COMPONENTS = 24


def train(images: Images) -> dict[str, NDArray[np.float32]]:
    """Mean (h, w, c), components (q, h*w*c) scaled by their spread, and the spread of the white rest (1,)."""
    x = images.pixels.reshape(len(images), -1) / 255.0
    centred = x - x.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(centred, rowvar=False))
    rest = variances[:-COMPONENTS].mean()
    scale = np.sqrt(variances[-COMPONENTS:] - rest)
    return {
        "mean": x.mean(axis=0).reshape(images.shape).astype(np.float32),
        "components": (directions[:, -COMPONENTS:] * scale).T.astype(np.float32),
        "noise": np.array([np.sqrt(rest)], np.float32),
    }


def load(weights: Arrays, _: Track, truncation: float = 1.0) -> Sampler:
    mean, components, noise = weights["mean"], weights["components"], float(weights["noise"][0])
    latent = len(components)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        z = normal(draws, latent + mean.size) * np.float32(truncation)
        flat = z[:, :latent] @ components + noise * z[:, latent:]  # (n, h*w*c)
        return flat.reshape(-1, *mean.shape) + mean

    return sample
