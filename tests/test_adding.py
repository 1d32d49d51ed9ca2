"""What a contributor adds is all there is to add: each test does it on a copy of the tree, and runs what reads it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("registry", "reference_stats", "benchmarks", "leaderboard")

FUNCTION = '''"""Distance of the mean features. Lower is better."""

from __future__ import annotations

from ..uncertainty import Estimate, normal, variance_within
from .inputs import MetricInputs


def mean_distance(inputs: MetricInputs) -> Estimate:
    """Euclidean distance of the mean of the samples' features from that of the real ones. Lower is better."""
    features = inputs.fake.features.double()
    gap = features.mean(dim=0) - inputs.real.moments.mean
    value = float(gap.norm())
    influence = features @ (gap / value if value else gap)
    se = (variance_within(influence, inputs.fake.labels) / len(features)) ** 0.5
    return Estimate(value, normal(value, se, "influence function"), influence=influence)
'''
ROW = """    Metric(
        name="mean_distance",
        title="Distance of means",
        version=1,
        fn=mean_distance.mean_distance,
        reads=("real.moments", "fake.features"),
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        role="distance",
        summary="Distance of the mean features of samples and of real images.",
        paper="none: an example",
    ),
"""


class Tree:
    """A copy of the repository, importable as `genboard`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        for name in ("genboard", "registry", "benchmarks", "tests"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "reference_stats", "leaderboard"):
            (folder / name).symlink_to(ROOT / name)
        for name in FLOORS:
            (folder / "genboard" / name).symlink_to(folder / name)

    def replace(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text("utf-8")
        assert text.count(old) == 1
        (self.root / path).write_text(text.replace(old, new), "utf-8")

    def run(self, *arguments: object) -> str:
        """What `python -m ...` prints there."""
        environment = {**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", *map(str, arguments)]
        ran = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("tree"))


def test_a_metric_is_one_function_and_one_row(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "benchmarks" / "metrics" / "mean_distance.py").write_text(FUNCTION, "utf-8")
    tree.replace("registry/metrics.py", "\n)\n\n\ndef index(", f"\n{ROW})\n\n\ndef index(")
    tree.replace("registry/metrics.py", "        manifold,\n", "        manifold,\n        mean_distance,\n")
    assert "mean_distance" in tree.run("genboard", "list", "metrics")
    x, y = np.random.default_rng(1).normal(size=(2, 40, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    found = json.loads(tree.run("genboard", "compare", tmp_path / "x.npy", tmp_path / "y.npy", "--json"))
    record = {m["name"]: m for m in found["metrics"]}["mean_distance"]
    assert record["value"] == pytest.approx(np.linalg.norm(x.mean(0) - y.mean(0)), rel=1e-5)
    assert record["uncertainty"]["se"] > 0
    laws = tree.run(
        "pytest",
        "-q",
        "-p",
        "no:benchmark",
        "-p",
        "no:cacheprovider",
        "tests/test_metric_laws.py",
        "-k",
        "mean_distance",
    )
    assert "10 passed" in laws
