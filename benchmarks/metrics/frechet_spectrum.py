"""The eigenvalues behind a Fréchet distance: those of R G, the product of both covariances."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...reference_stats.moments import Gaussian, Moments
from .triangles import congruence, lower_times


@dataclass(frozen=True)
class Spectrum:
    """What the covariances R and G have in common.

    Attributes:
        roots: the square roots s of the eigenvalues of R G, ascending, shape (d,).
        rounding: bound on the error of their sum.
        values: the eigenvalues above rounding noise, ascending, shape (k,); none where no vectors were asked for.
        axes: what maps a sample x - m to coordinates in which G is the unit matrix and R is diagonal with these
            values, shape (d, k); none likewise.
        missing: share of the reference's variance outside the samples' range.
    """

    roots: Tensor
    rounding: float
    values: Tensor | None = None
    axes: Tensor | None = None
    missing: float = 0.0


def spectrum(real: Gaussian, generated: Moments, vectors: bool) -> Spectrum:
    """The roots of the eigenvalues of R G, and with `vectors` the axes.

    With R = F F' they are those of F' G F. F is the Cholesky factor of R where there is one, which makes less work than
    its symmetric root.
    """
    cov, lower, eps = generated.cov, real.lower, torch.finfo(generated.scatter.dtype).eps
    inner = real.root @ cov @ real.root if lower is None else congruence(cov, lower)
    # Backward errors of the products and of the eigenvalue routine are of this size, however R and G lie.
    noise = eps * float(torch.linalg.matrix_norm(real.cov) * torch.linalg.matrix_norm(cov))
    if not vectors:
        values = torch.linalg.eigvalsh(inner)
        return Spectrum(values.clamp(min=0).sqrt(), rounding_of_roots(values, noise))
    values, basis = torch.linalg.eigh(inner)
    roots = values.clamp(min=0).sqrt()
    kept = values > len(values) * eps * float(values.abs().max())
    mapped = real.root @ basis if lower is None else lower_times(lower, basis)
    lost = float((mapped.square().sum(dim=0) * ~kept).sum()) / max(real.variance, torch.finfo().tiny)
    axes = mapped[:, kept] / roots[kept]
    missing = lost if lost > eps**0.5 else 0.0
    return Spectrum(roots, rounding_of_roots(values, noise), values[kept], axes, missing)


def rounding_of_roots(values: Tensor, noise: float) -> float:
    """Bound on the error of the sum of the square roots of values that are off by `noise` at most."""
    if noise == 0:
        return 0.0
    return float((noise / values.clamp(min=noise).sqrt()).sum())
