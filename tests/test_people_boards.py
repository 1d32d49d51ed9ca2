"""Scores of people beside a board: kept, shown, compared with metrics, imported from others, never ranking it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from genboard.leaderboard.board.agreement import Pair
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.board.people import agreement_with_people, people_column
from genboard.leaderboard.export.people_text import people_text
from genboard.leaderboard.human.imported import import_table
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.people import PeopleStudy, people_in, read_people, save_people
from genboard.leaderboard.storage.records import read_records
from site_tree import TRACK, everything

from genboard.core.errors import BadEntry
from genboard.core.files import write_bytes
from genboard.core.serialization import write_json

SOURCE = "a table of others, arXiv:2306.04675"


def table(folder: Path, rates: dict[str, list[float]], name: str = "table.csv") -> Path:
    """As dgm-eval has it: a participant a row, with the error rates on samples and on real images."""
    lines = ["id,model,num_correct,err_rt,f_err_rt,r_err_rt"]
    for model, found in rates.items():
        lines += [f"p{model}{i},{model},0,{rate},{rate + 0.05},{rate - 0.05}" for i, rate in enumerate(found)]
    path = folder / name
    write_bytes(path, "\n".join(lines).encode())
    return path


def around(rate: float, n: int = 12) -> list[float]:
    return [rate + 0.01 * (i % 5 - 2) for i in range(n)]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    everything(folder)
    rates = {
        "alpha": around(0.4),
        "beta": around(0.39),
        "gamma": around(0.2),
        "doubted": around(0.1),
        "Else where": around(0.3),
    }
    save_people(import_table(table(tmp_path, rates), TRACK, SOURCE), folder)
    return folder


def test_a_table_of_others_by_hand(tmp_path: Path) -> None:
    found = import_table(table(tmp_path, {"A b": [0.1, 0.2, 0.3, 0.2, 0.2], "few": [0.5] * 4}), TRACK, SOURCE)
    few, first = found.rows
    assert (first.generator, first.value, found.raters) == ("a-b", pytest.approx(20.0), 9)
    # Standard deviation 7.071 over the root of five.
    assert first.se == pytest.approx(3.16228, abs=1e-5)
    assert first.lo == pytest.approx(20 - 2.77645 * 3.16228, abs=1e-4)
    assert (few.value, few.lo, few.reason) == (50.0, None, "4 raters, an interval needs 5")
    assert found.source == SOURCE


def test_raters_who_rated_two_generators_are_in_both_errors(tmp_path: Path) -> None:
    rows = [f"p{i},{m},{0.2 + 0.02 * i + more}" for m, more in (("a", 0.0), ("b", 0.1)) for i in range(6)]
    path = tmp_path / "table.csv"
    write_bytes(path, "\n".join(["id,model,err_rt", *rows]).encode())
    found = import_table(path, TRACK, SOURCE)
    assert found.covariance is not None
    assert found.covariance[0][1] == pytest.approx(found.covariance[0][0])
    assert [row.rank for row in found.rows] == [(1, 1), (2, 2)]  # always ten per cent apart


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds no rows"),
        ("model,err_rt\na,0.5\na,x", "line 3: err_rt = 'x' is no number"),
        ("model,err_rt\na,50", "err_rt = 50 is not from 0 to 1"),
        ("model,err_rt\na,nan", "err_rt = nan is not from 0 to 1"),
        ("err_rt\n0.5", "no model"),
        ("model\na", "err_rt = None is no number"),
        ("id,model,err_rt\n1,a,0.5\n1,a,0.5", "a second row of rater '1' on a"),
    ],
)
def test_a_table_that_says_something_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "table.csv"
    write_bytes(path, text.encode())
    with pytest.raises(BadEntry) as caught:
        import_table(path, TRACK, SOURCE)
    assert said in str(caught.value)


def test_a_source_that_may_not_be_shown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadEntry, match="source"):
        import_table(table(tmp_path, {"a": [0.1]}), TRACK, "two\nlines")


def test_boards_show_people_and_rank_without_them(results: Path, run: Any) -> None:
    with_people = read_records([results])
    assert [len(with_people.people_on(TRACK)), len(with_people.people)] == [1, 1]
    code, out, _ = run("rank", "--track", "digits", "--results", results, "--json")
    assert code == 0
    found = json.loads(out)
    assert [row["generator"] for row in found["people"][0]["rows"]] == [
        "alpha",
        "beta",
        "else-where",
        "gamma",
        "doubted",
    ]
    (results / with_people.people[0].path).unlink()
    without = json.loads(run("rank", "--track", "digits", "--results", results, "--json")[1])
    assert without == {**found, "people": []}


def test_the_page_of_a_track_shows_people_with_their_source(results: Path) -> None:
    files = render_site(read_records([results]), {TRACK.name: TRACK})
    page = files["tracks/digits.html"].decode()
    assert "HYPE infinity: 60 people as judges" in page
    assert '<a href="../generators/alpha.html">alpha</a></th><td class="n">1–2</td>' in page
    assert '<th scope="row">else-where</th>' in page  # it has no page
    assert "as others asked them" in page
    assert 'href="https://arxiv.org/abs/2306.04675"' in page
    assert "How far the metrics order the generators as people do" in page
    assert json.loads(files["data/digits.json"])["people"][0]["source"] == SOURCE


def test_metrics_are_compared_with_people_over_pairs_that_both_tell_apart(results: Path) -> None:
    records = read_records([results])
    board, study = make_board(TRACK, records.readable), records.people[0]
    column = people_column(study)
    assert len(column.rows) == 5
    primary = next(pair for pair in agreement_with_people(board, study) if pair.b == TRACK.primary)
    # alpha and beta, which people and the distance leave open; the other five pairs are in one order for both.
    assert (primary.n, primary.same, primary.reversed, primary.open) == (4, 5, 0, 1)
    assert primary.tau_ends == pytest.approx((4 / 6, 1))
    assert Pair("a", "b", 2, None, None, None, None, "few").tau_ends is None


def test_the_commands_import_and_compare(results: Path, tmp_path: Path, run: Any) -> None:
    path = table(tmp_path, {"alpha": around(0.3), "beta": around(0.1)}, "more.csv")
    code, out, err = run("human", "import", path, "--track", "digits", "--source", SOURCE, "--results", results)
    assert code == 0
    assert "ratings of others" in out
    assert "written" in err
    code, out, _ = run("human", "agreement", "--track", "digits", "--results", results)
    assert code == 0
    assert out.count("agreement with hype_infinity") == 2
    code, out, _ = run("human", "agreement", "--track", "digits", "--results", results, "--json")
    pairs = {pair["columns"][1]: pair for pair in json.loads(out)[0]["pairs"]}
    assert len(pairs) > 5
    code, _, err = run("human", "agreement", "--track", "digits", "--results", tmp_path / "results" / "digits@1")
    assert code == 1
    assert "no people have judged on digits@1" in err


def test_a_file_that_is_not_as_it_was_written_is_named_and_left_out(results: Path) -> None:
    good = read_records([results]).people[0]
    path = results / good.path
    value = good.to_json()
    for changed, said in (
        ({"name": "Ada"}, "name"),
        ({"rows": [value["rows"][0]] * 2}, "a generator is there twice"),
        ({"rows": [{**value["rows"][0], "se": None, "reason": None}]}, "no reason says why"),
        ({"source": "two\nlines"}, "source"),
        ({"track": "mnist"}, "its place is mnist@1"),
        ({"schema": 2}, "schema"),
    ):
        write_json(path, {**value, **changed})
        with pytest.raises(BadEntry, match=said):
            read_people(path)
    assert people_in([results])[0] == ()
    assert read_records([results]).unreadable[-1][0] == good.path.as_posix()


def test_text_says_how_the_numbers_were_made(tmp_path: Path) -> None:
    study = import_table(table(tmp_path, {"a": around(0.3), "b": around(0.1), "c": [0.2]}), TRACK, SOURCE)
    text = people_text(study)
    assert "hype_infinity on digits@1, %, higher is better" in text
    assert "1 rater, an interval needs 5" in text
    assert isinstance(study, PeopleStudy)
