"""Side by side with the peers, in one process and one run: `make bench`.

Each peer is called on the same arrays right before or after this project's function. What is quoted is the ratio of
the medians; absolute times depend on the machine. Needs the peers of the `dev` extra and an idle machine.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from genboard.benchmarks.metrics.frechet import distance, frechet_distance, moments_of
from genboard.benchmarks.metrics.kernel_protocols import kernel_distance_subsets
from genboard.benchmarks.neighbours import Resample, count_neighbours, identity_resample
from genboard.reference_stats.moments import Moments, symmetric_root
from pytest_benchmark.fixture import BenchmarkFixture

N, D = 10_000, 2048
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:UserWarning")


def features(seed: int) -> torch.Tensor:
    return torch.randn(N, D, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def real() -> torch.Tensor:
    return features(1)


@pytest.fixture(scope="module")
def fake() -> torch.Tensor:
    # Of one distribution with the real ones: many pairs are near, so no shortcut is open.
    return features(2)


def timed(benchmark: BenchmarkFixture, work: str, who: str, call: Callable[[], Any], rounds: int = 3) -> None:
    benchmark.extra_info.update(work=work, who=who)
    benchmark.pedantic(call, rounds=rounds, warmup_rounds=0)


def grid() -> list[Resample]:
    sizes = tuple((N * i // 8, N * i // 8) for i in range(1, 9))
    orders = [torch.Generator().manual_seed(seed) for seed in range(10)]
    return [Resample(torch.randperm(N, generator=g), torch.randperm(N, generator=g), sizes) for g in orders]


FOUR = "precision, recall, density, coverage, k = 5"


def test_four_metrics(benchmark, real, fake):
    timed(benchmark, FOUR, "genboard", lambda: count_neighbours(real, fake, 5, [identity_resample(N, N)]))


def test_four_metrics_grid(benchmark, real, fake):
    work = "the same for k = 1..10 x 8 nested sizes x 10 resamples"
    timed(benchmark, work, "genboard", lambda: count_neighbours(real, fake, 10, grid()))


def test_four_metrics_prdc(benchmark, real, fake):
    from prdc import compute_prdc

    timed(benchmark, FOUR, "prdc", lambda: compute_prdc(real.numpy(), fake.numpy(), 5))


@pytest.fixture(scope="module")
def reference(real: torch.Tensor) -> Moments:
    moments = Moments.of(real)
    return Moments(moments.n, moments.mean, moments.scatter, symmetric_root(moments.cov))


MOMENTS = "Fréchet distance from moments, reference root stored"


def test_frechet(benchmark, reference, fake):
    generated = Moments.of(fake)
    timed(benchmark, MOMENTS, "genboard", lambda: distance(reference, generated, fake))


def test_frechet_pytorch_fid(benchmark, reference, fake):
    from pytorch_fid.fid_score import calculate_frechet_distance

    generated = Moments.of(fake)
    arguments = [a.numpy() for a in (reference.mean, reference.cov, generated.mean, generated.cov)]
    timed(benchmark, MOMENTS, "pytorch-fid", lambda: calculate_frechet_distance(*arguments), rounds=2)


def test_frechet_torchmetrics(benchmark, reference, fake):
    from torchmetrics.image.fid import _compute_fid

    generated = Moments.of(fake)
    arguments = reference.mean, reference.cov, generated.mean, generated.cov
    timed(benchmark, MOMENTS, "torchmetrics", lambda: _compute_fid(*arguments), rounds=2)


INTERVAL = "Fréchet distance with interval, from features"


def test_frechet_interval(benchmark, reference, fake):
    timed(benchmark, INTERVAL, "genboard", lambda: frechet_distance(reference, fake))


def test_frechet_without_interval(benchmark, reference, fake):
    call = lambda: distance(reference, moments_of(reference, fake), fake)  # noqa: E731
    timed(benchmark, INTERVAL, "the same without interval", call)


SUBSETS = "kernel distance, 100 subsets of 1,000"


def test_kernel_subsets(benchmark, real, fake):
    timed(benchmark, SUBSETS, "genboard", lambda: kernel_distance_subsets(real, fake))


def test_kernel_subsets_torch_fidelity(benchmark, real, fake):
    from torch_fidelity.metric_kid import kid_features_to_metric

    timed(benchmark, SUBSETS, "torch-fidelity", lambda: kid_features_to_metric(fake, real, verbose=False))


LARGE = """
import resource, time, torch
from genboard.benchmarks.metrics.manifold import coverage, density, precision, recall
from genboard.benchmarks.neighbours import Neighbours
real, fake = (torch.randn(50_000, 2048, generator=torch.Generator().manual_seed(s)) for s in (1, 2))
started = time.perf_counter()
neighbours = Neighbours(real, fake, 5)
assert all(metric(neighbours).uncertainty for metric in (precision, recall, density, coverage))
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def test_large(benchmark):
    """Fifty thousand of each, in a process of its own, whose resident memory holds the features too."""
    found: list[float] = []

    def run() -> None:
        printed = subprocess.run([sys.executable, "-P", "-c", LARGE], check=True, capture_output=True, text=True)
        found[:] = map(float, printed.stdout.split())

    timed(benchmark, "N = M = 50,000, the four with intervals", "genboard", run, rounds=1)
    benchmark.extra_info.update(seconds=found[0], gib=found[1])
