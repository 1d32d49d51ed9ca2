"""Influences from the measurement to the board, a check and a submission."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from genboard.benchmarks import runner
from genboard.benchmarks.evaluation_target import open_target
from genboard.benchmarks.influences import read_influences
from genboard.benchmarks.result import influence_path, read_result
from genboard.benchmarks.runner import Workspace, evaluate
from genboard.benchmarks.scoring import Scored, score_track
from genboard.leaderboard.board import dependence as dependence_module
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.board.scored import dependence
from genboard.leaderboard.export.terminal import board_text
from genboard.leaderboard.storage.records import COMMITTED, Record, read_records
from genboard.leaderboard.submission.check import check
from genboard.leaderboard.submission.metadata import Metadata
from genboard.leaderboard.submission.prepare import prepare
from genboard.registry.catalog import entries, find
from genboard.registry.schema import Track

from genboard.core.files import sha256

DIGITS = find(Track, "digits")
NAMES = ("pca-gaussian", "gaussian-mixture")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two results whose columns have the same influences, up to the standard errors."""

    def alike(*args: object) -> list[Scored]:
        found = score_track(*args)  # type: ignore[arg-type]
        x = torch.randn(DIGITS.samples, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        x = (x - x.mean()) / x.std(correction=0)
        return [Scored(s.record, x * u.se * s.record.n**0.5 if (u := s.record.uncertainty) else None) for s in found]

    space = Workspace.under(tmp_path_factory.mktemp("kept"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "score_track", alike)
        for name in NAMES:
            evaluate(open_target(name, DIGITS), DIGITS, None, space)
    return space


def test_a_board_takes_them_for_the_errors_of_differences(workspace: Workspace):
    board = make_board(DIGITS, read_records([workspace.results]).readable)
    rows = [row.scored(DIGITS.primary) for row in board.rows]
    assert len(rows) == 2
    a, b = rows
    assert a is not None
    assert b is not None
    assert dependence(a, b) == (pytest.approx(1, abs=1e-5), "influences")
    found = board.dependence_json()
    assert (found["influences"], found["bound"], found["unread"]) == (sorted(NAMES), [], {})


def test_they_are_named_checked_and_offered(workspace: Workspace, tmp_path: Path):
    (path,) = workspace.results.rglob(f"{NAMES[0]}/*.json")
    result = read_result(path)
    assert result.influences is not None
    assert result.influences.sha256 == sha256(influence_path(path).read_bytes())
    assert set(read_influences(influence_path(path), result)) == {m.key for m in result.metrics if m.uncertainty}
    assert influence_path(path).stat().st_size < 700_000 * result.sampling.n / 10_000 + 10_000
    assert [f for f in check([path], []) if f.code.startswith("R51")] == []
    metadata = Metadata.model_validate({"authors": ["Ada Example"], "tried": 1})
    offered = prepare(open_target(NAMES[0], DIGITS), DIGITS, metadata, tmp_path, workspace)
    assert influence_path(tmp_path / result.path) in offered.files
    assert influence_path(tmp_path / result.path).read_bytes() == influence_path(path).read_bytes()


def test_a_file_that_is_not_the_one_named_is_not_used_and_the_board_says_so(workspace: Workspace, tmp_path: Path):
    records = read_records([workspace.results]).readable
    spoiled = influence_path(records[0].path)
    before = spoiled.read_bytes()
    try:
        spoiled.write_bytes(b"other")
        found = make_board(DIGITS, records).dependence_json()
    finally:
        spoiled.write_bytes(before)
    assert found["influences"] == []
    assert list(found["unread"]) == [records[0].result.generator.name]
    assert found["default"] == "independent"


@pytest.fixture(scope="module")
def committed() -> tuple[Record, ...]:
    return read_records([COMMITTED]).readable


@pytest.mark.parametrize("name", sorted(entries(Track)))
def test_a_wheel_which_has_none_but_those_of_digits_moves_the_ends_of_ranks_by_a_place_at_most(
    name: str, committed: tuple[Record, ...], monkeypatch: pytest.MonkeyPatch
):
    track = find(Track, name)
    records = [record for record in committed if record.result.track.name == name]
    whole = make_board(track, records)
    if name != "digits":
        monkeypatch.setattr(dependence_module, "influence_path", lambda path: path.with_name("none"))
    found = make_board(track, records)
    assert [row.name for row in found.rows] == [row.name for row in whole.rows]
    for own, place in ((row.place, whole_row.place) for row, whole_row in zip(found.rows, whole.rows, strict=True)):
        assert (own is None) == (place is None)
        if own and place:
            assert max(abs(own.first - place.first), abs(own.last - place.last)) <= (0 if name == "digits" else 1)
    assert ("could not be read (no such file)" in board_text(found)) == (name != "digits" and bool(found.rows))
