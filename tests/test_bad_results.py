"""Result files that were damaged or tampered with, through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from genboard.benchmarks.result import read_result
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.submission.check import check
from refusals import (
    Run,
    measure,
    refused,
)

from genboard.core.errors import BadEntry


def change(**values: object) -> Callable[[dict[str, Any]], str]:
    return lambda result: json.dumps({**result, **values})


def nan_value(result: dict[str, Any]) -> str:
    result["metrics"][0]["value"] = float("nan")
    return json.dumps(result)


def other_samples(result: dict[str, Any]) -> str:
    result["specification"]["sampling"]["n"] += 1
    return json.dumps(result)


def unknown_metric_key(result: dict[str, Any]) -> str:
    result["metrics"][0]["colour"] = "red"
    return json.dumps(result)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(change(colour="red"), "colour: Extra inputs are not permitted", id="unknown key"),
        pytest.param(unknown_metric_key, "metrics.0.colour: Extra inputs are not permitted", id="unknown metric key"),
        pytest.param(change(schema=99), "schema: 99 was written by genboard", id="a later schema"),
        pytest.param(change(status="splendid"), "status: Input should be", id="unknown status"),
        pytest.param(change(id="0" * 12), "id: 000000000000 is not the id of its specification", id="wrong id"),
        pytest.param(change(id="../../../up"), "id: String should match", id="a path for an id"),
        pytest.param(other_samples, "is not the id of its specification", id="changed specification"),
        pytest.param(nan_value, "not valid JSON: NaN is not a number", id="NaN"),
        pytest.param(lambda result: json.dumps(result)[:-40], "not valid JSON", id="truncated"),
        pytest.param(lambda result: '{"id": 1, "id": 2}', "the key 'id' is given twice", id="a key twice"),
        pytest.param(lambda result: "[]", "Input should be", id="no object"),
        pytest.param(lambda result: "[" * 100_000, "not valid JSON: nested too deeply", id="nested without end"),
    ],
)
def test_a_spoiled_result_is_named_and_left_out_of_the_ranking(
    run: Run, own_home: Path, spoil: Callable[[dict[str, Any]], str], why: str
) -> None:
    assert measure(run)[0] == 0
    path = next(own_home.glob("results/digits@1/noise/*.json"))
    path.write_text(spoil(json.loads(path.read_text("utf-8"))), "utf-8")
    with pytest.raises(BadEntry) as caught:
        read_result(path)
    assert caught.value.fact.startswith(str(path))
    assert why in caught.value.fact
    assert caught.value.hint
    code, out, err = run("rank", "--track", "digits", "--results", own_home / "results", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == []
    assert f"left out: {path.relative_to(own_home / 'results').as_posix()}: " in err
    assert why in err


DEEP = '{"a":' * 300 + "1" + "}" * 300
HOSTILE = {
    "lone surrogate": ('"protocol": 1', r'"protocol": "\ud800"', "half of a surrogate pair"),
    "lone surrogate in a key": ('"protocol": 1', r'"\udfff": 1, "protocol": 1', "half of a surrogate pair"),
    "surrogate in bytes": ('"protocol": 1', '"protocol": "\ud800"', "not valid JSON: not UTF-8"),
    "thirty digits": ('"tiles": ', f'"tiles": 1{"0" * 30}', "an integer beyond 64 bits"),
    "five thousand digits": ('"tiles": ', f'"tiles": {"1" * 5000}', "not valid JSON: an integer of too many digits"),
    "beyond infinity": ('"protocol": 1', '"protocol": 1e999', "Infinity is not a number"),
    "nested deeply": ('"protocol": 1', f'"protocol": {"[" * 900}{"]" * 900}', "nested deeper than 100 levels"),
    "nested dictionaries": ('"protocol": 1', f'"protocol": {DEEP}', "nested deeper than 100"),
    "another encoding": (None, "utf-16", "not valid JSON: it is in UTF-16"),
}


def spoil_copy(folder: Path, old: str | None, new: str) -> Path:
    """A committed result, one value of its text replaced, at its own place below a folder."""
    source = next((COMMITTED / "digits@1" / "kde").glob("????????????.json"))
    path = folder / source.relative_to(COMMITTED)
    path.parent.mkdir(parents=True)
    text = source.read_text("utf-8")
    assert old is None or old in text
    data = text.encode(new) if old is None else text.replace(old, new, 1).encode(errors="surrogatepass")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_value_that_cannot_be_kept_is_named(tmp_path: Path, name: str) -> None:
    old, new, why = HOSTILE[name]
    path = spoil_copy(tmp_path, old, new)
    ((below, reason),) = read_records([tmp_path]).unreadable
    assert below == path.relative_to(tmp_path).as_posix()
    assert why in reason
    (finding,) = [f for f in check([path], [COMMITTED]) if f.severity == "error"][:1]
    assert why in finding.problem


def test_hostile_results_take_nothing_down(run: Run, own_home: Path) -> None:
    for i, (old, new, _) in enumerate(HOSTILE.values()):
        path = spoil_copy(own_home / str(i), old, new)
        (own_home / "results" / f"digits@{i}").mkdir(parents=True)
        path.parent.rename(own_home / "results" / f"digits@{i}" / "kde")
    code, out, err = run("rank", "--track", "digits", "--json")
    assert (code, err.count("left out: ")) == (0, len(HOSTILE))
    assert len(json.loads(out)["rows"]) > 10
    code, out, err = run("check", own_home / "results", "--json")
    assert code == 1
    assert len({finding["file"] for finding in json.loads(out) if finding["severity"] == "error"}) >= len(HOSTILE)


def test_a_result_in_anothers_place_is_left_out(run: Run, own_home: Path) -> None:
    assert measure(run)[0] == 0
    path = next(own_home.glob("results/digits@1/noise/*.json"))
    moved = own_home / "results" / "digits@1" / "vae" / path.name
    moved.parent.mkdir()
    path.rename(moved)
    _, out, err = run("rank", "--track", "digits", "--results", own_home / "results", "--json")
    assert json.loads(out)["rows"] == []
    assert f"its place is digits@1/noise/{path.name}" in err


def test_results_that_are_not_there_are_named(run: Run, tmp_path: Path) -> None:
    assert str(tmp_path / "nosuch") in refused(run, "rank", "--track", "digits", "--results", tmp_path / "nosuch")
