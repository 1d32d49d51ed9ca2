"""Inception score: are single samples told apart surely, and all classes met? Higher is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, degrees_of, normal, variance_within
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
    interval = normal(value, se, "influence function", degrees=degrees_of(divergence))
    return Estimate(value, interval, influence=value * divergence)


@dataclass(frozen=True)
class SplitScores:
    """Scores of the parts of one set of samples: their mean, and their spread (divided by the number of parts).

    The spread is no standard error of the mean, nor of the score on all samples: it tells how parts differ, and the
    mean itself moves with their number.
    """

    mean: float
    spread: float


def inception_score_splits(logits: Tensor, splits: int = 10, shuffle: int | None = 2020) -> SplitScores:
    """Mean and spread of the score over parts of the samples, the protocol that papers report. Higher is better.

    Here for comparison with their figures. Part i holds the rows from i n // splits up to (i + 1) n // splits.

    Args:
        logits: of the samples, shape (n, classes).
        shuffle: seed of the permutation that comes first (NumPy's RandomState); none: the rows stay in their order.

    Raises:
        BadFeatures: fewer samples than parts, or a logit that is not a finite number.

    Source: Salimans et al. 2016, arXiv:1606.03498.

    >>> inception_score_splits(100.0 * torch.eye(4), splits=2, shuffle=None)
    SplitScores(mean=2.0, spread=0.0)
    """
    n = len(logits)
    if not 1 <= splits <= n:
        raise BadFeatures(f"{n} samples cannot be split into {splits} parts")
    if shuffle is not None:
        logits = logits[torch.from_numpy(np.random.RandomState(shuffle).permutation(n)).to(logits.device)]
    scores = [float(_divergences(logits[i * n // splits : (i + 1) * n // splits]).mean().exp()) for i in range(splits)]
    return SplitScores(float(np.mean(scores)), float(np.std(scores)))


def _divergences(logits: Tensor) -> Tensor:
    """KL(p(y|x) || p(y)) of each sample, shape (n,)."""
    if not bool(logits.isfinite().all()):
        raise BadFeatures("the logits are not all finite numbers", "look for NaN and infinity in what was measured")
    log_p = torch.log_softmax(logits.to(torch.float64), dim=1)
    p = log_p.exp()
    return (p * (log_p - p.mean(dim=0).log())).sum(dim=1)
