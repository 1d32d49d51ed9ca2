"""Steps that were tried in several ways, in one process and run; the benchmark times the one that is taken."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import torch
from published_protocols import sums_of_all, sums_one_by_one
from rounds import alternate
from test_speed import N, features


def test_eigenvalues(benchmark, inner):
    """The eigenvalues in float32 are off by 1e-7 of the largest, and their small ones' roots by much more."""
    alternate(
        benchmark,
        lambda: torch.linalg.eigvalsh(inner),
        {
            "torch, float32, not exact enough": lambda: torch.linalg.eigvalsh(inner.float()),
            "scipy, divide and conquer": lambda: scipy.linalg.eigvalsh(inner.numpy(), driver="evd"),
            "scipy, robust representations": lambda: scipy.linalg.eigvalsh(inner.numpy(), driver="evr"),
            "torch, singular values of a factor": lambda: torch.linalg.svdvals(inner),
        },
        step="Fréchet distance: eigenvalues, 2,048 wide",
        taken="torch",
    )


def test_eigenvectors(benchmark, inner):
    """Vectors in float32 would still need the eigenvalues in float64."""
    alternate(
        benchmark,
        lambda: torch.linalg.eigh(inner),
        {
            "torch, float32, and the values in float64": lambda: (
                torch.linalg.eigvalsh(inner),
                torch.linalg.eigh(inner.float()),
            ),
            "scipy, divide and conquer": lambda: scipy.linalg.eigh(inner.numpy(), driver="evd"),
            "scipy, robust representations": lambda: scipy.linalg.eigh(inner.numpy(), driver="evr"),
        },
        step="interval of the Fréchet distance: eigenvectors, 2,048 wide",
        taken="torch, float64",
    )


def test_subset_sums(benchmark):
    real, fake = features(1), features(2)
    rng = np.random.RandomState(0)
    drawn = [tuple(rng.choice(N, 1000, replace=False) for _ in range(2)) for _ in range(100)]
    alternate(
        benchmark,
        lambda: sums_of_all(real, fake, drawn),
        {
            "each subset by itself": lambda: sums_one_by_one(real, fake, drawn),
            "products alone, all pairs but the reference's own": lambda: [
                block @ fake.T for block in (*real.split(2000), *real[: N // 2].split(2000))
            ],
        },
        step="kernel distance, 100 subsets of 1,000: sums of the kernels",
        taken="all pairs, a strip at a time",
    )
