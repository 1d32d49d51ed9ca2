"""Gaps between rates: how far apart they are, and an interval that holds where they are equal too.

A gap is a seminorm of a vector of rates: the largest less the smallest, half the sum of the distances from a target, a
mean or a maximum of such. By the triangle inequality the gap of the estimates is off by no more than the gap of their
errors. So the gap ± the 95% quantile of the errors' gap holds the true gap in at least 95% of repetitions, and in just
95% where the rates are equal, though the estimate of a gap is then too large by chance. Between two groups it is the
usual normal interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from ..uncertainty import LEVEL, Target, Uncertainty, Z

METHOD = "quantile of the gap between normal errors"
DRAWS = 20_000
_SEED = 2310  # of draws that are the same for every gap


@dataclass(frozen=True)
class Stratum:
    """Images that are drawn apart from others, by outcome.

    Attributes:
        counts: how many of them have each outcome, shape (outcomes,).
        scores: what the share of an outcome adds to each rate, float64, shape (outcomes, m).
        prior: shares towards which those of few images are drawn, shape (outcomes,); even ones by default.
    """

    counts: Tensor
    scores: Tensor
    prior: Tensor | None = None

    @property
    def rates(self) -> Tensor:
        return self.counts.double() / self.counts.sum() @ self.scores

    @property
    def covariance(self) -> Tensor:
        """Of its rates, shape (m, m).

        As Agresti and Coull (1998) do for one share, by as many images as Wilson's interval adds: without, a share of
        0 or 1 among few images would have no error.
        """
        prior = torch.full_like(self.scores[:, 0], 1 / len(self.counts)) if self.prior is None else self.prior
        share = (self.counts.double() + Z * Z * prior) / (self.counts.sum() + Z * Z)
        spread = torch.diag(share) - share[:, None] * share
        return self.scores.T @ spread @ self.scores / self.counts.sum()


def rates_of(strata: Sequence[Stratum]) -> Tensor:
    """The rates of all strata together, float64, shape (m,)."""
    return torch.stack([one.rates for one in strata]).sum(dim=0)


def covariance_of(strata: Sequence[Stratum]) -> Tensor:
    """The covariance of the rates of all strata together, shape (m, m)."""
    return torch.stack([one.covariance for one in strata]).sum(dim=0)


def errors_of(covariance: Tensor) -> Tensor:
    """Normal errors of rates with this covariance, shape (draws, m), the same at every call."""
    scales, directions = torch.linalg.eigh(covariance)
    root: Tensor = directions * scales.clamp(min=0).sqrt()  # rounding may leave a variance of zero below it
    return _draws(len(covariance)) @ root.T


def certainty(value: float, gaps: Tensor, method: str = METHOD, target: Target = "population") -> Uncertainty:
    """The interval of a gap. Its standard error is half of it over 1.96.

    Args:
        gaps: that of `errors_of` the covariance of its rates, shape (draws,).
    """
    half = float(gaps.quantile(LEVEL))
    return Uncertainty(target, half / Z, value - half, value + half, LEVEL, method)


def apart(rates: Tensor) -> Tensor:
    """The largest rate less the smallest, over the last axis."""
    return rates.amax(dim=-1) - rates.amin(dim=-1)


@cache
def _draws(m: int) -> Tensor:
    random = np.random.Generator(np.random.Philox(key=_SEED))
    return torch.from_numpy(random.standard_normal((DRAWS, m)))
