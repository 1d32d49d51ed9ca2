"""Products of symmetric and triangular matrices without the half of the work that they do not need."""

from __future__ import annotations

import torch
from torch import Tensor

STEP = 256  # columns at a time: wide enough for a fast product, narrow enough to leave out most of the zeros


def congruence(symmetric: Tensor, lower: Tensor) -> Tensor:
    """L' S L with S symmetric and L lower triangular, shapes (d, d); only its lower triangle is filled.

    An eighth of the work of two plain products: what a symmetric eigenvalue routine reads, and no more.
    """
    right, out = torch.empty_like(symmetric), torch.zeros_like(symmetric)
    for j in range(0, len(lower), STEP):
        columns = slice(j, j + STEP)
        right[j:, columns] = symmetric[j:, j:] @ lower[j:, columns]
    for i in range(0, len(lower), STEP):
        rows = slice(i, i + STEP)
        out[rows, : i + STEP] = lower[i:, rows].T @ right[i:, : i + STEP]
    return out


def times_lower(x: Tensor, lower: Tensor) -> Tensor:
    """x L with L lower triangular, shapes (n, d) and (d, d)."""
    out = torch.empty_like(x)
    for j in range(0, len(lower), STEP):
        columns = slice(j, j + STEP)
        out[:, columns] = x[:, j:] @ lower[j:, columns]
    return out


def lower_times(lower: Tensor, x: Tensor) -> Tensor:
    """L x with L lower triangular, shapes (d, d) and (d, m)."""
    out = torch.empty_like(x)
    for i in range(0, len(lower), STEP):
        out[i : i + STEP] = lower[i : i + STEP, : i + STEP] @ x[: i + STEP]
    return out


def outer_square(factor: Tensor) -> Tensor:
    """F F' in its lower triangle, shape (d, d); what stands above it means nothing."""
    out = factor.new_empty(len(factor), len(factor))
    for j in range(0, len(factor), STEP):
        out[j:, j : j + STEP] = factor[j:] @ factor[j : j + STEP].T
    return out
