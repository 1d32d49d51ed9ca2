"""Errors of what raters say of images: both are drawn, and answers share raters as well as images.

Two-way cluster sandwich of Cameron, Gelbach and Miller 2011 (Journal of Business & Economic Statistics 29, 238-249):
the covariance by raters, plus that by images, less that of single answers, which both count. Each is scaled by
g / (g - 1) for g clusters, and the quantile is Student's for the smaller number of clusters less one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int_]

TWO_WAY = "sandwich over raters and images"
BOTH_WHOLE = "sandwich over raters and images, without taking off what both count"
ONE_WAY = "sandwich over raters"


@dataclass(frozen=True, eq=False)
class Clustered:
    """A covariance matrix of estimates, shape (k, k), the degrees of freedom of its variances, and how it was made."""

    covariance: Floats
    df: int
    method: str


def by_raters(influence: Floats, raters: Codes) -> Clustered:
    """Covariance of estimates whose answers are independent from rater to rater.

    Args:
        influence: by how much each answer moves each estimate, shape (answers, k).
        raters: who gave it, shape (answers,).
    """
    found, clusters = _by(influence, raters)
    return Clustered(found, clusters - 1, ONE_WAY)


def by_raters_and_images(influence: Floats, raters: Codes, images: Codes) -> Clustered:
    """The same where images are drawn too.

    The difference need not be a covariance matrix. Where it is none, or leaves an estimate no variance, the part that
    both count stays in, which is too wide rather than too narrow.

    Args:
        images: what each answer is about, shape (answers,).
    """
    of_raters, n_raters = _by(influence, raters)
    of_images, n_images = _by(influence, images)
    single, _ = _by(influence, raters * (images.max() + 1) + images)
    df = min(n_raters, n_images) - 1
    found = of_raters + of_images - single
    scale = np.sqrt(np.diag(of_raters + of_images))
    values = np.linalg.eigvalsh(found / np.outer(scale, scale)) if (scale > 0).all() else np.array([-1.0])
    if values[0] < -1e-9 or (np.diag(found) <= 0).any():
        return Clustered(of_raters + of_images, df, BOTH_WHOLE)
    return Clustered(found, df, TWO_WAY)


def _by(influence: Floats, codes: Codes) -> tuple[Floats, int]:
    kinds, places = np.unique(codes, return_inverse=True)
    sums = np.zeros((len(kinds), influence.shape[1]))
    np.add.at(sums, places, influence)
    return sums.T @ sums * len(kinds) / (len(kinds) - 1), len(kinds)
