"""What a contributor adds is all there is to add: each test does it on a copy of the tree, and runs what reads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tree_copy import TreeCopy

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
        methods="influence function",
    ),
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> TreeCopy:
    return TreeCopy(tmp_path_factory.mktemp("tree"))


def test_a_metric_is_one_function_and_one_row(tree: TreeCopy, tmp_path: Path) -> None:
    tree.add("benchmarks/metrics/mean_distance.py", FUNCTION)
    tree.replace("registry/metrics/distances.py", "\nROWS = (\n", f"\nROWS = (\n{ROW}")
    tree.replace("registry/metrics/distances.py", "import cmmd, ", "import cmmd, mean_distance, ")
    x, y = np.random.default_rng(1).normal(size=(2, 40, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    laws = ("-p", "no:benchmark", "-p", "no:cacheprovider", "tests/test_metric_laws.py", "-k", "mean_distance")
    listed, compared, tested = tree.run_all(
        ("genboard", "list", "metrics"),
        ("genboard", "compare", tmp_path / "x.npy", tmp_path / "y.npy", "--json"),
        ("pytest", "-q", *laws),
    )
    assert "mean_distance" in listed
    record = {m["name"]: m for m in json.loads(compared)["metrics"]}["mean_distance"]
    assert record["value"] == pytest.approx(np.linalg.norm(x.mean(0) - y.mean(0)), rel=1e-5)
    assert record["uncertainty"]["se"] > 0
    assert "11 passed" in tested
