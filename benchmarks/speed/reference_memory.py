"""Peak memory and time of building reference statistics: `python -P benchmarks/speed/reference_memory.py`.

Each build runs in a process of its own, with an empty data folder, so the index of the data set is made as well. Names
of a data set, a split and extractors may be given; MNIST's 60,000 training images in two spaces are the default.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

SPACES = ("lenet-mnist", "pixels")
DATA = ("mnist", "train")

BUILD = """
import sys, time
from pathlib import Path
from genboard.benchmarks.environment import peak_memory_mib
from genboard.files import home
from genboard.reference_stats.build import build_into
from genboard.reference_stats.statistics import make_recipe
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
dataset, split, extractor, bank = sys.argv[1:]
load_extractor(extractor)
loaded = peak_memory_mib()
started = time.perf_counter()
load_split(dataset, split)
indexed = time.perf_counter()
recipe = make_recipe(dataset, split, extractor, int(bank) or None)
path = build_into(home() / "references", recipe)
print(recipe.count, recipe.bank, loaded, peak_memory_mib(), indexed - started, time.perf_counter() - indexed,
      path.stat().st_size / 2**20)
"""


def measured(dataset: str, split: str, extractor: str, bank: int) -> list[float]:
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-P", "-c", BUILD, dataset, split, extractor, str(bank)]
        environment = {**os.environ, "GENBOARD_HOME": home}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def main(arguments: list[str]) -> None:
    dataset, split = arguments[:2] or DATA
    print("| space | images | bank | before, MiB | peak, MiB | index, s | build, s | file, MiB |")
    print("|---|" + "---:|" * 7)
    for extractor in arguments[2:] or SPACES:
        for bank in (10_000, 0):
            found = measured(dataset, split, extractor, bank)
            print(f"| `{extractor}` | " + " | ".join(f"{value:,.0f}" for value in found) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
