"""Hostile files through the real command line: refused by name, soon, and with little memory."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from containers import encoded
from genboard.registry import limits
from genboard.registry.sources import open_images
from hostile_files import HOSTILE, Hostile
from refusals import Run, hint, refused

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pipes, devices and sockets are those of Unix")

SECONDS = 10
GROWTH = 2 * 2**20  # KiB


@pytest.fixture(scope="module", autouse=True)
def imported() -> None:
    """What every command imports is no part of the time that a refusal takes."""
    import genboard.benchmarks.evaluation_target
    import genboard.benchmarks.runner
    import genboard.leaderboard.export.terminal  # noqa: F401


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_by_name(run: Run, tmp_path: Path, hostile: Hostile) -> None:
    path = tmp_path / hostile.name
    hostile.write(path)
    more = ("--convert", hostile.convert) if hostile.convert else ()
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fact = refused(run, "evaluate", path, "--track", "digits", *more)
    assert time.monotonic() - start < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH
    assert fact.startswith(str(path))
    assert hostile.says in fact
    assert hostile.hints in hint(run, "evaluate", path, "--track", "digits", *more)


def test_a_row_group_has_a_limit(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"image": [bytes(2**20), bytes(2**21)]}), tmp_path / "i.parquet", compression="zstd")
    monkeypatch.setattr(limits, "ROW_GROUP", 2**21)
    command = ("evaluate", tmp_path / "i.parquet", "--track", "digits")
    assert "i.parquet: row group 0: 3,14" in refused(run, *command)
    assert "the limit is 2,097,152: write it again with smaller row groups" in hint(run, *command)
    monkeypatch.undo()
    monkeypatch.setattr(limits, "ENCODED", 2**19)
    assert "i.parquet: row 0: 1,048,576 bytes" in refused(run, *command)


def test_a_cell_that_is_said_once_for_many_rows_is_in_memory_once(tmp_path: Path) -> None:
    cell = encoded(np.random.default_rng(0).integers(0, 256, (208, 208, 3), np.uint8))
    column = pa.array([{"bytes": cell, "path": None}] * 300)
    pq.write_table(pa.table({"image": column}), tmp_path / "i.parquet", dictionary_pagesize_limit=2**30)
    del column
    assert (tmp_path / "i.parquet").stat().st_size < 2**18 < 300 * len(cell) // 100
    source, before = open_images(tmp_path / "i.parquet"), pa.total_allocated_bytes()
    np.testing.assert_array_equal(source.read(7, 8).pixels, source.read(299, 300).pixels)
    assert pa.total_allocated_bytes() - before < 2**21


def test_the_documents_have_every_limit() -> None:
    text = (Path(__file__).parents[1] / "docs" / "security.md").read_text("utf-8")
    section = text.partition("\n## Limits\n")[2].partition("\n## ")[0]
    said = {name: value for name, value in re.findall(r"^\| `([A-Z_]+)` \| ([^|]+?) \|", section, re.MULTILINE)}
    known = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert len(known) > 5
    assert {name: _number(text) for name, text in said.items()} == known


def _number(text: str) -> int:
    number, _, unit = text.partition(" ")
    return int(number.replace(",", "")) * {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}.get(unit, 1)
