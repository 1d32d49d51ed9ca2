"""The limit for infinitely many samples of the metrics whose intervals are about it, in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from ...reference_stats.moments import Moments
from .distributions import Distribution


def frechet(real: Tensor, samples: Distribution) -> float:
    """Fréchet distance between the Gaussians of the real features, shape (n, d), and of the samples' distribution."""
    reference = Moments.of(real)
    cov = reference.scatter / (reference.n - 1)
    values, vectors = torch.linalg.eigh(samples.cov)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    # Both are covariances, so an eigenvalue below zero is rounding of one that is zero.
    cross = torch.linalg.eigvalsh(root @ cov @ root).clamp(min=0).sqrt().sum()
    gap = reference.mean - samples.mean
    return float(gap @ gap + cov.trace() + samples.cov.trace() - 2 * cross)


LIMITS: Mapping[str, Callable[[Tensor, Distribution], float]] = MappingProxyType({"fd_debiased": frechet})


def limit(metric: str, real: Tensor, samples: Distribution) -> float | None:
    """What the metric tends to for many samples with this reference; none where no closed form is given here."""
    return LIMITS[metric](real, samples) if metric in LIMITS else None
