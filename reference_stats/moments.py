"""Mean and covariance in float64, accumulated a block at a time and merged in any order.

Whether this machine has the memory for a covariance is asked before the work, not found out after.
"""

from __future__ import annotations

import math
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from ..core.errors import BadFeatures
from ..core.mapped_file import in_passing

SCATTER = 2  # matrices (d, d) at once: the scatter, and the covariance made of it
ROOT = 6  # the same, and what an eigenvalue decomposition and the root made of it take: 5.5 were measured
ROWS = 16_384  # features held in float64 at once
ASSUMED = 16 * 2**30  # bytes, where the system does not tell
_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True)
class Moments:
    """What a Gaussian fitted to features needs.

    Attributes:
        n: how many features were seen.
        mean: float64, shape (d,).
        scatter: sum of the centred outer products, float64, shape (d, d).
        stored_root: the symmetric square root of the covariance where it was computed before, shape (d, d).
    """

    n: int
    mean: Tensor
    scatter: Tensor
    stored_root: Tensor | None = None

    @staticmethod
    def empty(dim: int) -> Moments:
        return Moments(0, torch.zeros(dim, dtype=torch.float64), torch.zeros(dim, dim, dtype=torch.float64))

    @staticmethod
    def of(features: Tensor) -> Moments:
        """Moments of features, shape (n, d).

        Two passes over the block, about its own mean: the one-pass sum of outer products loses all digits where the
        mean is large against the spread. Of many features a block at a time is held in float64.

        Raises:
            BadFeatures: so wide that their covariance does not fit into memory.
        """
        refuse_unaffordable(features.shape[1], SCATTER)
        n = len(features)
        sums = [block.sum(dim=0, dtype=torch.float64) for block in in_passing(features, ROWS)]
        mean = torch.stack(sums).sum(dim=0) / n
        scatter = torch.zeros(len(mean), len(mean), dtype=torch.float64, device=features.device)
        for block in in_passing(features, ROWS):
            centred = block.to(torch.float64, copy=True).sub_(mean)
            scatter.addmm_(centred.T, centred)
            del centred  # before another block is held in float64
        return Moments(n, mean, scatter)

    def merge(self, other: Moments) -> Moments:
        """Moments of both together (Chan, Golub and LeVeque 1983)."""
        n = self.n + other.n
        if n == 0:
            return self
        gap = other.mean - self.mean
        mean = self.mean + gap * (other.n / n)
        scatter = self.scatter + other.scatter + torch.outer(gap, gap) * (self.n * other.n / n)
        return Moments(n, mean, scatter)

    @property
    def cov(self) -> Tensor:
        """The unbiased covariance (divided by n - 1), shape (d, d)."""
        return self.scatter / self._freedom

    @property
    def variance(self) -> float:
        """The trace of the covariance, without making it."""
        return float(self.scatter.trace()) / self._freedom

    @property
    def _freedom(self) -> int:
        if self.n < 2:
            raise BadFeatures(f"a covariance needs at least 2 features, but there are {self.n}")
        return self.n - 1

    @property
    def root(self) -> Tensor:
        """The symmetric square root of the covariance, shape (d, d)."""
        return self.stored_root if self.stored_root is not None else symmetric_root(self.cov)

    @cached_property
    def lower(self) -> Tensor | None:
        """The Cholesky factor of the covariance, worked out once; none where that is singular."""
        return cholesky_factor(self.cov)


@dataclass(frozen=True)
class Given:
    """A Gaussian as somebody else fitted it: of how many features is not always known.

    Attributes:
        mean: float64, shape (d,).
        cov: float64, shape (d, d).
        root: its symmetric square root.
    """

    mean: Tensor
    cov: Tensor
    root: Tensor

    @property
    def variance(self) -> float:
        """The trace of the covariance."""
        return float(self.cov.trace())

    @cached_property
    def lower(self) -> Tensor | None:
        """The Cholesky factor of the covariance, worked out once; none where that is singular."""
        return cholesky_factor(self.cov)


Gaussian: TypeAlias = Moments | Given  # what a Fréchet distance reads of a reference: mean, cov, variance, root, lower


class Accumulator:
    """Moments of features that arrive a block at a time, added up in place: memory holds one matrix (d, d).

    The same blocks in the same order give the same bits, also when the state went to disk and back in between.

    Raises:
        BadFeatures: so wide that covariance and root would not fit into memory.
    """

    def __init__(self, dim: int) -> None:
        refuse_unaffordable(dim, ROOT)
        self.moments = Moments.empty(dim)

    def add(self, features: Tensor) -> None:
        """Take in a block of features, shape (m, d).

        What the block's mean and the mean so far are apart is one more centred row: one product does it all.
        """
        old = self.moments
        x = features.to(torch.float64)
        mean, total = x.mean(dim=0), old.n + len(x)
        gap = mean - old.mean
        rows = torch.cat([x - mean, (gap * math.sqrt(old.n * len(x) / total))[None]])
        scatter = old.scatter.addmm_(rows.T, rows)
        self.moments = Moments(total, old.mean + gap * (len(x) / total), scatter)


def symmetric_root(cov: Tensor, eps: float | None = None) -> Tensor:
    """The symmetric square root of a covariance matrix, shape (d, d).

    Eigenvalues that are rounding noise below zero count as zero, which is what they are.

    Args:
        eps: relative rounding of the matrix's entries; that of its type by default.

    Raises:
        BadFeatures: the matrix has an eigenvalue clearly below zero, so it is no covariance.

    >>> symmetric_root(torch.diag(torch.tensor([4.0, 9.0]))).diagonal().tolist()
    [2.0, 3.0]
    """
    refuse_unaffordable(len(cov), ROOT)
    values, vectors = torch.linalg.eigh(cov)
    noise = len(values) * (eps or torch.finfo(values.dtype).eps) * float(values.abs().max())
    if float(values.min()) < -noise:
        raise BadFeatures(f"not a covariance matrix: an eigenvalue is {float(values.min()):.3g}")
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


def cholesky_factor(cov: Tensor) -> Tensor | None:
    """The lower triangular L with L L' = cov, shape (d, d); none where a pivot is rounding noise.

    >>> cholesky_factor(torch.diag(torch.tensor([4.0, 9.0]))).diagonal().tolist()
    [2.0, 3.0]
    """
    lower, failed = torch.linalg.cholesky_ex(cov)
    smallest, largest = lower.diagonal().min().square(), cov.diagonal().max()
    regular = not bool(failed) and bool(smallest > len(cov) * torch.finfo(cov.dtype).eps * largest)
    return lower if regular else None


def refuse_unaffordable(dim: int, matrices: int) -> None:
    """Raises BadFeatures, with both sizes, if so many float64 matrices (dim, dim) are more than all of the memory."""
    need, have = matrices * dim**2 * 8, all_memory()
    if need > have:
        raise BadFeatures(
            f"features {dim:,} wide: a covariance and what is made of it need {need / 2**30:,.0f} GiB of memory, "
            f"this machine has {have / 2**30:,.0f}",
            "make the images smaller by a conversion such as resize-32, take a narrower feature space, or name metrics "
            "that need no covariance, such as kid",
        )


def all_memory() -> int:
    """Bytes of memory in this machine, or in the container that the process is held in."""
    limits = [ASSUMED]
    with suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(OSError, ValueError):
        limits.append(int(_GROUP_LIMIT.read_text("ascii")))
    return min(limits)
