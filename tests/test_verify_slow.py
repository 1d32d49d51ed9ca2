"""The committed results are measured again, on the embedded track and on real images where the caches have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from genboard.benchmarks.result import preview_path, read_result
from genboard.errors import GenboardError
from genboard.leaderboard.board import make_board
from genboard.leaderboard.records import COMMITTED, read_records
from genboard.leaderboard.verification import read_entries
from genboard.leaderboard.verifying import verify
from genboard.registry.catalog import find
from genboard.registry.datasets import load_part
from genboard.registry.generators import load_generator
from genboard.registry.schema import Generator, Track

# Measured on another kind of machine, the distances of copies to their originals are rounding, which is all that the
# copying test of the training set then ranks.
ROUNDING = {"train-copy"}


def copied(path: Path, folder: Path) -> Path:
    """A committed result and its preview, to be verified without touching its log."""
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    preview_path(copy).write_bytes(preview_path(path).read_bytes())
    return copy


@pytest.mark.slow
def test_every_row_of_the_embedded_board_is_reproduced(tmp_path: Path) -> None:
    rows = make_board(find(Track, "digits"), read_records([COMMITTED]).readable).rows
    assert len(rows) == 20
    for row in rows:
        path = copied(row.record.path, tmp_path)
        done = verify(path, rung="reproduced")
        elsewhere = done.entries[0].figures.environment.processor != read_result(path).environment.processor  # type: ignore[union-attr]
        assert done.problem is None or (elsewhere and row.name in ROUNDING), (row.name, done.problem)
        assert [e.kind for e in read_entries(path)] == ["failed" if done.problem else "reproduced"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["csinva-mnist-vae", "csinva-mnist-gan"])
def test_a_third_party_generator_is_reproduced_on_real_images(name: str, tmp_path: Path) -> None:
    try:
        load_part("mnist", "test")
    except GenboardError:
        pytest.skip("MNIST is not in the Hugging Face cache")
    try:
        load_generator(find(Generator, name), find(Track, "mnist"))
    except GenboardError:
        pytest.skip(f"the weights of {name}: the file is not in the torch hub cache")
    (original,) = (COMMITTED / "mnist@1" / name).glob("????????????.json")
    done = verify(copied(original, tmp_path), rung="reproduced", by="Ada")
    assert done.problem is None
    assert done.standing.level == "reproduced"
