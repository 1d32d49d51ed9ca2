"""The metrics side by side with the peers, and with their arithmetic alone, in one process and one run: `make bench`.

The arithmetic of a work, its products and eigenvalues, is done plainly, at the speed of the library that does it: a
ratio to it says how much is left to gain. Needs the peers of the `dev` extra and an idle machine.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from genboard.benchmarks.metrics.frechet import distance, frechet_distance, moments_of
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.neighbours import Resample, count_neighbours, identity_resample
from genboard.reference_stats.moments import Moments, symmetric_root
from published_protocols import kernel_distance_subsets
from rounds import ARITHMETIC, OURS, alternate
from torch import Tensor

N, D = 10_000, 2048
pytestmark = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning", "ignore:.*:UserWarning")


def features(seed: int) -> Tensor:
    return torch.randn(N, D, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def real() -> Tensor:
    return features(1)


@pytest.fixture(scope="module")
def fake() -> Tensor:
    # Of one distribution with the real ones: many pairs are near, so no shortcut is open.
    return features(2)


def grid() -> list[Resample]:
    sizes = tuple((N * i // 8, N * i // 8) for i in range(1, 9))
    orders = [torch.Generator().manual_seed(seed) for seed in range(10)]
    return [Resample(torch.randperm(N, generator=g), torch.randperm(N, generator=g), sizes) for g in orders]


def test_four_metrics(benchmark, real, fake):
    from prdc import compute_prdc

    def products() -> None:
        for _ in range(2):  # a symmetric product is half of one
            for block in real.split(2000):
                block @ fake.T

    four, cells = "precision, recall, density, coverage, k = 5", f"{OURS}, the grid"
    alternate(
        benchmark,
        lambda: count_neighbours(real, fake, 5, [identity_resample(N, N)]),
        {
            "prdc": lambda: compute_prdc(real.numpy(), fake.numpy(), 5),
            cells: lambda: count_neighbours(real, fake, 10, grid()),
            ARITHMETIC: products,
        },
        compared=[
            (four, OURS, "prdc"),
            ("the same for k = 1..10 x 8 nested sizes x 10 resamples, against one call", cells, "prdc"),
        ],
        arithmetic=(
            "float32 products of real with generated and, by symmetry half, of each with itself",
            4 * N * N * D,
        ),
    )


@pytest.fixture(scope="module")
def reference(real: Tensor) -> Moments:
    moments = Moments.of(real)
    return Moments(moments.n, moments.mean, moments.scatter, symmetric_root(moments.cov))


def test_frechet(benchmark, reference, fake, inner):
    from pytorch_fid.fid_score import calculate_frechet_distance
    from torchmetrics.image.fid import _compute_fid

    generated = Moments.of(fake)
    arguments = reference.mean, reference.cov, generated.mean, generated.cov
    work = "Fréchet distance from moments, reference root stored"
    alternate(
        benchmark,
        lambda: distance(reference, generated, fake),
        {
            "pytorch-fid": lambda: calculate_frechet_distance(*(a.numpy() for a in arguments)),
            "torchmetrics": lambda: _compute_fid(*arguments),
            ARITHMETIC: lambda: torch.linalg.eigvalsh(inner),
        },
        compared=[(work, OURS, "pytorch-fid"), (work, OURS, "torchmetrics")],
        arithmetic=("eigenvalues of one float64 matrix", 4 / 3 * D**3),
    )


def test_frechet_interval(benchmark, reference, fake, inner):
    without = "the same without interval"

    def arithmetic() -> None:
        fake.double().T @ fake.double()  # what sums over samples is accumulated in float64
        torch.linalg.eigh(inner)
        fake @ inner.float()

    alternate(
        benchmark,
        lambda: frechet_distance(MetricInputs(fake, FeatureSet(moments=reference))),
        {without: lambda: distance(reference, moments_of(reference, fake), fake), ARITHMETIC: arithmetic},
        rounds=5,
        compared=[("Fréchet distance with interval, from features", OURS, without)],
        arithmetic=(
            "float64 covariance and eigenvectors, float32 product of samples and map",
            2 * N * D**2 + 9 * D**3 + 2 * N * D**2,
        ),
    )


def test_kernel_subsets(benchmark, real, fake):
    from torch_fidelity.metric_kid import kid_features_to_metric

    size, draws = 1000, 100
    a, b = real[:size], fake[:size]
    alternate(
        benchmark,
        lambda: kernel_distance_subsets(real, fake),
        {
            "torch-fidelity": lambda: kid_features_to_metric(fake, real, verbose=False),
            ARITHMETIC: lambda: [a @ b.T for _ in range(2 * draws)],
        },
        compared=[("kernel distance, 100 subsets of 1,000", OURS, "torch-fidelity")],
        arithmetic=("float32 products of each subset, by symmetry half within a side", 4 * draws * size * size * D),
    )


ALONE = """
import re, sys, time, torch
from pathlib import Path
from genboard.benchmarks.metrics.manifold import coverage, density, precision, recall
from genboard.benchmarks.metrics.inputs import MetricInputs
from genboard.benchmarks.neighbours import count_neighbours, identity_resample
# The peak of this process alone: what getrusage says holds that of the process it was started from.
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 2**20
n = int(sys.argv[1])
real, fake = (torch.randn(n, 2048, generator=torch.Generator().manual_seed(s)) for s in (1, 2))
started, before = time.perf_counter(), peak()
if sys.argv[2] == "counts":
    assert count_neighbours(real, fake, 5, [identity_resample(n, n)])
else:
    inputs = MetricInputs(fake, real, k=5)
    assert all(metric(inputs).uncertainty for metric in (precision, recall, density, coverage))
print(time.perf_counter() - started, peak(), peak() - before)
"""


@pytest.mark.parametrize(
    ("n", "what", "peers"), [(10_000, "counts", ""), (50_000, "intervals", "prdc needs over 24 GB")]
)
def test_memory(benchmark, n, what, peers):
    """In a process of its own, whose resident memory holds the features too."""
    found: list[float] = []

    def run() -> None:
        command = [sys.executable, "-c", ALONE, str(n), what]
        printed = subprocess.run(command, check=True, capture_output=True, text=True)
        found[:] = map(float, printed.stdout.split())

    alternate(benchmark, run, rounds=1, alone=f"N = M = {n:,}, the four metrics, {what}", peers=peers)
    benchmark.extra_info.update(took=found[0], resident=found[1], on_top=found[2])
