"""Euclidean distances as the metrics of copies count them: summed from differences in float64, so that a copy has 0."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..neighbours import nearest_rows, to_other_rows

ROWS = 4096  # looked at at once


def refuse_unfit(real: Tensor, features: Tensor, least: int = 1) -> None:
    """Raises BadFeatures for different widths, fewer than `least` rows on either side, or NaN and infinite values."""
    refuse_other_width(real.shape[1], features.shape[1])
    if min(len(real), len(features)) < least:
        raise BadFeatures(f"at least {least} real images and samples are needed, got {len(real)} and {len(features)}")
    refuse_not_finite(real, features)


def refuse_other_width(real: int, fake: int, hint: str | None = None) -> None:
    """Raises BadFeatures where the samples have another number of features than the real images."""
    if real != fake:
        raise BadFeatures(
            f"the real images have {real} features, the samples {fake}", hint or "compute both with the same extractor"
        )


def refuse_not_finite(*values: Tensor, what: str = "features") -> None:
    """Raises BadFeatures where a value is NaN or infinite."""
    if not all(bool(rows.isfinite().all()) for x in values for rows in x.split(ROWS)):
        raise BadFeatures(f"the {what} contain NaN or infinity", "check the images and the extractor")


def nearest(reference: Tensor, features: Tensor, device: str | None = None) -> tuple[Tensor, Tensor]:
    """Euclidean distance of each feature to its nearest reference feature, float64 (n,), and that one's index (n,).

    Distances are summed from differences, not expanded into products: a copy is at distance 0, not at 1e-4.
    """
    refuse_other_width(reference.shape[1], features.shape[1])
    return nearest_rows(reference, features, device=device)


def to_other(reference: Tensor, rows: Tensor, k: int = 1, device: str | None = None) -> Tensor:
    """Distance of these reference rows to their k-th nearest other row, float64, shape of `rows`."""
    return to_other_rows(reference, rows, k, device).sqrt()


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances of all pairs of rows, summed from differences in float64, shape (len(a), len(b))."""
    return torch.cdist(a.to(torch.float64), b.to(torch.float64), compute_mode="donot_use_mm_for_euclid_dist")


def directions(features: Tensor) -> Tensor:
    """Each row over its length, float64. Raises BadFeatures for a row of zeros, which has no direction."""
    x = features.to(torch.float64)
    largest = x.abs().amax(dim=1, keepdim=True)
    if not bool((largest > 0).all()):
        raise BadFeatures("a feature is all zeros and has no direction", "check the extractor")
    return torch.nn.functional.normalize(x / largest, dim=1)  # divided first, so that no square under- or overflows
