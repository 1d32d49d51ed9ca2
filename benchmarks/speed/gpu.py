"""The neighbour pass on a GPU, measured and published by one command: `python -P benchmarks/speed/gpu.py [N] [WIDTH]`.

It prints JSON:

- what the device is trusted with: the largest error of products in each type in units of the bound that is assumed,
  at most one where it is obeyed, or why there is none;
- what the default does with features in the host's memory: which tables it puts into the device's, how much of that it
  may take, and the type of products that it takes;
- seconds of the product alone in each type, and of the four metrics' counts and the whole k x N grid in each type of
  products; by default, from features on the device, from those in the host's memory, and streamed from there, as if
  nothing fitted;
- how many rows a type leaves undecided.

All counts are asserted to be the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch
from genboard.benchmarks.neighbours import Counts, Resample, count_neighbours, identity_resample
from genboard.benchmarks.neighbours import placement as placing
from genboard.benchmarks.neighbours.arithmetic import as_assumed
from genboard.benchmarks.neighbours.distances import placed_tables, point_sets
from genboard.benchmarks.neighbours.placed_sets import Products, placed_sets
from genboard.benchmarks.neighbours.placement import SHARE, placement
from genboard.benchmarks.neighbours.probe import error_on
from genboard.benchmarks.neighbours.rounded import PRODUCT_TYPES, ProductType, rounded, undecided
from torch import Tensor

from genboard.core.errors import GenboardError
from genboard.core.serialization import canonical_json

ROUNDS = 3
PLAIN = {"bfloat16": torch.bfloat16, "tf32": torch.float32, "float64": torch.float64}


def features(n: int, width: int, seed: int) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


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


def trial(kind: ProductType, device: torch.device) -> float | str:
    """The largest error in units of the bound, or why there is none."""
    try:
        return error_on(kind, device)
    except RuntimeError as e:
        return str(e).splitlines()[0]


def default(real: Tensor, fake: Tensor, device: torch.device) -> dict[str, Any]:
    """What is done where nothing is said: where tables lie, and the type of products."""
    place = placement(device)
    x, _ = placed_sets(real, fake, 5, place)
    here = placed_tables(real, fake, place)
    return {
        "products": "plain" if x.rounding is None else x.rounding.name,
        "share_of_free_memory": SHARE,
        "room_bytes": place.room,
        "lies": {name: "device" if there else "host" for name, there in here.items()},
    }


@contextmanager
def nothing_fits() -> Iterator[None]:
    """Placements without room for features."""
    share, placing.SHARE = placing.SHARE, 0.0
    try:
        yield
    finally:
        placing.SHARE = share


Sides = tuple[Tensor, Tensor]


def timings(at_home: Sides, there: Sides, k: int, asked: list[Resample], device: torch.device) -> dict[str, float]:
    """Seconds of the counts by each way to them, from features in the host's memory or on the device."""
    expected = count_neighbours(*there, k, asked, products="plain")

    def timed(way: str, sides: Sides, products: Products | None) -> float:
        counts: list[Counts] = []

        def call() -> None:
            counts[:] = count_neighbours(*sides, k, asked, products=products, device=device)

        taken = seconds(call, device)
        if not same(counts, expected):
            raise GenboardError(f"the counts of {len(asked)} orders differ: {way}", "report this as a defect")
        return taken

    ways: dict[str, Products | None] = {
        "plain": "plain",
        **{kind.name: kind for kind in PRODUCT_TYPES},
        "default": None,
    }
    found = {way: timed(way, there, products) for way, products in ways.items()}
    found["default, from the host"] = timed("default, from the host", at_home, None)
    with nothing_fits():
        found["default, streamed"] = timed("default, streamed", at_home, None)
    return found


def measured(n: int, width: int, device: torch.device) -> dict[str, Any]:
    """Everything, on this device; every seventh part of the features is multiplied alone, so that the product fits."""
    at_home = features(n, width, 1), features(n, width, 2)
    real, fake = (side.to(device) for side in at_home)
    alone = {}
    for name, kind in PLAIN.items():
        a, b = real.to(kind), fake.to(kind)
        with as_assumed(tf32=name == "tf32"):
            alone[name] = seconds(lambda a=a, b=b: [block @ b.T for block in a.split(-(-n // 7))], device)
    x, y = point_sets(real, fake)
    types = {kind.name: kind for kind in PRODUCT_TYPES}
    left = {name: undecided(*rounded(x, y, kind), 5) for name, kind in types.items()}
    del x, y
    four = timings(at_home, (real, fake), 5, [identity_resample(n, n)], device)
    whole = timings(at_home, (real, fake), 10, grid(n), device)
    return {
        "n": n,
        "width": width,
        "error_in_units_of_the_bound": {name: trial(kind, device) for name, kind in types.items()},
        "default": default(*at_home, device),
        "product_s": alone,
        "undecided_rows": left,
        "four_s": four,
        "grid_s": whole,
    }


def main(n: int = 50_000, width: int = 2048) -> None:
    if not torch.cuda.is_available():
        raise GenboardError("this machine has no CUDA device", "run it where `torch.cuda.is_available()` says True")
    device = torch.device("cuda", torch.cuda.current_device())
    major, minor = torch.cuda.get_device_capability(device)
    card = {
        "device": torch.cuda.get_device_name(device),
        "compute_capability": f"{major}.{minor}",
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }
    sys.stdout.write(canonical_json({**card, **measured(n, width, device)}).decode())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("n", type=int, nargs="?", default=50_000, help="rows of either set (default: %(default)s)")
    parser.add_argument("width", type=int, nargs="?", default=2048, help="features of a row (default: %(default)s)")
    given = parser.parse_args()
    try:
        main(given.n, given.width)
    except GenboardError as error:
        sys.exit(f"Error: {error}")
