"""A board without rows says what was found and why it is not shown, and a verified copy that boards do not read it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from committed import current
from genboard.leaderboard.storage.records import read_records
from refusals import Run, measure


@pytest.fixture
def results(run: Run, tmp_path: Path, own_home: Path) -> Path:
    """A folder with one result of few samples, and one of files that are none."""
    assert measure(run, "--results", tmp_path / "kept" / "results")[0] == 0
    (tmp_path / "empty").mkdir()
    return tmp_path / "kept" / "results"


@pytest.mark.parametrize(
    ("named", "how"),
    [
        (".", "absolute"),
        ("digits@1", "absolute"),
        ("digits@1/noise", "relative"),
        ("..", "absolute"),
        ("../../empty", "relative"),
    ],
)
def test_a_folder_above_or_below_the_results_is_told_from_an_empty_one(
    run: Run, results: Path, named: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = results / named
    if how == "relative":
        monkeypatch.chdir(folder)
        folder = Path()
    code, out, err = run("rank", "--track", "digits", "--results", folder)
    assert code == 0
    if named == ".":
        assert "results were found, but none can be ranked" in out
        assert "measured with 20 samples, the track asks for 500" in " ".join(out.split())
    else:
        assert "no results yet" in out
        meant = f"there are some in {results.resolve()}: name that folder"
        assert (meant in err) == (named != "../../empty")
    assert read_records([results]).remarks == ()


def test_results_of_another_track_are_named(run: Run, results: Path) -> None:
    code, out, err = run("rank", "--track", "mnist", "--results", results)
    assert code == 0
    assert "no results yet" in out
    assert "no result of mnist there, only of digits" in err


def test_several_tracks_without_a_row_say_what_is_left_out(run: Run, results: Path) -> None:
    for options in (("--all",), ("--tracks", "digits,mnist")):
        assert "nothing to rank: 1 results are left out" in run("rank", *options, "--results", results)[2]


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("dispute", ("--reason", "the weights saw the reference", "--by", "Bo Example")),
        ("withdraw", ("--reason", "trained on the reference", "--by", "Bo Example")),
        ("verify", ("--level", "reproduced", "--by", "Bo Example")),
    ],
)
def test_an_entry_in_the_log_of_a_copy_says_that_boards_do_not_read_it(
    run: Run, tmp_path: Path, own_home: Path, command: str, more: tuple[str, ...]
) -> None:
    original = current("noise")
    copy = tmp_path / original.name
    for path in original.parent.glob(f"{original.stem}*"):
        shutil.copy(path, tmp_path)
    _, _, err = run(command, copy, *more)
    assert f"{copy} is a copy: boards show {original}, whose own log says nothing of this" in err


def test_an_entry_about_a_result_that_boards_read_says_nothing_more(run: Run, results: Path, own_home: Path) -> None:
    (elsewhere,) = results.rglob("*/noise/????????????.json")
    words = ("--reason", "a test", "--by", "Bo Example")
    err = run("dispute", elsewhere, *words)[2]
    assert "is in no folder that boards read unless told: name its folder with --results" in err
    shutil.copytree(results, own_home / "results")
    (kept,) = own_home.glob("results/*/noise/????????????.json")
    assert run("withdraw", kept, *words)[2] == ""
