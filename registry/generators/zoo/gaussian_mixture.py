"""Statistical family: a mixture of full-covariance Gaussians on the leading principal components.

Fitted by expectation maximisation (scikit-learn), started from seeded k-means.
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
from ..draws import Draw

COMPONENTS = 20
LATENT = 24


def train(images: Images, seed: int = 2026) -> dict[str, NDArray[np.float32]]:
    """Image mean (h, w, c), basis (q, h*w*c), mixture: cumulative weights (k,), means (k, q), factors (k, q, q)."""
    from sklearn.mixture import GaussianMixture

    x = images.pixels.reshape(len(images), -1) / 255.0
    mean = x.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(x, rowvar=False))
    basis = directions[:, -LATENT:].T
    codes = (x - mean) @ basis.T
    mixture = GaussianMixture(COMPONENTS, reg_covar=1e-3, random_state=seed, n_init=3).fit(codes)
    return {
        "mean": mean.reshape(images.shape).astype(np.float32),
        "basis": basis.astype(np.float32),
        "cumulative": np.cumsum(mixture.weights_).astype(np.float32),
        "centres": mixture.means_.astype(np.float32),
        "factors": np.linalg.cholesky(mixture.covariances_).astype(np.float32),
    }


def load(weights: Arrays, _: Track) -> Sampler:
    mean, basis, cumulative = weights["mean"], weights["basis"], weights["cumulative"]
    centres, factors = weights["centres"], weights["factors"]

    def code(draw: Draw) -> NDArray[np.float32]:
        stream = draw.stream()
        chosen = min(int(np.searchsorted(cumulative, stream.random(dtype=np.float32), side="right")), len(centres) - 1)
        z = stream.standard_normal(centres.shape[1], dtype=np.float32)
        return np.asarray(centres[chosen] + factors[chosen] @ z, np.float32)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        codes = np.stack([code(d) for d in draws])
        return (codes @ basis).reshape(-1, *mean.shape) + mean

    return sample
