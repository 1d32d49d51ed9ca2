"""What papers report and this project does not: the kernel distance over subsets and the Inception score over splits.

For comparison with the peers, in value and in speed; and the kernel distance's variance with both sides drawn anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from genboard.benchmarks.metrics.distances import refuse_unfit
from genboard.benchmarks.metrics.inception_score import inception_score
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from numpy.typing import NDArray
from torch import Tensor

from genboard.core.errors import BadFeatures

Subset: TypeAlias = tuple[NDArray[np.int64], ...]  # indices of its samples, and of its real images

STEP = 250  # columns of a symmetric kernel at a time, of which only the lower triangle is worked out
STRIP = 1000  # the same of the kernel of all pairs: wider strips give faster products
BLOCK = 2048


@dataclass(frozen=True)
class Parts:
    """Values of parts of one set of samples: their mean, and their spread (divided by the number of parts).

    The spread is no standard error of the mean: subsets overlap, and it stays as large as one part's noise however many
    are taken.
    """

    mean: float
    spread: float


def kernel_distance_subsets(
    real: Tensor, features: Tensor, subsets: int = 100, size: int = 1000, seed: int = 2020
) -> Parts:
    """Mean and spread of the kernel distance over random subsets, the protocol that papers report. Lower is better.

    Here for comparison with their figures; `kernel_distance` uses all pairs. Subsets are drawn without replacement, in
    turn from the samples and from the reference, by NumPy's RandomState. Kernels are computed in the features' own
    precision, sums in float64.

    Args:
        real: features of the reference, shape (m, d).
        features: of the samples, shape (n, d).

    Raises:
        BadFeatures: different widths, a feature that is not a finite number, or fewer than `size` on either side.

    Source: Bińkowski et al. 2018, arXiv:1801.01401.
    """
    refuse_unfit(real, features, size)
    rng = np.random.RandomState(seed)
    drawn = [tuple(rng.choice(len(side), size, replace=False) for side in (features, real)) for _ in range(subsets)]
    # Subsets overlap: where they hold more pairs than there are, the kernel of all pairs is worked out once.
    all_pairs = len(real) * len(features) + (len(real) ** 2 + len(features) ** 2) / 2
    by_subset = subsets * size**2 * 2.0
    sums = sums_of_all if all_pairs <= by_subset else sums_one_by_one
    within, across = sums(real, features, drawn)
    found = (within / (size * (size - 1)) - 2 * across / size**2).numpy()
    return Parts(float(found.mean()), float(found.std()))


def inception_score_splits(logits: Tensor, splits: int = 10, shuffle: int | None = 2020) -> Parts:
    """Mean and spread of the score over parts of the samples. Higher is better.

    Part i holds the rows from i n // splits up to (i + 1) n // splits.

    Args:
        logits: of the samples, shape (n, classes).
        shuffle: seed of the permutation that comes first (NumPy's RandomState); none: the rows stay in their order.

    Raises:
        BadFeatures: fewer samples than parts, or a logit that is not a finite number.

    Source: Salimans et al. 2016, arXiv:1606.03498.
    """
    n = len(logits)
    if not 1 <= splits <= n:
        raise BadFeatures(f"{n} samples cannot be split into {splits} parts")
    if shuffle is not None:
        logits = logits[torch.from_numpy(np.random.RandomState(shuffle).permutation(n)).to(logits.device)]
    parts = [logits[i * n // splits : (i + 1) * n // splits] for i in range(splits)]
    scores = [inception_score(MetricInputs(FeatureSet(logits=part))).value for part in parts]
    return Parts(float(np.mean(scores)), float(np.std(scores)))


def sums_one_by_one(real: Tensor, features: Tensor, drawn: Sequence[Subset]) -> tuple[Tensor, Tensor]:
    """Sums of the kernel within and across each subset, shape (subsets,), from the pairs it holds."""
    within, across = torch.zeros(2, len(drawn), dtype=torch.float64)
    for i, (of_fake, of_real) in enumerate(drawn):
        y = features[torch.from_numpy(of_fake).to(features.device)]
        x = real[torch.from_numpy(of_real).to(real.device)]
        within[i] = _off_diagonal_sum(x) + _off_diagonal_sum(y)
        across[i] = _total(_cubic(y, x))
    return within, across


def sums_of_all(real: Tensor, features: Tensor, drawn: Sequence[Subset]) -> tuple[Tensor, Tensor]:
    """The same sums from the kernel of all pairs, a strip at a time."""
    chosen_y = _indicators([of_fake for of_fake, _ in drawn], features)
    chosen_x = _indicators([of_real for _, of_real in drawn], real)
    within, across = torch.zeros(2, len(drawn), dtype=torch.float64)
    for a, chosen in ((features, chosen_y), (real, chosen_x)):
        for j in range(0, len(a), STRIP):
            k = _cubic(a[j:], a[j : j + STRIP])
            k[:STRIP].tril_(-1)
            within += 2 * _chosen_sums(k, chosen[j:], chosen[j : j + STRIP])
    for j in range(0, len(features), STRIP):
        across += _chosen_sums(_cubic(features[j : j + STRIP], real), chosen_y[j : j + STRIP], chosen_x)
    return within, across


def _indicators(chosen: Sequence[NDArray[np.int64]], a: Tensor) -> Tensor:
    """One column a subset, shape (len(a), subsets): 1 for what is in it."""
    out = a.new_zeros(len(a), len(chosen))
    for column, indices in enumerate(chosen):
        out[torch.from_numpy(indices).to(a.device), column] = 1
    return out


def _chosen_sums(k: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Sum of the entries of k in the chosen rows and columns, for each subset, float64, shape (subsets,)."""
    return ((k @ columns) * rows).sum(dim=0, dtype=torch.float64).cpu()


def kernel_distance_variance(real: Tensor, features: Tensor) -> float:
    """Unbiased estimate of the variance of `kernel_distance` (cubic kernel) when both sides are drawn anew.

    Its root is a standard error over the choice of the reference too. Being unbiased it can fall below zero where the
    distributions are close: there is no standard error then.

    Args:
        real: features of the reference, shape (m, d).
        features: of the samples, shape (n, d).

    Raises:
        BadFeatures: different widths, a feature that is not a finite number, or fewer than 4 on either side.

    Source: the unbiased form of Sutherland 2019, arXiv:1906.02104, here for any two numbers of samples: every moment of
    the kernel is averaged over distinct indices.
    """
    refuse_unfit(real, features, 4)
    x, y = real.to(torch.float64), features.to(torch.float64)
    m, n = len(x), len(y)
    by_x, by_y, squares = _cross_sums(x, y)
    total = float(by_x.sum())
    of_x, x_with = _within_terms(x, by_x, n)
    of_y, y_with = _within_terms(y, by_y, m)
    x_twice, y_twice = float(by_x.square().sum()), float(by_y.square().sum())
    independent = (total**2 - x_twice - y_twice + squares) / (m * (m - 1) * n * (n - 1))
    sharing_x = (x_twice - squares) / (m * n * (n - 1)) - independent
    sharing_y = (y_twice - squares) / (n * m * (m - 1)) - independent
    sharing_both = squares / (m * n) - independent
    across = ((n - 1) * sharing_x + (m - 1) * sharing_y + sharing_both) / (m * n)
    return of_x + of_y + 4 * across - 4 * (2 / m * x_with + 2 / n * y_with)


def _within_terms(a: Tensor, across: Tensor, other: int) -> tuple[float, float]:
    """The variance of the mean kernel among `a`, and the covariance of k(a, a') and k(a, b) that share an a.

    Args:
        a: features, shape (m, d).
        across: sum of the kernel of each with the features of the other side, shape (m,).
        other: how many those are.
    """
    m = len(a)
    rows, squares = _own_sums(a)
    total, twice = float(rows.sum()), float(rows.square().sum())
    independent = (total**2 - 4 * twice + 2 * squares) / (m * (m - 1) * (m - 2) * (m - 3))
    sharing_one = (twice - squares) / (m * (m - 1) * (m - 2)) - independent
    sharing_both = squares / (m * (m - 1)) - independent
    variance = (4 * (m - 2) * sharing_one + 2 * sharing_both) / (m * (m - 1))
    with_across = float(rows @ across)
    apart = (total * float(across.sum()) - 2 * with_across) / (m * (m - 1) * (m - 2) * other)
    return variance, with_across / (m * (m - 1) * other) - apart


def _cross_sums(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, float]:
    """Row sums (m,), column sums (n,) and the sum of squares of the kernel between two sets."""
    rows, columns, squares = [], y.new_zeros(len(y)), 0.0
    for block in x.split(BLOCK):
        k = _cubic(block, y)
        rows.append(k.sum(dim=1))
        columns += k.sum(dim=0)
        squares += float(k.square().sum())
    return torch.cat(rows), columns, squares


def _own_sums(a: Tensor) -> tuple[Tensor, float]:
    """Row sums (m,) and the sum of squares of the kernel within a set, each with itself left out."""
    rows, _, squares = _cross_sums(a, a)
    own = (a.square().sum(dim=1) / a.shape[1] + 1) ** 3
    return rows - own, squares - float(own.square().sum())


def _off_diagonal_sum(a: Tensor) -> float:
    total = 0.0
    for j in range(0, len(a), STEP):
        square = _cubic(a[j : j + STEP], a[j : j + STEP])
        total += _total(square) - float(square.diagonal().sum(dtype=torch.float64))
        total += 2 * _total(_cubic(a[j + STEP :], a[j : j + STEP]))
    return total


def _cubic(a: Tensor, b: Tensor) -> Tensor:
    return torch.addmm(a.new_ones(1, 1), a, b.T, alpha=1 / a.shape[1]).pow_(3)


def _total(k: Tensor) -> float:
    return float(k.sum(dim=1).sum(dtype=torch.float64))
