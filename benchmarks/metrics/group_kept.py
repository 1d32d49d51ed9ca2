"""Whether what is made from an image is of that image's group. Higher is better."""

from __future__ import annotations

import torch

from ..uncertainty import Estimate, Part, PartsOnly, normal, wilson
from .grouping import grouping, judged, shown
from .inputs import MetricInputs
from .rates import Stratum, covariance_of, rates_of

METHOD = "Agresti-Coull, variances of the groups added"


def group_kept(inputs: MetricInputs) -> Estimate:
    """Share of the samples asked from images of a group that the classifier takes for that group: the mean over groups.

    Each group counts alike, so a model that makes all samples of one group has 1 out of as many as there are groups,
    however frequent that group is.

    Raises:
        BadFeatures: no groups, or a label that is none of the classifier's classes.
        PartsOnly: no sample was asked from an image of a group.

    Source: what readers of PULSE (Menon et al. 2020, arXiv:2003.03808) asked of it. Jalal et al. 2021
    (arXiv:2106.12182) call it representation demographic parity if the share is the same in every group.
    """
    groups = grouping(inputs)
    asked = groups.group[shown(inputs, inputs.pair, "images that samples are asked from")]
    kept = groups.group[judged(inputs)] == asked
    count = len(groups.names)
    n, hits = torch.bincount(asked, minlength=count), torch.bincount(asked[kept], minlength=count)
    parts = tuple(
        Part(name, int(own) / int(of), wilson(int(own), int(of)))
        if of
        else Part(name, None, reason="no sample was asked from an image of this group")
        for name, own, of in zip(groups.names, hits, n, strict=True)
    )
    if not bool(n.all()):
        raise PartsOnly(f"no sample was asked from an image of {groups.names[int(n.argmin())]!r}", parts)
    each = torch.tensor([[0.0], [1 / count]], dtype=torch.float64)
    strata = [Stratum(torch.stack([of - own, own]), each) for own, of in zip(hits, n, strict=True)]
    value, se = float(rates_of(strata)), float(covariance_of(strata).sqrt())
    # How many images there are of each group is given, so a sample counts against the others of its group.
    influence = (kept.double() - (hits / n)[asked]) * len(kept) / (n[asked] * count)
    return Estimate(value, normal(value, se, METHOD), influence=influence, parts=parts)
