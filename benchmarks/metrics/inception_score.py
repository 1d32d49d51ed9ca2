"""Inception score: is each sample of a clear class, and do all classes occur? Higher is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ..uncertainty import Estimate, effective_df, normal, variance_within
from .distances import refuse_not_finite
from .inputs import MetricInputs


def inception_score(inputs: MetricInputs) -> Estimate:
    """exp of the mean divergence KL(p(y|x) || p(y)), on all samples at once (one split).

    From 1 to the number of classes. It never looks at real images: noise that a classifier is sure of scores well.

    Source: Salimans et al. 2016, arXiv:1606.03498. The standard error is that of the influence function
    IS (KL_i - mean KL).

    >>> from .inputs import FeatureSet
    >>> round(inception_score(MetricInputs(FeatureSet(logits=100.0 * torch.eye(4)))).value, 6)
    4.0
    """
    divergence = _divergences(inputs.fake.logits)
    value = float(divergence.mean().exp())
    se = value * (variance_within(divergence, inputs.fake.labels) / len(divergence)) ** 0.5
    interval = normal(value, se, "influence function", df=effective_df(divergence))
    return Estimate(value, interval, influence=value * divergence)


def _divergences(logits: Tensor) -> Tensor:
    """KL(p(y|x) || p(y)) of each sample, shape (n,)."""
    refuse_not_finite(logits, what="logits")
    log_p = torch.log_softmax(logits.to(torch.float64), dim=1)
    p = log_p.exp()
    return (p * (log_p - p.mean(dim=0).log())).sum(dim=1)
