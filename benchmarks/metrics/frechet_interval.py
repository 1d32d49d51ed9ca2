"""The interval of a Fréchet distance, from the influence of its samples."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

from torch import Tensor

from ..uncertainty import Target, Uncertainty, effective_df, normal, quantile, skewed, variance_within
from .frechet_sampling import Sampling

METHOD = "influence function, less the second-order term, with its skewness"


def interval(
    value: float,
    distance: float,
    sampled: Sampling,
    influence: Tensor,
    labels: Tensor | None,
    target: Target,
    missing: float,
) -> Uncertainty:
    """The interval of the distance, or of the distance less its bias.

    The influences at the samples vary by those at the truth and by twice the second-order term of the sampling error,
    which itself counts once. It is taken away, up to half.

    The distance is close to a square: where the truth is larger, so is the error. The upper end is therefore judged by
    the error that a larger truth would have, as in Wilson's interval of a share. The variance grows with the distance
    by `full / distance`, or as with the squared distance of the means, whichever is more. That counts near zero.

    Args:
        value: what the interval is of.
        distance: of these samples, biased as it is.
        influence: of each sample on the value, shape (n,).
        labels: of the samples, where the track fixes how many have each.
        missing: share of the reference's variance outside the samples' range.
    """
    full = variance_within(influence, labels) / len(influence)
    variance = max(full - sampled.second, full / 2)
    method = METHOD
    if missing > 0:
        share = f"{missing:.1%}" if missing >= 5e-4 else "less than 0.1%"
        method += f"; {share} of the reference's variance lies where the samples have none"
    if variance == 0:
        return normal(value, 0.0, method, target)
    plain = replace(skewed(value, sqrt(variance), influence, method), target=target)
    # A copy of the reference is nearer than chance allows: never less than what chance adds on average.
    growth = max(full / max(distance, sampled.bias), sampled.steepness)
    q = quantile(effective_df(influence))
    rise = q * q * growth / 2
    return replace(plain, hi=max(plain.hi, value + rise + sqrt(rise**2 + q * q * variance)))
