"""Mean and covariance in float64, accumulated a block at a time and merged in any order."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import BadFeatures


@dataclass(frozen=True)
class Moments:
    """What a Gaussian fitted to features needs.

    Attributes:
        n: how many features were seen.
        mean: float64, shape (d,).
        scatter: sum of the centred outer products, float64, shape (d, d).
        stored_root: the symmetric square root of the covariance where it was computed before, shape (d, d).
    """

    n: int
    mean: Tensor
    scatter: Tensor
    stored_root: Tensor | None = None

    @staticmethod
    def empty(dim: int) -> Moments:
        return Moments(0, torch.zeros(dim, dtype=torch.float64), torch.zeros(dim, dim, dtype=torch.float64))

    @staticmethod
    def of(features: Tensor) -> Moments:
        """Moments of features, shape (n, d).

        Two passes over the block, about its own mean: the one-pass sum of outer products loses all digits where the
        mean is large against the spread.
        """
        x = features.to(torch.float64)
        mean = x.mean(dim=0)
        centred = x - mean
        return Moments(len(x), mean, centred.T @ centred)

    def merge(self, other: Moments) -> Moments:
        """Moments of both together (Chan, Golub and LeVeque 1983)."""
        n = self.n + other.n
        if n == 0:
            return self
        gap = other.mean - self.mean
        mean = self.mean + gap * (other.n / n)
        scatter = self.scatter + other.scatter + torch.outer(gap, gap) * (self.n * other.n / n)
        return Moments(n, mean, scatter)

    @property
    def cov(self) -> Tensor:
        """The unbiased covariance (divided by n - 1), shape (d, d)."""
        if self.n < 2:
            raise BadFeatures(f"a covariance needs 2 features at least, here are {self.n}")
        return self.scatter / (self.n - 1)

    @property
    def root(self) -> Tensor:
        """The symmetric square root of the covariance, shape (d, d)."""
        return self.stored_root if self.stored_root is not None else symmetric_root(self.cov)


def symmetric_root(cov: Tensor) -> Tensor:
    """The symmetric square root of a covariance matrix, shape (d, d).

    Eigenvalues that are rounding noise below zero count as zero, which is what they are.

    Raises:
        BadFeatures: the matrix has an eigenvalue clearly below zero, so it is no covariance.

    >>> symmetric_root(torch.diag(torch.tensor([4.0, 9.0]))).diagonal().tolist()
    [2.0, 3.0]
    """
    values, vectors = torch.linalg.eigh(cov)
    noise = len(values) * torch.finfo(values.dtype).eps * float(values.abs().max())
    if float(values.min()) < -noise:
        raise BadFeatures(f"not a covariance matrix: an eigenvalue is {float(values.min()):.3g}")
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root
