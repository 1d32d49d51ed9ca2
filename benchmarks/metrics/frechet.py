"""Fréchet distance between two Gaussians fitted to features. Lower is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import BadFeatures
from ...reference_stats.moments import Moments
from ..uncertainty import Estimate, normal

SAMPLES_PER_DIMENSION = 4  # below, simulation finds the standard error off its target


def frechet_distance(real: Moments, features: Tensor) -> Estimate:
    """|m_r - m_g|^2 + tr(R + G - 2 (R G)^(1/2)), with R and G the covariances (divided by n - 1).

    Args:
        real: moments of the reference; its stored root is used where it has one.
        features: of the samples, shape (n, d).

    Raises:
        BadFeatures: the two have different widths.

    Source: Heusel et al. 2017, arXiv:1706.08500. The standard error is that of the influence function, see
    `standard_error`.

    >>> unit = Moments(2, torch.zeros(1).double(), torch.ones(1, 1).double())
    >>> frechet_distance(unit, torch.tensor([[2.0], [4.0]])).value.__round__(6)
    9.171573
    """
    if real.mean.shape[0] != features.shape[1]:
        raise BadFeatures(f"the reference features are {real.mean.shape[0]} wide, the samples' {features.shape[1]}")
    generated = Moments.of(features)
    real_root, generated_root = real.root, generated.root
    gap = real.mean - generated.mean
    # tr (R G)^(1/2) is the sum of the singular values of R^(1/2) G^(1/2). Nothing turns complex or fails when a
    # covariance is singular, and no square root is taken of eigenvalues that are rounding noise.
    cross = torch.linalg.svdvals(real_root @ generated_root).sum()
    value = float(gap @ gap + real.cov.trace() + generated.cov.trace() - 2 * cross)
    n, d = features.shape
    if not bool(generated.scatter.any()):
        return Estimate(value, normal(value, 0.0, "all samples are the same"))
    if n < SAMPLES_PER_DIMENSION * d:
        return Estimate(value, None, f"no interval: {n} samples are fewer than {SAMPLES_PER_DIMENSION} x {d} features")
    se = standard_error(real, generated, features, real_root)
    return Estimate(value, normal(value, se, "influence function, with the second-order term"))


def standard_error(real: Moments, generated: Moments, features: Tensor, real_root: Tensor) -> float:
    """Standard error of the distance over fresh draws of samples, the reference fixed.

    First order: the influence of a sample x is 2 (m_g - m_r)'(x - m_g) + (x - m_g)'(I - T)(x - m_g) less its mean,
    with T = R^(1/2) (R^(1/2) G R^(1/2))^(-1/2) R^(1/2) the optimal map from generated to reference. Near zero distance
    it vanishes, so the variance of the second-order term is added: of the squared shift of the mean, and of
    sum_ij dG_ij^2 / (2 (l_i + l_j)) for a Gaussian with the eigenvalues l of G. Where both matter this errs on the
    wide side.
    """
    n = generated.n
    cov = generated.cov
    inner = real_root @ cov @ real_root
    values, vectors = torch.linalg.eigh(inner)
    cut = len(values) * torch.finfo(values.dtype).eps * float(values.abs().max())
    inverse_root = torch.where(values > cut, values.clamp(min=cut).rsqrt(), 0.0)
    transport = real_root @ (vectors * inverse_root) @ vectors.T @ real_root
    x = features.to(torch.float64) - generated.mean
    influence = 2 * x @ (generated.mean - real.mean) + (x * (x - x @ transport)).sum(dim=1)
    first = float(influence.var(correction=1)) / n
    spread = torch.linalg.eigvalsh(cov).clamp(min=0)
    pairs = spread[:, None] * spread / (spread[:, None] + spread).clamp(min=torch.finfo(spread.dtype).tiny)
    # sum over i < j of 2 p_ij^2, plus l_i^2 / 2 = 2 p_ii^2: all pairs once, and the diagonal once more.
    of_cov = float(pairs.square().sum() + pairs.diagonal().square().sum()) / n**2
    of_mean = 2 * float(spread.square().sum()) / n**2
    return float((first + of_cov + of_mean) ** 0.5)
