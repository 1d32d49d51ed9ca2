"""Vendi score: how many different samples are there, in effect? Shown, not ranked."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, normal
from .inputs import MetricInputs

BLOCK = 4096  # rows held in float64 at once
SAMPLES_PER_DIMENSION, FEWEST = 4, 30  # below either, simulation finds intervals that hold their target too rarely


def vendi_score(inputs: MetricInputs) -> Estimate:
    """exp of the entropy of the eigenvalues of K / n, K being the cosines between all samples.

    From 1, all samples pointing the same way, to min(n, d), all directions equally filled. Neither end is best: noise
    has the most. Read it beside the value of as many real images.

    Raises:
        BadFeatures: a row of zeros, which has no cosine with anything.

    Source: Friedman and Dieng 2023, arXiv:2210.02410. The eigenvalues come from the smaller of the two Gram matrices,
    (n, n) or (d, d): the others are zero. For the standard error see `influences`.

    >>> round(vendi_score(MetricInputs(torch.eye(3))).value, 6)
    3.0
    """
    features = inputs.fake.features
    n, d = features.shape
    empty = (features == 0).all(dim=1)
    if bool(empty.any()):
        first = int(empty.nonzero()[0])
        raise BadFeatures(f"row {first} is all zeros and has no direction", "check the extractor")
    needed = max(SAMPLES_PER_DIMENSION * d, FEWEST)
    if n < needed:
        value = _exp_entropy(torch.linalg.eigvalsh(_cosines(features) if n < d else _second_moment(features)))
        return Estimate(value, None, f"no interval: {n} samples of {d} features, at least {needed} are needed")
    shares, axes = torch.linalg.eigh(_second_moment(features))
    value = _exp_entropy(shares)
    influence = influences(value, shares, axes, features)
    se = float(influence.std(correction=1)) / n**0.5
    return Estimate(value, normal(value, se, "influence function, to second order"), influence=influence)


def influences(value: float, shares: Tensor, axes: Tensor, features: Tensor) -> Tensor:
    """By how much each sample moves the score, times n and up to a constant, shape (n,).

    The score is a smooth function of A, the mean of u u' over the directions u = x / |x|, with the influence
    -V (u' log(A) u - tr(A log A)). It is taken as what leaving the sample out does, to second order: with few samples a
    dimension the plain influence understates. Where all directions are equally filled it vanishes, and what is left of
    it errs on the wide side.

    Args:
        value: the score.
        shares: eigenvalues of A, shape (d,).
        axes: its eigenvectors, shape (d, d).
        features: of the samples, shape (n, d).
    """
    n, d = features.shape
    filled = shares > d * torch.finfo(shares.dtype).eps * float(shares.max())
    logs = torch.where(filled, shares, 1.0).log()
    # (log l_i - log l_j) / (l_i - l_j), the second derivative of the entropy in the axes of A.
    between = shares[:, None] - shares
    near = between.abs() <= 1e-6 * torch.maximum(shares[:, None], shares)
    slope = torch.where(near, 2 / (shares[:, None] + shares), (logs[:, None] - logs) / torch.where(near, 1.0, between))
    slope = torch.where(filled[:, None] & filled, slope, 0.0)
    influence = []
    for block in features.split(BLOCK):
        squares = (_directions(block) @ axes).square()
        influence.append(squares @ logs - ((squares @ slope) * squares).sum(dim=1) / (2 * (n - 1)))
    return -value * torch.cat(influence)


def _directions(features: Tensor) -> Tensor:
    """Each row over its length, float64."""
    x = features.to(torch.float64)
    x = x / x.abs().amax(dim=1, keepdim=True)  # so that no square under- or overflows
    return torch.nn.functional.normalize(x, dim=1)


def _cosines(features: Tensor) -> Tensor:
    """The cosines of all pairs over n, shape (n, n)."""
    u = _directions(features)
    return u @ u.T / len(u)


def _second_moment(features: Tensor) -> Tensor:
    """The mean of u u' over the directions u, shape (d, d)."""
    d = features.shape[1]
    total = torch.zeros(d, d, dtype=torch.float64, device=features.device)
    for block in features.split(BLOCK):
        u = _directions(block)
        total += u.T @ u
    return total / len(features)


def _exp_entropy(shares: Tensor) -> float:
    # An eigenvalue of zero comes out as rounding noise of either sign.
    filled = shares.clamp(min=0)
    return float((-torch.special.xlogy(filled, filled)).sum().exp())
