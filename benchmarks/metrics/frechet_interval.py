"""The eigenvalues behind a Fréchet distance, and the standard error that comes of the same decomposition."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...reference_stats.moments import Gaussian, Moments
from ..uncertainty import variance_within
from .triangles import congruence, lower_times, outer_square, quadratic_forms

ROWS = 4096  # features weighed at once
SINGLE = 1e-4  # relative error that the influence may have from being summed in float32


@dataclass(frozen=True)
class Decomposition:
    """What the covariances R and G have in common.

    Attributes:
        roots: the square roots s of the eigenvalues of R G, ascending, shape (d,).
        rounding: bound on the error of their sum.
        half: a root of the optimal map from generated to reference, T = half half' with T G T = R, shape (d, d); none
            where no vectors were asked for.
        missing: share of the reference's variance outside the samples' range, where the map does not reach.
    """

    roots: Tensor
    rounding: float
    half: Tensor | None
    missing: float = 0.0


@dataclass(frozen=True)
class StandardError:
    """The standard error over fresh draws of samples, the reference fixed, and the squares of its two parts.

    Attributes:
        first: variance of the linear term, falling as 1 / n.
        second: variance of the quadratic term, falling as 1 / n^2.
        lift: what the sampling error of G adds to the distance on average, for Gaussian features, falling as 1 / n.
        missing: as in `Decomposition`.
    """

    first: float
    second: float
    lift: float
    missing: float

    @property
    def total(self) -> float:
        return math.sqrt(self.first + self.second)


def decompose(real: Gaussian, generated: Moments, vectors: bool) -> Decomposition:
    """The roots of the eigenvalues of R G, and with `vectors` a root of the optimal map.

    With R = F F' they are those of F' G F, and T = F (F' G F)^(-1/2) F', with the pseudo-inverse where that is
    singular. F is the Cholesky factor of R where there is one, which makes less work than its symmetric root.
    """
    cov, lower, eps = generated.cov, real.lower, torch.finfo(generated.scatter.dtype).eps
    inner = real.root @ cov @ real.root if lower is None else congruence(cov, lower)
    # Backward errors of the products and of the eigenvalue routine are of this size, however R and G lie.
    noise = eps * float(torch.linalg.matrix_norm(real.cov) * torch.linalg.matrix_norm(cov))
    if not vectors:
        values = torch.linalg.eigvalsh(inner)
        return Decomposition(values.clamp(min=0).sqrt(), rounding_of_roots(values, noise), None)
    values, basis = torch.linalg.eigh(inner)
    roots = values.clamp(min=0).sqrt()
    kept = values > len(values) * eps * float(values.abs().max())
    mapped = real.root @ basis if lower is None else lower_times(lower, basis)
    half = mapped * (torch.where(kept, roots, 1.0).rsqrt() * kept)
    lost = float((mapped.square().sum(dim=0) * ~kept).sum()) / max(real.variance, torch.finfo().tiny)
    return Decomposition(roots, rounding_of_roots(values, noise), half, lost if lost > eps**0.5 else 0.0)


def rounding_of_roots(values: Tensor, noise: float) -> float:
    """Bound on the error of the sum of the square roots of values that are off by `noise` at most."""
    if noise == 0:
        return 0.0
    return float((noise / values.clamp(min=noise).sqrt()).sum())


def standard_error(
    real: Gaussian, generated: Moments, features: Tensor, parts: Decomposition, labels: Tensor | None = None
) -> StandardError:
    """Standard error of the distance over fresh draws of samples, the reference fixed.

    First order: the influence of a sample x is 2 (m_g - m_r)'(x - m_g) + (x - m_g)'(I - T)(x - m_g) less its mean.
    Near zero distance it vanishes, so the variance of the second-order term is added: of the squared shift of the mean,
    2 tr G^2 / n^2, and for Gaussian features of the curvature in G, the sum over i <= j of 2 p_ij^2 / n^2 with
    p_ij = s_i s_j / (s_i + s_j). Where both matter this errs on the wide side.

    Args:
        features: of the samples, shape (n, d).
        parts: the decomposition of the two, with its vectors.
        labels: of the samples, where the track fixes how many have each.
    """
    assert parts.half is not None
    n, cov = generated.n, generated.cov
    # In float32 where that will do: where the map is long, in directions that samples hardly have, it will not. The
    # unit keeps squares of very large or small features within float32.
    unit = math.sqrt(float(cov.trace()) / len(cov)) or 1.0
    longest = float(parts.half.square().sum(dim=1).max())
    single = features.dtype != torch.float64 and torch.finfo(torch.float32).eps * longest < SINGLE
    kind = torch.float32 if single else torch.float64
    shape = -outer_square(parts.half.to(kind))
    shape.diagonal().add_(1.0)
    mean, twice_gap = generated.mean.to(kind), (2 * (generated.mean - real.mean) / unit).to(kind)
    influence = []
    for block in features.split(ROWS):
        x = (block.to(kind) - mean).div_(unit)
        influence.append(x @ twice_gap + quadratic_forms(x, shape))
    first = variance_within(torch.cat(influence), labels) * unit**4 / n
    s = parts.roots
    pairs = torch.outer(s, s).div_((s[:, None] + s).clamp_(min=torch.finfo(s.dtype).tiny))
    # sum over i < j of 2 p_ij^2, plus s_i^2 / 2 = 2 p_ii^2: all pairs once, and the diagonal once more.
    of_cov = float(torch.linalg.vector_norm(pairs) ** 2 + pairs.diagonal().square().sum()) / n**2
    of_mean = 2 * float(torch.linalg.vector_norm(cov)) ** 2 / n**2
    lift = float(pairs.sum() + pairs.diagonal().sum()) / (2 * n)
    return StandardError(first, of_cov + of_mean, lift, parts.missing)
