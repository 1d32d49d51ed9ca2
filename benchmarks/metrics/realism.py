"""Realism score: how deep inside the manifold of the real images does a sample lie? Higher is better."""

from __future__ import annotations

from math import isinf

import torch
from torch import Tensor

from ...errors import BadFeatures
from ..neighbours.distances import clouds, lower_bounds
from ..neighbours.lists import nearest_lists
from ..uncertainty import LEVEL, Estimate, Uncertainty, Z

SPARE = 8  # neighbours listed beyond the k-th, so that the k-th by exact distance is among them


def realism(real: Tensor, features: Tensor, k: int = 3) -> Estimate:
    """Median realism score of the samples: above 1 at least half of them lie in a real image's ball.

    Args:
        real: features of the reference bank, shape (m, d).
        features: of the samples, shape (n, d).
        k: a ball reaches to the k-th nearest other real image.

    Raises:
        BadFeatures: no k-th neighbour; different widths; or half of the samples equal a real image, where the score
            is infinite.

    Source: Kynkäänniemi et al. 2019, arXiv:1904.06991, who score single samples. The interval is that of a median by
    order statistics, the reference fixed.
    """
    ordered = realism_scores(real, features, k).sort().values
    n = len(ordered)
    value = float(ordered[[(n - 1) // 2, n // 2]].mean())
    if isinf(value):
        raise BadFeatures("half of the samples equal a real image: their realism is infinite")
    reach = Z * n**0.5 / 2
    first, last = max(0, int(n / 2 - reach) - 1), min(n - 1, int(n / 2 + reach) + 1)
    lo, hi = float(ordered[first]), float(ordered[last])
    if isinf(hi):
        return Estimate(value, None, "no interval: too many samples equal a real image")
    return Estimate(value, Uncertainty("conditional", (hi - lo) / (2 * Z), lo, hi, LEVEL, "order statistics"))


def realism_scores(real: Tensor, features: Tensor, k: int = 3) -> Tensor:
    """The score of each sample, float64, shape (n,): the largest ratio of a real ball's radius to the distance from it.

    The half of the real images with the larger balls is left out: there the manifold is known too poorly. Which ball
    gives the largest ratio is decided to a relative error of 1e-4, its radius and distance are exact.
    """
    if real.shape[1] != features.shape[1]:
        raise BadFeatures(f"the real features are {real.shape[1]} wide, the samples' {features.shape[1]}")
    if len(real) <= k:
        raise BadFeatures(f"{len(real)} rows have no {k}-th neighbour", f"use k up to {len(real) - 1}")
    everyone, samples = clouds(real, features)
    index = nearest_lists(everyone, k + SPARE).index
    rows = torch.arange(len(real), device=index.device)[:, None].expand_as(index)
    listed = everyone.exact(rows.reshape(-1), everyone, index.reshape(-1)).view_as(index)
    squares = listed.kthvalue(k, dim=1).values  # (m,)
    inside = torch.where(squares <= squares.median(), squares * everyone.scale**2, 0.0)
    best = torch.full((len(features),), -1.0, dtype=torch.float64, device=index.device)
    ball = torch.zeros(len(features), dtype=torch.int64, device=index.device)
    for start, block in lower_bounds(everyone, samples):
        ratio = inside[start : start + len(block), None].to(block.dtype) / block.clamp_(min=_NEAR)
        found = ratio.max(dim=0)
        better = found.values > best
        best = torch.where(better, found.values.double(), best)
        ball = torch.where(better, found.indices + start, ball)
    distance = everyone.exact(ball, samples, torch.arange(len(features), device=index.device))
    # A sample that equals a real image is as deep as can be, also where that image has a duplicate and no radius.
    return torch.where(distance > 0, squares[ball] / distance, torch.inf).sqrt()


_NEAR = 1e-20  # scaled squared distance below which a sample is taken to be at the centre, until settled exactly
