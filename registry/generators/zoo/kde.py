"""Statistical family: a kernel density estimate, a Gaussian of one width around every training image.

A sample is a training image, any as likely as another, plus white noise. The width is the one that gives each training
image the highest likelihood under the others (leave-one-out cross-validation; Habbema, Hermans and van den Broek 1974,
Duin 1976). The training images are its weights: nothing copies more openly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...images import Images
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw

WIDTHS = np.geomspace(0.02, 0.5, 162)  # 2% apart, in units of the whole grey scale


def train(images: Images) -> dict[str, NDArray[Any]]:
    """The images (n, h, w, c), uint8, and the width of the kernel (1,)."""
    x = images.pixels.reshape(len(images), -1) / 255.0
    likelihoods = [left_out_likelihood(x, float(width)) for width in WIDTHS]
    width = WIDTHS[int(np.argmax(likelihoods))]
    return {"images": images.pixels, "width": np.array([width], np.float32)}


def left_out_likelihood(x: NDArray[np.float64], width: float) -> float:
    """Mean log density of each row of x (n, d) under the estimate made of all other rows."""
    n, d = x.shape
    norms = np.square(x).sum(axis=1)
    exponents = -(norms[:, None] + norms - 2 * x @ x.T) / (2 * width**2)  # (n, n)
    np.fill_diagonal(exponents, -np.inf)
    peaks = exponents.max(axis=1)  # without them the sum of the exponentials underflows
    sums = np.log(np.exp(exponents - peaks[:, None]).sum(axis=1)) + peaks
    return float(sums.mean() - np.log(n - 1) - d / 2 * np.log(2 * np.pi * width**2))


def load(weights: Arrays, _: Track) -> Sampler:
    images, width = weights["images"], weights["width"][0]

    def image(draw: Draw) -> NDArray[np.float32]:
        stream = draw.stream()
        centre = images[int(stream.integers(len(images)))] / np.float32(255)
        return np.asarray(centre + width * stream.standard_normal(centre.shape, dtype=np.float32), np.float32)

    return lambda draws: np.stack([image(d) for d in draws])
