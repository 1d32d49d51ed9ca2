"""Distributions of features that samples are drawn from, each with its mean and covariance in closed form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

SKEW = 0.25  # gives a skewness of 1.4
DEGREES = 5  # of freedom of Student's t: the fourth moment is finite, the sixth is not
WEIGHTS = (0.6, 0.25, 0.1, 0.05)  # of the clusters
APART, WITHIN = 1.5, 0.5  # standard deviations of the clusters' centres, and inside one
NOISE = 0.2  # standard deviation of what is added to low rank


@dataclass(frozen=True)
class Distribution:
    """What samples are drawn from.

    Attributes:
        mean: float64, shape (d,).
        cov: covariance, float64, shape (d, d).
        draw: so many independent samples, float64, shape (n, d).
    """

    mean: Tensor
    cov: Tensor
    draw: Callable[[int, torch.Generator], Tensor]


Family = Callable[[int, float, float, torch.Generator], Distribution]


def gaussian(d: int, shift: float, scale: float, structure: torch.Generator) -> Distribution:
    """Independent standard normal features."""
    return _moved(Distribution(_zeros(d), _eye(d), lambda n, g: _normal(n, d, g)), shift, scale)


def skewed(d: int, shift: float, scale: float, structure: torch.Generator) -> Distribution:
    """Every fourth feature bent and standardised, the others normal."""

    def draw(n: int, g: torch.Generator) -> Tensor:
        x = _normal(n, d, g)
        bent = x[:, ::4]
        x[:, ::4] = (bent + SKEW * (bent.square() - 1)) / (1 + 2 * SKEW**2) ** 0.5
        return x

    return _moved(Distribution(_zeros(d), _eye(d), draw), shift, scale)


def student(d: int, shift: float, scale: float, structure: torch.Generator) -> Distribution:
    """Multivariate t, one denominator a sample, scaled to variance 1: covariance v / (v - 2) before."""

    def draw(n: int, g: torch.Generator) -> Tensor:
        x = _normal(n, d, g)
        chi_square = _normal(n, DEGREES, g).square().sum(dim=1, keepdim=True)
        return x * ((DEGREES - 2) / chi_square).sqrt()

    return _moved(Distribution(_zeros(d), _eye(d), draw), shift, scale)


def rectified(d: int, shift: float, scale: float, structure: torch.Generator) -> Distribution:
    """max(0, x) of independent normal features whose means run from -1 to 1; moved before they are cut at zero.

    With u = mean / sd, E x+ = mean Phi(u) + sd phi(u) and E (x+)^2 = (mean^2 + sd^2) Phi(u) + mean sd phi(u).
    """
    centre = torch.linspace(-1, 1, d, dtype=torch.float64) + shift
    u = centre / scale
    below, density = torch.special.ndtr(u), torch.exp(-u.square() / 2) / (2 * torch.pi) ** 0.5
    mean = centre * below + scale * density
    square = (centre.square() + scale**2) * below + centre * scale * density
    return Distribution(
        mean, torch.diag(square - mean.square()), lambda n, g: (_normal(n, d, g) * scale + centre).clamp(min=0)
    )


def clusters(d: int, shift: float, scale: float, structure: torch.Generator) -> Distribution:
    """A mixture of four round normal clusters of unequal weights: the covariance is that within plus that between."""
    centres, weights = APART * _normal(len(WEIGHTS), d, structure), torch.tensor(WEIGHTS, dtype=torch.float64)
    mean = weights @ centres
    gap = centres - mean
    cov = WITHIN**2 * _eye(d) + gap.T @ (weights[:, None] * gap)

    def draw(n: int, g: torch.Generator) -> Tensor:
        cluster = torch.multinomial(weights, n, replacement=True, generator=g)
        return centres[cluster] + WITHIN * _normal(n, d, g)

    return _moved(Distribution(mean, cov, draw), shift, scale)


def low_rank(d: int, shift: float, scale: float, structure: torch.Generator) -> Distribution:
    """A quarter as many normal factors as features, and independent noise."""
    rank = max(1, d // 4)
    loadings = _normal(d, rank, structure) / rank**0.5
    cov = loadings @ loadings.T + NOISE**2 * _eye(d)

    def draw(n: int, g: torch.Generator) -> Tensor:
        signal: Tensor = _normal(n, rank, g) @ loadings.T
        return signal + NOISE * _normal(n, d, g)

    return _moved(Distribution(_zeros(d), cov, draw), shift, scale)


def pooled(source: Distribution, size: int, structure: torch.Generator) -> Distribution:
    """Draws with replacement from so many samples of `source`: their mean, and covariance divided by their number."""
    pool = source.draw(size, structure)
    mean = pool.mean(dim=0)
    gap = pool - mean
    return Distribution(mean, gap.T @ gap / size, lambda n, g: pool[torch.randint(size, (n,), generator=g)])


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "Gaussian": gaussian,
        "skewed": skewed,
        "t5": student,
        "rectified": rectified,
        "clusters": clusters,
        "low rank": low_rank,
    }
)


def _moved(of: Distribution, shift: float, scale: float) -> Distribution:
    return Distribution(of.mean * scale + shift, of.cov * scale**2, lambda n, g: of.draw(n, g) * scale + shift)


def _normal(n: int, d: int, generator: torch.Generator) -> Tensor:
    return torch.randn(n, d, generator=generator, dtype=torch.float64)


def _zeros(d: int) -> Tensor:
    return torch.zeros(d, dtype=torch.float64)


def _eye(d: int) -> Tensor:
    return torch.eye(d, dtype=torch.float64)
