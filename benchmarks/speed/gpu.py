"""The neighbour pass on a GPU: `python -P benchmarks/speed/gpu.py [N] [WIDTH]`, 50,000 and 2,048 where nothing is said.

It prints JSON: seconds of the product alone in each type, of the four metrics' counts and of the whole k x N grid in
each type of products, and how many rows a type leaves undecided. All counts are asserted to be the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch
from genboard.benchmarks.neighbours import Counts, Resample, count_neighbours, identity_resample
from genboard.benchmarks.neighbours.distances import point_sets
from genboard.benchmarks.neighbours.rounded import PRODUCT_TYPES, rounded, undecided
from torch import Tensor

from genboard.core.errors import GenboardError
from genboard.core.serialization import canonical_json

ROUNDS = 3
PLAIN = {"bfloat16": torch.bfloat16, "tf32": torch.float32, "float64": torch.float64}


def features(n: int, width: int, seed: int, device: torch.device) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed)).to(device)


def grid(n: int) -> list[Resample]:
    """Eight nested sizes under ten orders."""
    sizes = tuple((n * i // 8, n * i // 8) for i in range(1, 9))
    orders = [torch.Generator().manual_seed(seed) for seed in range(10)]
    return [Resample(torch.randperm(n, generator=g), torch.randperm(n, generator=g), sizes) for g in orders]


def seconds(work: Callable[[], Any], device: torch.device) -> float:
    """The fastest of some rounds, after one that does not count, all that it starts finished."""
    taken = []
    for _ in range(ROUNDS + 1):
        start = perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(perf_counter() - start)
    return min(taken[1:])


def same(found: list[Counts], expected: list[Counts]) -> bool:
    return all(
        torch.equal(getattr(a, part), getattr(b, part))
        for a, b in zip(found, expected, strict=True)
        for part in ("covered_fake", "covered_real", "pairs", "reached_real")
    )


def measured(n: int, width: int, device: torch.device) -> dict[str, Any]:
    """Everything, on this device; every seventh part of the features is multiplied alone, so that the product fits."""
    real, fake = features(n, width, 1, device), features(n, width, 2, device)
    torch.backends.cuda.matmul.allow_tf32 = True  # of this process, which measures and does nothing else
    alone = {}
    for name, kind in PLAIN.items():
        a, b = real.to(kind), fake.to(kind)
        alone[name] = seconds(lambda a=a, b=b: [block @ b.T for block in a.split(-(-n // 7))], device)
    x, y = point_sets(real, fake)
    types = {kind.name: kind for kind in PRODUCT_TYPES}
    left = {name: undecided(*rounded(x, y, kind), 5) for name, kind in types.items()}
    works = {"four": (5, [identity_resample(n, n)]), "grid": (10, grid(n))}
    found: dict[str, dict[str, float]] = {}
    for work, (k, resamples) in works.items():
        expected = count_neighbours(real, fake, k, resamples)
        found[work] = {}
        for name, kind in (("as is", None), *types.items(), ("cheapest", "cheapest")):
            counts: list[Counts] = []

            def call(kind: Any = kind, k: int = k, asked: list[Resample] = resamples, out: Any = counts) -> None:
                out[:] = count_neighbours(real, fake, k, asked, products=kind)

            found[work][name] = seconds(call, device)
            if not same(counts, expected):
                raise GenboardError(f"the counts of {work} differ with products in {name}", "report this as a defect")
    return {
        "n": n,
        "width": width,
        "product_s": alone,
        "undecided_rows": left,
        **{f"{w}_s": s for w, s in found.items()},
    }


def main(n: int = 50_000, width: int = 2048) -> None:
    if not torch.cuda.is_available():
        raise GenboardError("this machine has no CUDA device", "run it where `torch.cuda.is_available()` says True")
    device = torch.device("cuda")
    card = {"device": torch.cuda.get_device_name(device), "torch": torch.__version__}
    sys.stdout.write(canonical_json({**card, **measured(n, width, device)}).decode())


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    except GenboardError as error:
        sys.exit(f"Error: {error}")
