"""C_T, a test for copies of training images: are samples nearer to them than fresh real images are?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ...reference_stats.centres import CELLS, SEED, cell_centres, cells_of
from ..uncertainty import Estimate, effective_df, normal, variance_within
from .distances import nearest
from .inputs import FeatureSet, MetricInputs


def copying_score(inputs: MetricInputs, *, cells: int = CELLS, seed: int = SEED) -> Estimate:
    """Van Elteren's z over cells of the Mann-Whitney U of distances to the nearest training image in the cell.

    About standard normal for fresh real images; below -3 samples are nearer to the training images than fresh real
    images are: copies. Far above 0 they are farther away: a poor fit. Shown, not ranked.

    Cells are those of the training features' centres, which are found anew unless they were stored. In each, U counts
    the pairs of a sample and a reference image in which the sample is farther, equal ones half. With n samples and m
    reference images in a cell

        z = sum (U - n m / 2) / (n + m + 1)  over the root of  sum Var(U) / (n + m + 1)^2,

    Var(U) being that under one distribution, corrected for ties. A cell weighs as much as it can tell: one without
    samples, without reference images, or in which all distances are equal, adds nothing.

    Args:
        cells: how many.
        seed: of the cells.

    Raises:
        BadFeatures: different widths, fewer distinct training images than cells, or no cell that says anything.

    Source: Meehan, Chaudhuri and Dasgupta 2020, arXiv:2004.05675, who average the cells' own z over cells with enough
    samples: there a cell's weight does not depend on how many samples are in it, and jumps where it is left out. The
    weights here are those of van Elteren 1960, Bull. Inst. Internat. Statist. 37, 351-361. The standard error is that
    of the influence function, with training and reference images fixed and, as in Wilson's interval, half a sample
    added at either end: where all samples are nearer than every reference image, the next one may not be.
    """
    train, reference, fake, centres = inputs.train, inputs.reference, inputs.fake, inputs.train.centres
    if centres is None or (cells, seed) != (CELLS, SEED):
        centres = cell_centres(train.features, cells, seed)
    of_train, of_reference, of_samples = (cells_of(x.features, centres) for x in (train, reference, fake))
    to_reference, to_samples = (
        _within_cells(train, of_train, x, of_x) for x, of_x in ((reference, of_reference), (fake, of_samples))
    )
    statistics = [
        _cell_statistic(to_samples[of_samples == cell], to_reference[of_reference == cell])
        for cell in range(len(centres))
    ]
    excess, variance = sum(t.excess for t in statistics), sum(t.variance for t in statistics)
    if variance <= 0:
        raise BadFeatures(
            "no cell holds samples and reference images at different distances from the training images",
            "give more samples, or use fewer cells",
        )
    value, n = excess / variance**0.5, len(of_samples)

    def moved(of_excess: Tensor, of_variance: Tensor) -> Tensor:
        change: Tensor = n * (of_excess - excess / (2 * variance) * of_variance) / variance**0.5
        return change

    influence = torch.zeros(n, dtype=torch.float64, device=of_samples.device)
    for cell, statistic in enumerate(statistics):
        influence[of_samples == cell] = moved(statistic.of_excess, statistic.of_variance)
    added = max(float((moved(t.ends, t.ends_variance) - influence.mean()).square().sum()) / 2 for t in statistics)
    se = ((variance_within(influence, fake.labels) + added / n) / n) ** 0.5
    uncertainty = normal(value, se, "influence function", df=effective_df(influence))
    return Estimate(value, uncertainty, influence=influence)


def _within_cells(train: FeatureSet, of_train: Tensor, queries: FeatureSet, cells: Tensor) -> Tensor:
    """Distance of each query to the nearest training image in its own cell, shape (n,); inf where there is none.

    For most it is the nearest of all, which other metrics ask for too.
    """
    distances, index = train.nearest(queries)
    distances, elsewhere = distances.clone(), of_train[index] != cells
    for cell in cells[elsewhere].unique():
        asking, images = elsewhere & (cells == cell), train.features[of_train == cell]
        distances[asking] = nearest(images, queries.features[asking])[0] if len(images) else torch.inf
    return distances


@dataclass(frozen=True)
class _CellStatistic:
    """What a cell adds: the excess (U - n m / 2) / (n + m + 1), its variance, and their derivatives.

    Attributes:
        of_excess, of_variance: by the weight of each sample, shape (n,).
        ends, ends_variance: of both by that of one more sample, nearer than all and farther than all, shape (2,).
    """

    excess: float
    variance: float
    of_excess: Tensor
    of_variance: Tensor
    ends: Tensor
    ends_variance: Tensor


def _cell_statistic(x: Tensor, y: Tensor) -> _CellStatistic:
    """The statistic of a cell with samples at the distances x and reference images at the distances y."""
    n, m = len(x), len(y)
    all_ = n + m
    _, place, count = torch.cat([x, y]).unique(return_inverse=True, return_counts=True)
    if n == 0 or m == 0 or len(count) == 1:
        none, two = (torch.zeros(k, dtype=torch.float64, device=x.device) for k in (n, 2))
        return _CellStatistic(0.0, 0.0, none, none, two, two)
    ties = count.to(torch.float64)
    of_y = torch.bincount(place[n:], minlength=len(count)).to(torch.float64)
    below = (of_y.cumsum(0) - of_y / 2)[place[:n]]  # reference images nearer than each sample, equal ones half
    excess = float((below - m / 2).sum()) / (all_ + 1)
    tied, pairs = float((ties**3 - ties).sum()), all_ * (all_ - 1)
    free = all_ + 1 - tied / pairs  # all_ + 1 without ties, 0 where all are equal
    variance = n * m / 12 * free / (all_ + 1) ** 2

    def of_variance(more_tied: Tensor) -> Tensor:
        more_free = 1 - more_tied / pairs + tied * (2 * all_ - 1) / pairs**2
        return m / 12 / (all_ + 1) ** 2 * (free - 2 * n * free / (all_ + 1) + n * more_free)

    ends = torch.tensor([-m / 2, m / 2], dtype=torch.float64, device=x.device)
    return _CellStatistic(
        excess,
        variance,
        (below - m / 2 - excess) / (all_ + 1),
        of_variance((3 * ties**2 - 1)[place[:n]]),
        (ends - excess) / (all_ + 1),
        of_variance(torch.zeros_like(ends)),
    )
