"""The example of a training that is watched runs, and draws what it measured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "watch_training.py"


@pytest.mark.slow  # a training, though a short one
def test_the_example_draws_a_curve(tmp_path: Path):
    out = tmp_path / "curve.svg"
    arguments = ["--steps", "40", "--every", "20", "--samples", "150", "--out", str(out)]
    done = subprocess.run([sys.executable, str(EXAMPLE), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    steps = [line for line in done.stderr.splitlines() if line.startswith("step ")]
    assert [line.partition(":")[0] for line in steps] == ["step 0", "step 20", "step 40"]
    assert steps[2].endswith("better than at the start")
    assert out.read_text("utf-8").startswith("<svg")
