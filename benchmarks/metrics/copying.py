"""C_T, a test for copies of training images: are samples nearer to them than fresh real images are?"""

from __future__ import annotations

import warnings
from functools import lru_cache

import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor

from ...errors import BadFeatures
from ..uncertainty import Estimate, degrees_of, normal, variance_within
from .nearest import Search, nearest

STARTS = 10  # k-means is begun this often, and the tightest cells are taken


def copying_score(
    train: Tensor,
    reference: Tensor,
    features: Tensor,
    cells: int = 3,
    seed: int = 0,
    labels: Tensor | None = None,
    search: Search = nearest,
) -> Estimate:
    """The mean over cells of the z-scored Mann-Whitney U of distances to the nearest training image in the cell.

    0 for fresh real images, with a standard deviation of at most 1; below -3 samples are nearer to the training images
    than fresh real images are: copies. Far above 0 they are farther away: a poor fit. Shown, not ranked.

    Cells are those of a k-means of the training features. In each, U counts the pairs of a sample and a reference image
    in which the sample is farther, equal ones half, and is z-scored by the mean and variance of U under one
    distribution, the variance corrected for ties. The mean is weighted by the share of the reference images in a cell.
    A cell without samples or without reference images, or in which all distances are equal, says nothing and is left
    out.

    Args:
        train: features of the training images, shape (t, d).
        reference: of real images that training has not seen, shape (m, d).
        features: of the samples, shape (n, d).
        seed: of the k-means.
        labels: of the samples, shape (n,), where there are so many of each in every draw.
        search: for the nearest rows.

    Raises:
        BadFeatures: different widths, fewer distinct training images than cells, or no cell that says anything.

    Source: Meehan, Chaudhuri and Dasgupta 2020, arXiv:2004.05675, with every cell counted that holds a sample. The
    standard error is that of the influence function, with training and reference images fixed: within a cell the score
    is a mean over its samples, times a factor that grows with how many there are.
    """
    centres = _centres(train, cells, seed)
    of_train, of_reference, of_samples = (nearest(centres, x)[1] for x in (train, reference, features))
    to_reference, to_samples = (
        _within_cells(train, of_train, x, of_x, search)
        for x, of_x in ((reference, of_reference), (features, of_samples))
    )
    total, weight = 0.0, 0
    influence = torch.zeros(len(features), dtype=torch.float64, device=features.device)
    for cell in range(cells):
        held_out, samples = to_reference[of_reference == cell], to_samples[of_samples == cell]
        if not (bool((of_train == cell).any()) and len(held_out) and len(samples)):
            continue
        score = _mann_whitney(samples, held_out)
        if score is not None:
            total += len(held_out) * score[0]
            weight += len(held_out)
            influence[of_samples == cell] = len(held_out) * score[1]
    if not weight:
        raise BadFeatures(
            "in no cell are there samples and reference images at different distances from the training images",
            "give more samples, or fewer cells",
        )
    value, n = total / weight, len(features)
    influence *= n / weight
    se = (variance_within(influence, labels) / n) ** 0.5
    return Estimate(value, normal(value, se, "influence function", degrees=degrees_of(influence)))


def _within_cells(train: Tensor, of_train: Tensor, features: Tensor, cells: Tensor, search: Search) -> Tensor:
    """Distance of each feature to the nearest training image in its own cell, shape (n,); inf where there is none.

    For most it is the nearest of all, which other metrics ask for too.
    """
    distances, index = search(train, features)
    distances, elsewhere = distances.clone(), of_train[index] != cells
    for cell in cells[elsewhere].unique():
        asking, bank = elsewhere & (cells == cell), train[of_train == cell]
        distances[asking] = nearest(bank, features[asking])[0] if len(bank) else torch.inf
    return distances


@lru_cache(maxsize=1)  # studies ask it of hundreds of sets with one training set
def _centres(train: Tensor, cells: int, seed: int) -> Tensor:
    """Centres of the k-means cells of the training features, shape (cells, d), float64."""
    few = BadFeatures(
        f"{len(train)} training images do not make {cells} cells", "give more distinct ones, or fewer cells"
    )
    if len(train) < cells:
        raise few
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            found = KMeans(cells, n_init=STARTS, random_state=seed).fit(train.cpu().numpy())
        except ConvergenceWarning:
            raise few from None
    return torch.from_numpy(found.cluster_centers_).to(train.device, torch.float64)


def _mann_whitney(x: Tensor, y: Tensor) -> tuple[float, Tensor] | None:
    """z of the number of pairs with x > y, ties counted half, and its derivatives; none where all are equal.

    The derivatives are by the weights of the x, shape (n,). One more of them adds the pairs in which it is farther; it
    also makes the same share of pairs count for more.
    """
    n, m = len(x), len(y)
    together = torch.cat([x, y])
    _, place, count = together.unique(return_inverse=True, return_counts=True)
    if len(count) == 1:
        return None
    of_y = torch.bincount(place[n:], minlength=len(count)).to(torch.float64)
    below = (of_y.cumsum(0) - of_y / 2)[place[:n]] / m  # the share of y below each x
    share = float(below.mean())
    all_, ties = n + m, count.to(torch.float64)
    variance = n * m / 12 * (all_ + 1 - float((ties**3 - ties).sum()) / (all_ * (all_ - 1)))
    # z = unit (share - 1/2), and without ties unit = (12 n m / (n + m + 1))^(1/2).
    unit = n * m / variance**0.5
    growth = unit * (1 / n - 1 / (all_ + 1)) / 2
    return unit * (share - 0.5), unit * (below - share) / n + growth * (share - 0.5)
