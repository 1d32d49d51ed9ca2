"""Peak memory and time of reading MNIST and of building its statistics.

`python -P benchmarks/speed/reference_memory.py`. Each runs in a process of its own, with an empty data folder, so the
index of the data set is made as well. What is found is written beside this file, and `make docs` sets it into the
documentation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from genboard.core.serialization import parse_json, write_json

SPACES = ("lenet-mnist", "pixels")
DATASET, SPLIT = "mnist", "train"
SIZES = (10_000, None)  # features kept for the metrics of neighbours; none: all of them
TABLE = Path(__file__).parent / "reference_memory.json"

BUILD = """
import sys, time
from genboard.core.spending import peak_memory_mib
from genboard.core.files import home
from genboard.core.serialization import canonical_json
from genboard.reference_stats.build import build_into
from genboard.reference_stats.statistics import make_recipe
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
dataset, split, extractor, features = sys.argv[1:]
load_extractor(extractor)
loaded = peak_memory_mib()
load_split(dataset, split)
recipe = make_recipe(dataset, split, extractor, int(features) or None)
started = time.perf_counter()
path = build_into(home() / "references", recipe)
sys.stdout.write(canonical_json({
    "space": extractor, "images": recipe.count, "features": recipe.features, "before_mib": loaded,
    "peak_mib": peak_memory_mib(), "build_s": time.perf_counter() - started, "file_mib": path.stat().st_size / 2**20,
}).decode())
"""

READ = """
import sys, time
from genboard.core.spending import peak_memory_mib
from genboard.core.serialization import canonical_json
from genboard.registry.datasets import verify
before = peak_memory_mib()
started = time.perf_counter()
verify(sys.argv[1])
sys.stdout.write(canonical_json({
    "before_mib": before, "peak_mib": peak_memory_mib(), "read_s": time.perf_counter() - started,
}).decode())
"""


def measured(program: str, *arguments: object) -> dict[str, Any]:
    """What a program prints, run in a process with a data folder of its own."""
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-c", program, *map(str, arguments)]
        environment = {**os.environ, "GENBOARD_HOME": home}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = parse_json(done.stdout, TABLE)
    return found


def main() -> None:
    builds = [measured(BUILD, DATASET, SPLIT, space, features or 0) for space in SPACES for features in SIZES]
    write_json(TABLE, {"dataset": DATASET, "split": SPLIT, "read": measured(READ, DATASET), "builds": builds})


if __name__ == "__main__":
    main()
