"""The log of a result: appended, chained, and what it says of where a result stands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from committed import current
from genboard.benchmarks.environment import environment
from genboard.leaderboard.storage.records import COMMITTED
from genboard.leaderboard.text.words import LONG, problem_with
from genboard.leaderboard.verification import disputes
from genboard.leaderboard.verification.log import (
    append,
    new_entry,
    read_entries,
    status,
    status_of,
    verification_path,
)
from genboard.leaderboard.verification.log_entry import Entry, Figures, Kind, MeasuredLevel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import refused

from genboard.core.errors import BadEntry, CannotWrite
from genboard.core.files import sha256
from genboard.core.serialization import canonical_json, write_json

Run = Callable[..., tuple[int, str, str]]
FIGURES = Figures(columns=1, differing=(), largest_in_se=0.1, environment=environment("cpu"))
REASON = "it saw the reference"


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "0123456789ab.json"
    write_json(path, {"value": 1.5})
    return path


def entry(path: Path, kind: Kind, level: MeasuredLevel | None = None) -> Entry:
    if kind in ("disputed", "upheld", "rejected", "withdrawn"):
        return new_entry(path, kind, by="Ada", reason=f"{kind}: {REASON}")
    own = level or ("reproduced" if kind == "failed" else kind)
    reason = f"{own} failed" if kind == "failed" else None
    return new_entry(path, kind, by=None, level=own, figures=FIGURES, reason=reason)  # type: ignore[arg-type]


def logged(path: Path, kinds: Sequence[Kind]) -> tuple[Entry, ...]:
    for kind in kinds:
        append(path, entry(path, kind))
    return read_entries(path)


def canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def test_entries_are_appended_in_order_each_bound_to_the_one_before(result: Path) -> None:
    assert read_entries(result) == ()
    kinds: list[Kind] = ["recomputed", "failed", "reproduced", "disputed", "rejected"]
    before = b""
    for number, kind in enumerate(kinds, 1):
        append(result, entry(result, kind))
        now = verification_path(result).read_bytes()
        assert now.startswith(before)
        assert now.count(b"\n") == number
        before = now
    found = read_entries(result)
    assert [e.kind for e in found] == kinds
    assert [e.previous for e in found] == [None, *(e.digest for e in found[:-1])]
    assert {e.result for e in found} == {sha256(result.read_bytes())}
    for line in before.decode().splitlines():
        assert json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")) == line


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_edited_in_a_log_shows(result: Path, data: st.DataObject) -> None:
    path = verification_path(result)
    if not path.exists():
        assert len(logged(result, ["reproduced", "disputed", "withdrawn"])) == 3
        path.with_suffix(".good").write_bytes(path.read_bytes())
    good = path.with_suffix(".good").read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    change = data.draw(st.sampled_from(["replace", "insert", "delete"]))
    byte = bytes([data.draw(st.integers(0, 255))])
    spoiled = good[:at] + (b"" if change == "delete" else byte) + good[at + (change != "insert") :]
    path.write_bytes(spoiled)
    if spoiled == good:
        assert len(read_entries(result)) == 3
    else:
        with pytest.raises(BadEntry, match=r"verification\.jsonl: line \d: "):
            read_entries(result)


@pytest.mark.parametrize(
    ("order", "why"),
    [
        pytest.param([1, 2], "line 1: the previous line is not the one", id="the first taken out"),
        pytest.param([0, 2], "line 2: the previous line is not the one", id="one from between taken out"),
        pytest.param([0, 2, 1], "line 2: the previous line is not the one", id="two exchanged"),
        pytest.param([0, 1, 1, 2], "line 3: the previous line is not the one", id="one twice"),
    ],
)
def test_lines_stay_where_they_are(result: Path, order: list[int], why: str) -> None:
    logged(result, ["failed", "disputed", "withdrawn"])
    path = verification_path(result)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[i] for i in order))
    with pytest.raises(BadEntry, match=why):
        read_entries(result)
    with pytest.raises(BadEntry, match=why):
        append(result, entry(result, "reproduced"))


def test_a_log_is_about_one_result(result: Path) -> None:
    logged(result, ["reproduced"])
    write_json(result, {"value": 1.4})
    with pytest.raises(BadEntry, match="line 1: about a result with digest") as caught:
        status_of(result)
    assert "published result is never edited" in str(caught.value.hint)


def test_many_writers_lose_no_entry(result: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: append(result, entry(result, "reproduced")), range(24)))
    assert len(read_entries(result)) == 24


def test_a_log_that_cannot_be_written_is_refused_with_a_way_out(result: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    logged(result, ["reproduced"])
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CannotWrite, match="no space left") as caught:
        append(result, entry(result, "resampled"))
    assert "copy both to a folder of your own" in str(caught.value.hint)
    assert [e.kind for e in read_entries(result)] == ["reproduced"]


LEVELS_BY_LOG: list[tuple[list[tuple[Kind, MeasuredLevel | None]], str, str | None]] = [
    ([], "self-reported", None),
    ([("recomputed", None)], "recomputed", None),
    ([("recomputed", None), ("reproduced", None)], "reproduced", None),
    ([("reproduced", None), ("recomputed", None)], "reproduced", None),
    ([("resampled", None)], "resampled", None),
    ([("failed", "reproduced")], "self-reported", "reproduced failed"),
    ([("recomputed", None), ("failed", "reproduced")], "recomputed", "reproduced failed"),
    ([("reproduced", None), ("failed", "reproduced")], "self-reported", "reproduced failed"),
    ([("failed", "reproduced"), ("reproduced", None)], "reproduced", None),
    ([("reproduced", None), ("failed", "resampled")], "reproduced", "resampled failed"),
    ([("failed", "recomputed"), ("reproduced", None)], "reproduced", "recomputed failed"),
]


@pytest.mark.parametrize(("kinds", "level", "failed"), LEVELS_BY_LOG)
def test_the_level_is_the_highest_one_whose_latest_attempt_succeeded(
    result: Path, kinds: list[tuple[Kind, MeasuredLevel | None]], level: str, failed: str | None
) -> None:
    found = status([entry(result, kind, tried) for kind, tried in kinds])
    assert (found.level, found.failed) == (level, failed)
    assert len(found.history) == len(kinds)


@pytest.mark.parametrize(
    ("kinds", "disputed", "withdrawn"),
    [
        (["disputed"], True, False),
        (["disputed", "upheld"], True, False),
        (["disputed", "rejected"], False, False),
        (["disputed", "rejected", "disputed"], True, False),
        (["withdrawn"], False, True),
        (["disputed", "withdrawn"], True, True),
    ],
)
def test_words_do_not_move_the_level(result: Path, kinds: list[Kind], disputed: bool, withdrawn: bool) -> None:
    found = status([entry(result, "reproduced"), *(entry(result, kind) for kind in kinds)])
    assert found.level == "reproduced"
    assert (found.disputed is not None, found.withdrawn is not None) == (disputed, withdrawn)
    assert all(REASON in reason for reason in (found.disputed, found.withdrawn) if reason)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        (" padded", "starts or ends with a space"),
        ("two\nlines", "U+000A at position 3"),
        ("\x1b[31mred", "U+001B at position 0"),
        ("evil \u202etxt.exe", "U+202E at position 5"),
        ("zero\u200bwidth", "U+200B at position 4"),
        ("\u2066isolated\u2069", "U+2066"),
        ("lone \ud800", "U+D800"),
        ("x" * (LONG + 1), "1,001 characters, 1,000 are allowed"),
    ],
)
def test_words_that_are_not_shown_as_they_are_written_are_refused(result: Path, text: str, problem: str) -> None:
    assert problem in (problem_with(text) or "")
    with pytest.raises(BadEntry, match=r"a new entry: reason"):
        new_entry(result, "disputed", by="Ada", reason=text)


@pytest.mark.parametrize("text", ["naïve Schätzung", "生成モデル", "نموذج", "<script>alert(1)</script>", "a = b & c"])
def test_words_of_any_language_pass(text: str) -> None:
    assert problem_with(text) is None


def test_an_entry_is_whole(result: Path) -> None:
    good = entry(result, "reproduced").to_json()
    for change, why in (
        ({"figures": None}, "needs level and figures"),
        ({"level": "recomputed"}, "is not its level"),
        ({"kind": "failed"}, "needs a reason"),
        ({"kind": "disputed"}, "needs a reason, and who gives it"),
        ({"kind": "disputed", "reason": "x", "by": "y"}, "neither level nor figures"),
        ({"date": "yesterday"}, "String should match"),
    ):
        verification_path(result).write_bytes(json.dumps({**good, **change}).encode() + b"\n")
        with pytest.raises(BadEntry, match=why):
            read_entries(result)


def test_an_entry_of_schema_1_is_read_and_keeps_its_digest(result: Path) -> None:
    append(result, entry(result, "reproduced"))
    log = verification_path(result)
    value = json.loads(log.read_text("utf-8"))
    value |= {"schema": 1, "rung": value.pop("level"), "digest": None}
    line = canonical(value | {"digest": sha256(canonical(value))})
    log.write_bytes(line + b"\n")
    (older,) = read_entries(result)
    assert older.level == "reproduced"
    assert older.line == line
    append(result, entry(result, "failed"))
    assert [e.schema_ for e in read_entries(result)] == [1, 2]
    assert log.read_bytes().startswith(line)
    log.write_bytes(canonical({**value, "level": "reproduced"}) + b"\n")
    with pytest.raises(BadEntry):
        read_entries(result)


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A real result in a folder of its own, without its log."""
    original = current("vae")
    path = tmp_path / original.name
    path.write_bytes(original.read_bytes())
    return path


def test_disputes_are_raised_answered_and_ended_by_a_withdrawal(run: Run, committed: Path) -> None:
    words = ("--reason", REASON, "--by", "Ada")
    assert "there is no open dispute" in refused(run, "dispute", committed, *words, "--resolve", "rejected")
    code, out, err = run("dispute", committed, *words)
    assert code == 0
    assert err.startswith(f"{committed} is a copy: boards show ")
    assert out.startswith(f"level: self-reported\ndisputed: {REASON}\n")
    code, out, _ = run("dispute", committed, "--reason", "it did not", "--by", "Bo", "--resolve", "rejected")
    assert code == 0
    assert "\ndisputed: " not in out
    assert f"disputed by Ada: {REASON}" in out
    assert "rejected by Bo: it did not" in out
    assert run("withdraw", committed, *words)[0] == 0
    assert status_of(committed).withdrawn == REASON
    for again in (("withdraw",), ("dispute",)):
        assert f"withdrawn: {REASON}" in refused(run, *again, committed, *words)
    assert [e.kind for e in read_entries(committed)] == ["disputed", "rejected", "withdrawn"]


def test_only_results_are_disputed_and_in_words_that_are_shown(run: Run, tmp_path: Path, committed: Path) -> None:
    assert "no\u202e" not in refused(run, "dispute", committed, "--reason", "no\u202e", "--by", "Ada")
    assert "cannot be read" in refused(run, "withdraw", tmp_path / "none.json", "--reason", "x", "--by", "Ada")
    other = tmp_path / "other.json"
    other.write_bytes(canonical_json({"a": 1}))
    with pytest.raises(BadEntry, match=r"other\.json"):
        disputes.dispute(other, REASON, "Ada")
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_result_in_a_folder_that_is_read_only_is_refused_before_anything_is_measured(
    run: Run, committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    assert "the folder is read-only" in refused(run, "verify", committed)
    assert "the folder is read-only" in refused(run, "dispute", committed, "--reason", REASON, "--by", "Ada")


def test_every_committed_log_is_whole() -> None:
    logs = sorted(COMMITTED.glob("*/*/*.verification.jsonl"))
    assert len(logs) >= 20
    for path in logs:
        found = status_of(path.with_name(f"{path.name.partition('.')[0]}.json"))
        assert found.history
        assert found.failed is None
