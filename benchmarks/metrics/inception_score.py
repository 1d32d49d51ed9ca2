"""Inception score: are single samples told apart surely, and all classes met? Higher is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ..uncertainty import Estimate, normal


def inception_score(logits: Tensor) -> Estimate:
    """exp of the mean divergence KL(p(y|x) || p(y)), on all samples at once (one split).

    From 1 to the number of classes. It never looks at real images: noise that a classifier is sure of scores well.

    Args:
        logits: of the samples, shape (n, classes).

    Source: Salimans et al. 2016, arXiv:1606.03498. The standard error is that of the influence function
    IS (KL_i - mean KL).

    >>> round(inception_score(100.0 * torch.eye(4)).value, 6)
    4.0
    """
    log_p = torch.log_softmax(logits.to(torch.float64), dim=1)
    p = log_p.exp()
    marginal = p.mean(dim=0)
    divergence = (p * (log_p - marginal.log())).sum(dim=1)
    value = float(divergence.mean().exp())
    se = value * float(divergence.std(correction=1)) / len(logits) ** 0.5
    return Estimate(value, normal(value, se, "influence function"))
