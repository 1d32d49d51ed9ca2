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


def mixture(codes: NDArray[Any], components: int, seed: int) -> dict[str, NDArray[np.float32]]:
    """A mixture fitted to codes (n, q): cumulative weights (k,), means (k, q), factors of the covariances (k, q, q)."""
    from sklearn.mixture import GaussianMixture

    found = GaussianMixture(components, reg_covar=1e-3, random_state=seed, n_init=3).fit(codes)
    return {
        "cumulative": np.cumsum(found.weights_).astype(np.float32),
        "centres": found.means_.astype(np.float32),
        "factors": np.linalg.cholesky(found.covariances_).astype(np.float32),
    }


def drawn(mixture: Arrays, draws: Sequence[Draw]) -> NDArray[np.float32]:
    """Codes (n, q) from a mixture: a sample's first number picks the component, the others move it from the mean."""
    cumulative, centres, factors = mixture["cumulative"], mixture["centres"], mixture["factors"]

    def code(draw: Draw) -> NDArray[np.float32]:
        stream = draw.stream()
        chosen = min(int(np.searchsorted(cumulative, stream.random(dtype=np.float32), side="right")), len(centres) - 1)
        z = stream.standard_normal(centres.shape[1], dtype=np.float32)
        return np.asarray(centres[chosen] + factors[chosen] @ z, np.float32)

    return np.stack([code(d) for d in draws])


def train(images: Images, seed: int = 2026) -> dict[str, NDArray[np.float32]]:
    """Image mean (h, w, c), basis (q, h*w*c), and the mixture of the coordinates (n, q)."""
    x = images.pixels.reshape(len(images), -1) / 255.0
    mean = x.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(x, rowvar=False))
    basis = directions[:, -LATENT:].T
    codes = (x - mean) @ basis.T
    return {
        "mean": mean.reshape(images.shape).astype(np.float32),
        "basis": basis.astype(np.float32),
        **mixture(codes, COMPONENTS, seed),
    }


def load(weights: Arrays, _: Track) -> Sampler:
    mean, basis = weights["mean"], weights["basis"]
    return lambda draws: (drawn(weights, draws) @ basis).reshape(-1, *mean.shape) + mean
