"""Realism score: how deep inside the manifold of the real images does a sample lie? Higher is better."""

from __future__ import annotations

from math import isinf

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..neighbours import nearest_rows, to_other_rows
from ..neighbours.distances import point_sets
from ..neighbours.lists import nearest_lists
from ..uncertainty import LEVEL, Estimate, Uncertainty, Z
from .distances import refuse_other_width
from .inputs import MetricInputs

SPARE = 8  # neighbours listed beyond the k-th, so that the k-th by exact distance hardly ever is not among them


def realism(inputs: MetricInputs, *, k: int = 3) -> Estimate:
    """Median realism score of the samples: above 1 at least half of them lie in a real image's ball.

    Args:
        k: a ball reaches to the k-th nearest other real image.

    Raises:
        BadFeatures: no k-th neighbour; different widths; or half of the samples equal a real image, where the score
            is infinite.

    Source: Kynkäänniemi et al. 2019, arXiv:1904.06991, who score single samples. The interval is that of a median by
    order statistics, the reference fixed.
    """
    ordered = realism_scores(inputs.real.features, inputs.fake.features, k).sort().values
    n = len(ordered)
    value = float(ordered[[(n - 1) // 2, n // 2]].mean())
    if isinf(value):
        raise BadFeatures("half of the samples equal a real image, so the median is infinite")
    reach = Z * n**0.5 / 2
    first, last = max(0, int(n / 2 - reach) - 1), min(n - 1, int(n / 2 + reach) + 1)
    lo, hi = float(ordered[first]), float(ordered[last])
    if isinf(hi):
        return Estimate(value, None, "no interval: too many samples equal a real image")
    return Estimate(value, Uncertainty("conditional", (hi - lo) / (2 * Z), lo, hi, LEVEL, "order statistics"))


def realism_scores(real: Tensor, features: Tensor, k: int = 3) -> Tensor:
    """The score of each sample, float64, shape (n,): the largest ratio of a real ball's radius to the distance from it.

    The half of the real images with the larger balls is left out: there the manifold is known too poorly. Radii,
    distances, and which ball gives the largest ratio are those of a brute force in float64. A sample that equals the
    centre of a ball has an infinite score, also where that ball has no radius since its image occurs k + 1 times.
    """
    refuse_other_width(real.shape[1], features.shape[1])
    if len(real) <= k:
        raise BadFeatures(f"k = {k} needs more than {len(real)} real images", f"use k = {len(real) - 1} or less")
    squares = _radii(real, k)
    kept = squares <= squares.median()
    balls, points = kept & (squares > 0), kept & (squares == 0)
    scores = torch.zeros(len(features), dtype=torch.float64, device=features.device)
    if bool(balls.any()):
        scores = 1 / nearest_rows(real[balls], features, squares[balls])[0]
    if bool(points.any()):
        scores[nearest_rows(real[points], features)[0] == 0] = torch.inf
    return scores


def _radii(real: Tensor, k: int) -> Tensor:
    """Squared distance of each real image to its k-th nearest other one, float64, shape (m,)."""
    everyone, _ = point_sets(real, real)
    lists = nearest_lists(everyone, k + SPARE)
    rows = torch.arange(len(real), device=real.device)[:, None].expand_as(lists.index)
    listed = everyone.exact(rows.reshape(-1), everyone, lists.index.reshape(-1)).view_as(lists.index)
    squares = listed.kthvalue(k, dim=1).values
    # One that is not listed may be nearer, as the bounds have it.
    open_ = ((squares * everyone.scale**2 >= lists.end) & (squares > 0)).nonzero()[:, 0]
    if len(open_):
        squares[open_] = to_other_rows(real, open_, k)
    return squares
