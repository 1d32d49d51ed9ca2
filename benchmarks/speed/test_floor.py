"""The arithmetic of each work timed alone, in the same process and run, and other ways to do the same step.

It is done plainly, at the speed of the library that does it, so that a ratio of this project's time to it says how much
is left to gain. Of the other ways the one that is taken is named.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import scipy.linalg
import torch
from genboard.benchmarks.metrics.triangles import outer_square, quadratic_forms
from pytest_benchmark.fixture import BenchmarkFixture
from test_speed import FOUR, INTERVAL, MOMENTS, SUBSETS, D, N, features
from torch import Tensor

M, DRAWS = 1000, 100  # samples in a subset, and subsets, of the kernel distance's protocol


@pytest.fixture(scope="module")
def inner() -> Tensor:
    """A symmetric matrix of which a Fréchet distance needs the eigenvalues, shape (d, d), float64."""
    x = features(3).double()
    return x.T @ x / N


def floor(benchmark: BenchmarkFixture, work: str, what: str, operations: float, call: Callable[[], Any]) -> None:
    benchmark.extra_info.update(floor=work, what=what, operations=operations)
    benchmark.pedantic(call, rounds=3, warmup_rounds=0)


def way(benchmark: BenchmarkFixture, step: str, name: str, call: Callable[[], Any]) -> None:
    benchmark.extra_info.update(step=step, way=name)
    benchmark.pedantic(call, rounds=3, warmup_rounds=0)


def test_products(benchmark):
    a, b = features(1), features(2)

    def call() -> None:
        for _ in range(2):  # a symmetric product is half of one
            for block in a.split(2000):
                block @ b.T

    what = "float32 products of real with generated and, by symmetry half, of each with itself"
    floor(benchmark, FOUR, what, 2 * 2 * N * N * D, call)


def test_eigenvalues(benchmark, inner):
    floor(benchmark, MOMENTS, "eigenvalues of one float64 matrix", 4 / 3 * D**3, lambda: torch.linalg.eigvalsh(inner))


def test_eigenvectors_and_covariance(benchmark, inner):
    x = features(2)

    def call() -> None:
        x.double().T @ x.double()  # what sums over samples is accumulated in float64
        torch.linalg.eigh(inner)

    what = "float64 covariance and eigenvectors, float32 product of samples and map"
    floor(benchmark, INTERVAL, what, 2 * N * D**2 + 9 * D**3 + 2 * N * D**2, lambda: (call(), x @ inner.float()))


def test_subset_products(benchmark):
    a, b = features(1)[:M], features(2)[:M]

    def call() -> None:
        for _ in range(2 * DRAWS):
            a @ b.T

    what = "float32 products of each subset, as above"
    floor(benchmark, SUBSETS, what, 2 * 2 * DRAWS * M * M * D, call)


VECTORS = "interval of the Fréchet distance: eigenvectors, 2,048 wide"


def test_eigh_double(benchmark, inner):
    way(benchmark, VECTORS, "torch, float64 (taken)", lambda: torch.linalg.eigh(inner))


def test_eigh_single(benchmark, inner):
    """Vectors in float32 would still need the eigenvalues in float64."""
    both = lambda: (torch.linalg.eigvalsh(inner), torch.linalg.eigh(inner.float()))  # noqa: E731
    way(benchmark, VECTORS, "torch, float32, and the eigenvalues in float64", both)


@pytest.mark.parametrize(("driver", "name"), [("evd", "divide and conquer"), ("evr", "robust representations")])
def test_eigh_scipy(benchmark, inner, driver, name):
    way(benchmark, VECTORS, f"scipy, {name}, float64", lambda: scipy.linalg.eigh(inner.numpy(), driver=driver))


FORMS = "interval of the Fréchet distance: x' T x of 10,000 samples, T = H H'"


def test_forms_of_map(benchmark, inner):
    x, half = features(2), inner.float()
    shape = lambda: outer_square(half)  # noqa: E731
    way(benchmark, FORMS, "T, then the half above its diagonal (taken)", lambda: quadratic_forms(x, shape()))


def test_forms_of_root(benchmark, inner):
    x, half = features(2), inner.float()
    way(benchmark, FORMS, "squared lengths of H' x", lambda: (x @ half).square().sum(dim=1))
