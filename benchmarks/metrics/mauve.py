"""MAUVE: what samples lack of the real images, and what they have beyond them, as one area. Higher is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ...reference_stats.centres import cells_of, occupied_centres
from ..uncertainty import Estimate, effective_df, normal, variance_within
from .distances import refuse_not_finite, refuse_other_width
from .inputs import MetricInputs

SCALE = 5.0
PER_CELL = 10  # real images
WEIGHTS = 25  # mixtures on the frontier
ENDS = 1e-6  # of their weights from 0 and 1


def mauve(inputs: MetricInputs, *, scale: float = SCALE, per_cell: int = PER_CELL) -> Estimate:
    """Area under the divergence frontier of two histograms over cells of the feature space, from 0 to 1.

    With p the share of the real images in each cell, q that of the samples, and mixtures r between the two, it is the
    area below the curve of exp(-scale KL(q || r)) and exp(-scale KL(p || r)).

    Cells are those of a k-means of the real features alone, so that no sample decides where they are; of their
    features as they are, where the published code divides both sets together, at unit length and after PCA. Values
    are of these cells: more of them, or fewer samples, make it lower.

    Args:
        scale: c of the paper.
        per_cell: real images for each cell; there are two cells at least.

    Raises:
        BadFeatures: different widths, or real features of fewer than two cells.

    Source: Pillutla et al. 2021, arXiv:2102.01454. The standard error is that of the jackknife: what the value is
    without one sample depends on its cell alone, so there are no more of these values than cells.
    """
    real, fake = inputs.real.features, inputs.fake.features
    refuse_other_width(real.shape[1], fake.shape[1])
    refuse_not_finite(real, fake)
    centres = occupied_centres(real, max(2, len(real) // per_cell))
    if len(centres) < 2:
        raise BadFeatures("all real features are equal, so there is one cell only", "give more distinct images")
    of_fake = cells_of(fake, centres)
    p, counts = (torch.bincount(of, minlength=len(centres)).double() for of in (cells_of(real, centres), of_fake))
    n = len(fake)
    without = (counts - torch.eye(len(counts), dtype=torch.float64, device=counts.device)).clamp(min=0)
    value = float(area(p / len(real), counts[None] / n, scale))
    influence = (n - 1) * (value - area(p / len(real), without / (n - 1), scale))[of_fake]
    se = (variance_within(influence, inputs.fake.labels) / n) ** 0.5
    return Estimate(value, normal(value, se, "jackknife", df=effective_df(influence)), influence=influence)


def area(p: Tensor, q: Tensor, scale: float) -> Tensor:
    """Areas below the frontiers of a histogram (k,), nowhere 0, and of others (m, k), float64, shape (m,).

    >>> area(torch.tensor([0.5, 0.5]).double(), torch.tensor([[0.5, 0.5], [1.0, 0.0]]).double(), 0.0)
    tensor([1., 1.], dtype=torch.float64)
    """
    weights = torch.linspace(ENDS, 1 - ENDS, WEIGHTS, dtype=torch.float64, device=p.device)[:, None, None]
    mixed = weights * p + (1 - weights) * q
    of_samples, of_real = (torch.exp(-scale * torch.xlogy(x, x / mixed).sum(dim=2)) for x in (q, p.expand_as(q)))
    none, all_ = torch.zeros_like(of_real[:1]), torch.ones_like(of_real[:1])
    # From the samples' own histogram to the real images' the one falls from 1 to 0, and the other rises from 0 to 1.
    x, y = torch.cat([all_, of_samples, none]), torch.cat([none, of_real, all_])
    return ((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2).sum(dim=0)
