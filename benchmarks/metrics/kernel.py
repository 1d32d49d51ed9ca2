"""Kernel Inception distance: the squared maximum mean discrepancy under a cubic kernel. Lower is better."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ..uncertainty import Estimate, skewed, variance_within
from .distances import refuse_unfit
from .inputs import MetricInputs
from .kernel_means import TILE, Polynomial, kernel_means

MOST = 4096  # samples among which the interaction is taken


def kernel_distance(inputs: MetricInputs, *, degree: int = 3, coefficient: float = 1.0) -> Estimate:
    """The unbiased estimate of MMD^2 with the kernel (x.y / d + coefficient)^degree, on all pairs.

    Raises:
        BadFeatures: different widths, a feature that is not a finite number, or fewer than 2 on either side.

    Source: Bińkowski et al. 2018, arXiv:1801.01401. With the reference fixed the squared standard error is about
    4 Var(h) / n, h_j being the mean of k(y_j, .) over the other samples less its mean over the reference. Near zero the
    second order counts, 2 mean(c^2) / n^2 with c the kernel less its row and column means. Each h_j errs by
    mean(c^2) / n, being a mean itself, so Var(h) has it in already, twice: near zero the error is up to 1.4 times too
    large, which is left so, since heavy tails need it. The skewness has a second order too (`interaction`).
    """
    y, kernel = inputs.fake.features, Polynomial(degree, coefficient)
    refuse_unfit(inputs.real.features, y, 2)
    n = len(y)
    of_real, within_samples, across = kernel_means(inputs.real, inputs.fake, kernel)  # (m,), (n,), (n,)
    value = float(of_real.mean() + within_samples.mean() - 2 * across.mean())
    h = within_samples - across
    se = (4 * variance_within(h, inputs.fake.labels) / n) ** 0.5
    third = interaction(h, lambda rows, others: kernel(y[rows].double(), y[others].double()))
    method = "variance of the U-statistic's projection, with its skewness"
    return Estimate(value, skewed(value, se, h, method, third), influence=2 * h)


def interaction(h: Tensor, kernel: Callable[[slice, slice], Tensor]) -> float:
    """Mean of g_i g_j k(y_i, y_j) over pairs of different samples, g being h about its mean.

    As g sums to zero it is that of the kernel less its row and column means. Of more than `MOST` samples it is taken
    among every second, every third, and so on: the skewness of a mean over so many is small.

    Args:
        h: shape (n,).
        kernel: between the samples of one slice and of another.
    """
    step = -(-len(h) // MOST)
    g = (h - h.mean())[::step]
    g = g - g.mean()
    total, tile = h.new_zeros(()), TILE * step
    for start in range(0, len(h), tile):
        rows = slice(start, start + tile, step)
        ours = g[start // step : start // step + TILE]
        total += ours @ (kernel(rows, rows).fill_diagonal_(0) @ ours)
        for other in range(start + tile, len(h), tile):
            k = kernel(rows, slice(other, other + tile, step))
            total += 2 * (ours @ (k @ g[other // step : other // step + TILE]))
    return float(total) / (len(g) * max(1, len(g) - 1))
