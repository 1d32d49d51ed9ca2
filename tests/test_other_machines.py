"""The committed results come out on other machines, which variables imitate, one process each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

# Each changes last bits somewhere: of convolutions, of matrix products, of eigenvalues, or of sums.
MACHINES: Mapping[str, Mapping[str, str]] = {
    "this one": {},
    "two threads": {"OMP_NUM_THREADS": "2"},
    "convolutions without AVX-512": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "convolutions by SSE": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "products without AVX-512": {"MKL_CBWR": "AVX2"},
    "products of any processor, no vectors": {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default"},
}
SCRIPT = """
import json, sys
from pathlib import Path
from tempfile import TemporaryDirectory
from genboard.benchmarks.result import preview_path
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.verification.run import verify
from genboard.registry.catalog import find
from genboard.registry.schema import Track

found = {}
for row in make_board(find(Track, "digits"), read_records([COMMITTED]).readable).rows:
    with TemporaryDirectory() as folder:
        path = Path(folder) / row.record.path.name
        path.write_bytes(row.record.path.read_bytes())
        preview_path(path).write_bytes(preview_path(row.record.path).read_bytes())
        done = verify(path, level="reproduced", write=False)
        (entry,) = done.entries
        found[row.name] = {"problem": done.problem, "kernels": entry.figures.environment.kernels}
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.parametrize("machine", MACHINES)
def test_every_row_of_the_embedded_board_is_reproduced(machine: str, own_home: object) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, **MACHINES[machine]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert len(found) >= 27
    assert {name: one["problem"] for name, one in found.items() if one["problem"]} == {}
    kernels = {one["kernels"] for one in found.values()}
    expected = {key: value for key, value in MACHINES[machine].items() if key != "OMP_NUM_THREADS"}
    if expected:
        assert all(f"{key}={value}" in str(shown) for key, value in expected.items() for shown in kernels)
