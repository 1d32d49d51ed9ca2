"""What other judges say of a result: read from records, appended to its log, shown, and never ranked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.content import age
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.submission.check import check
from genboard.leaderboard.verification.disputes import judge, withdraw
from genboard.leaderboard.verification.judgement import Judgement, read_judgement
from genboard.leaderboard.verification.log import append, new_entry, read_entries, status_of, verification_path
from genboard.leaderboard.verification.log_entry import Entry
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from pydantic import ValidationError
from scipy.stats import binomtest
from typer.testing import CliRunner

from genboard.cli import app
from genboard.core.errors import BadEntry

SOURCE = "GenEval, https://github.com/djghosh13/geneval at 4ef5ae8"
RECORDS = [("colors", True)] * 30 + [("colors", False)] * 10 + [("counting", True)] * 5 + [("counting", False)] * 15


def written(path: Path, records: list[tuple[str, object]] = RECORDS) -> Path:  # type: ignore[assignment]
    lines = [{"filename": f"{i}.png", "tag": tag, "correct": correct} for i, (tag, correct) in enumerate(records)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def result(tmp_path: Path) -> Path:
    shutil.copytree(COMMITTED / "digits@1" / "vae", tmp_path / "results" / "digits@1" / "vae")
    shutil.copytree(COMMITTED / "digits@1" / "dcgan", tmp_path / "results" / "digits@1" / "dcgan")
    records = read_records([tmp_path / "results"]).readable
    return max((r for r in records if r.result.generator.name == "vae"), key=age).path


def test_records_become_a_share_by_tag_and_their_mean(tmp_path: Path) -> None:
    found = read_judgement(written(tmp_path / "r.jsonl"), "geneval", SOURCE)
    assert [(part.name, part.value, part.n) for part in found.parts] == [("colors", 0.75, 40), ("counting", 0.25, 20)]
    assert (found.value, found.n) == (0.5, 60)
    for part in found.parts:
        expected = binomtest(round(part.value * part.n), part.n).proportion_ci(method="wilson")
        assert part.interval == pytest.approx((expected.low, expected.high))
    lo, hi = found.interval
    assert lo < 0.5 < hi
    assert hi - lo < max(part.interval[1] - part.interval[0] for part in found.parts)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 1: not JSON"),
        ("[1]", "line 1: it needs `tag` and `correct`"),
        ('{"tag": "a"}', "line 1: it needs `tag` and `correct`"),
        ('{"tag": 3, "correct": true}', "line 1: tag = 3 is no text"),
        ('{"tag": "a", "correct": 2}', "line 1: correct = 2 is neither true, false nor a number from 0 to 1"),
        ('{"tag": "a", "correct": NaN}', "line 1: not JSON"),
        ('{"tag": "a", "correct": "yes"}', "line 1: correct = 'yes' is neither"),
        ('{"tag": "a\\u202eb", "correct": true}', "parts.0.name: the character U\\+202E"),
        ("", "it holds no records"),
    ],
)
def test_records_that_are_none_are_refused(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(BadEntry, match=problem):
        read_judgement(path, "geneval", SOURCE)


def test_a_judge_needs_a_name_and_records_a_file(tmp_path: Path) -> None:
    with pytest.raises(BadEntry, match="judge: String should match pattern"):
        read_judgement(written(tmp_path / "r.jsonl"), "Gen Eval", SOURCE)
    with pytest.raises(BadEntry, match="no such file"):
        read_judgement(tmp_path / "none.jsonl", "geneval", SOURCE)


def test_the_latest_of_each_judge_is_shown_and_no_rank_moves(result: Path, tmp_path: Path) -> None:
    track = find(Track, "digits")
    folder = tmp_path / "results"
    before = make_board(track, read_records([folder]).readable)
    for name, records in (("first", RECORDS), ("second", RECORDS[5:])):
        judge(result, read_judgement(written(tmp_path / f"{name}.jsonl", records), "geneval", SOURCE), "Ada")
    after = make_board(track, read_records([folder]).readable)
    assert [(row.name, row.place) for row in after.rows] == [(row.name, row.place) for row in before.rows]
    rows = {row["generator"]: row["judgements"] for row in after.to_json()["rows"]}
    assert rows["dcgan"] == []
    (found,) = rows["vae"]
    assert (found["judge"], found["source"], found["by"]) == ("geneval", SOURCE, "Ada")
    assert found["value"] == pytest.approx((25 / 35 + 5 / 20) / 2)
    site = render_site(read_records([folder]), {"digits": track})
    page = site["generators/vae.html"].decode()
    assert "Other judges" in page
    assert "geneval" in site["tracks/digits.html"].decode()
    assert "Other judges" not in site["generators/dcgan.html"].decode()


def test_the_command_attaches_and_says_so(result: Path, tmp_path: Path) -> None:
    records = written(tmp_path / "r.jsonl")
    words = ["attach", str(result), "--judge", "geneval", "--records", str(records), "--source", SOURCE, "--by", "Ada"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "judged by Ada: geneval 0.500 (" in done.output
    assert "60 images, 2 tags" in done.output
    (line,) = verification_path(result).read_text(encoding="utf-8").splitlines()[-1:]
    assert json.loads(line)["schema"] == 3
    assert status_of(result).judgements[0][1] == "Ada"


def test_a_withdrawn_result_is_judged_no_more_and_paths_are_not_published(result: Path, tmp_path: Path) -> None:
    found = read_judgement(written(tmp_path / "r.jsonl"), "geneval", SOURCE)
    with pytest.raises(BadEntry, match="it names a path of somebody's machine"):
        judge(result, found.model_copy(update={"source": "/home/ada/geneval/evaluate.py"}), "Ada")
    withdraw(result, "trained on the reference", "Ada")
    with pytest.raises(BadEntry, match="withdrawn"):
        judge(result, found, "Ada")


def test_what_contradicts_itself_is_refused(result: Path, tmp_path: Path) -> None:
    found = read_judgement(written(tmp_path / "r.jsonl"), "geneval", SOURCE).model_dump(mode="json")
    for change, problem in (
        ({"value": 0.6}, "the mean of its parts is 0.5"),
        ({"parts": [*found["parts"], found["parts"][0]]}, "a tag is there twice"),
        ({"parts": []}, "at least 1 item"),
        ({"value": 1.5}, "less than or equal to 1"),
    ):
        with pytest.raises(ValidationError, match=problem):
            Judgement.model_validate({**found, **change})
    entry = new_entry(result, "judged", by="Ada", judgement=Judgement.model_validate(found))
    whole = {**entry.to_json()}
    for change, problem in (
        ({"schema": 2}, "has no judgement"),
        ({"by": None}, "judged needs a judgement, and who gives it"),
        ({"judgement": None}, "judged needs a judgement"),
        ({"kind": "withdrawn", "reason": "no"}, "has no judgement"),
    ):
        with pytest.raises(ValidationError, match=problem):
            Entry.model_validate({**whole, **change})


def test_whoever_reviews_sees_a_new_judgement(result: Path, tmp_path: Path) -> None:
    base, now = tmp_path / "base", tmp_path / "results"
    shutil.copytree(now, base)
    found = read_judgement(written(tmp_path / "r.jsonl"), "geneval", SOURCE)
    append(result, new_entry(result, "judged", by="Ada", judgement=found))
    assert read_entries(result)[-1].judgement == found
    told = [f for f in check([now], [base]) if f.code == "R706"]
    assert any("geneval 0.500" in f.problem for f in told), [f.problem for f in told]
