"""Which groups occur among the samples, and how often? Lower is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ...registry.shares import shares_of
from ..uncertainty import LEVEL, Estimate, Part, Uncertainty, Z
from .grouping import grouping, judged, shown
from .inputs import MetricInputs
from .rates import METHOD as QUANTILE
from .rates import Stratum, certainty, covariance_of, errors_of

METHOD = f"{QUANTILE}, over samples and real images"
SINGULAR = 1e-9


def representation(inputs: MetricInputs, *, target: str = "reference") -> Estimate:
    """The total variation distance of the groups' shares among samples from a target. Lower is better.

    Half the sum over groups of |share - target|: the share of samples that would have to be of another group. Of two
    groups, sqrt(2) times it is the fairness discrepancy of Choi et al. 2020 (arXiv:1910.12008).

    The classifier's shares are corrected for its own error as CLEAM does: if of the real images of group b the share
    C[b, c] is taken for c, and q[c] of the samples, then the shares are q C^-1. They are not cut: a group that is rarer
    than the classifier's error may have one below zero. Where an image is taken for a class, its group is that of the
    class.

    The interval carries the errors of q and of C. CLEAM's own has that of q alone.

    Args:
        target: `reference`, the shares among the real images; `uniform`; or a share for each group, as "0.9, 0.1".

    Raises:
        BadFeatures: no groups, a group without real images, a classifier that does not tell the groups apart, or
            a target that does not fit.

    Source: Teo, Abdollahzadeh and Cheung 2023, arXiv:2310.19297, for two groups; the inverse of the confusion matrix
    as of Lipton, Wang and Smola 2018, arXiv:1802.03916.
    """
    groups = grouping(inputs)
    count = len(groups.names)
    real = groups.group[shown(inputs, inputs.real, "real images")]
    taken = groups.group[groups.of_logits(inputs.real.logits)]
    confusion = torch.bincount(real * count + taken, minlength=count**2).view(count, count)
    inverse = inverse_of(confusion, groups.names)
    wanted = torch.tensor(_target(target, confusion.sum(dim=1), count), dtype=torch.float64)
    own = groups.group[judged(inputs)]
    counts = torch.bincount(own, minlength=count)
    shares = counts.double() / len(own) @ inverse
    # An image of group b that is taken for c moves the shares by -share[b] C^-1[c].
    of_real = [Stratum(row, -share * inverse) for row, share in zip(confusion, shares, strict=True)]
    covariance = covariance_of([Stratum(counts, inverse), *of_real])
    value = float(_distance(shares - wanted))
    influence = inverse[own] @ (torch.sign(shares - wanted) / 2)
    centred = (counts.double() + Z * Z / count) / (len(own) + Z * Z) @ inverse
    parts = tuple(
        Part(name, float(share), _share(float(share), float(middle), float(variance)))
        for name, share, middle, variance in zip(groups.names, shares, centred, covariance.diagonal(), strict=True)
    )
    return Estimate(value, certainty(value, _distance(errors_of(covariance)), METHOD), influence=influence, parts=parts)


def inverse_of(confusion: Tensor, names: tuple[str, ...]) -> Tensor:
    """The inverse of the shares of each group's real images that are taken for each group.

    Args:
        confusion: how many images of each group, by row, are taken for each, by column.

    Raises:
        BadFeatures: a group without images, or groups that are taken for each other.
    """
    there = confusion.sum(dim=1)
    if not bool(there.all()):
        missing = names[int((there == 0).nonzero()[0, 0])]
        raise BadFeatures(f"no real image is of group {missing!r}", "use a reference with images of all groups")
    shares = confusion.double() / there[:, None]
    if float(torch.linalg.svdvals(shares)[-1]) < SINGULAR:
        raise BadFeatures("the classifier does not tell the groups of real images apart", "use another feature space")
    inverse: Tensor = torch.linalg.inv(shares)
    return inverse


def _distance(gaps: Tensor) -> Tensor:
    return gaps.abs().sum(dim=-1) / 2


def _target(target: str, real: Tensor, count: int) -> list[float]:
    if target == "reference":
        return [float(share) for share in real.double() / real.sum()]
    if target == "uniform":
        return [1 / count] * count
    try:
        shares = shares_of(target)
    except ValueError as e:
        raise BadFeatures(f"target = {target!r}: {e}", "give a share for each group, that add up to 1") from e
    if len(shares) != count:
        raise BadFeatures(f"target = {target!r}: {len(shares)} shares for {count} groups", "give one for each group")
    return list(shares)


def _share(share: float, middle: float, variance: float) -> Uncertainty:
    """Of a share: about where Agresti and Coull have its middle, so that no samples of a group have an interval too."""
    se = variance**0.5
    lo, hi = min(share, middle - Z * se), max(share, middle + Z * se)
    return Uncertainty("population", se, lo, hi, LEVEL, METHOD)
