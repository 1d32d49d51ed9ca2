"""Committed results on real images are measured again, where the caches have them."""

from __future__ import annotations

from pathlib import Path

import pytest
from genboard.benchmarks.result import preview_path
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.verification.run import verify
from genboard.registry.catalog import find
from genboard.registry.datasets import load_part
from genboard.registry.generators import load_generator
from genboard.registry.schema import Generator, Track

from genboard.core.errors import GenboardError


def copied(path: Path, folder: Path) -> Path:
    """A committed result and its preview, to be verified without touching its log."""
    copy = folder / path.name
    copy.write_bytes(path.read_bytes())
    preview_path(copy).write_bytes(preview_path(path).read_bytes())
    return copy


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
    rows = make_board(find(Track, "mnist"), read_records([COMMITTED]).readable).rows
    original = next(row.record.path for row in rows if row.name == name)
    done = verify(copied(original, tmp_path), level="reproduced", by="Ada")
    assert done.problem is None
    assert done.status.level == "reproduced"
