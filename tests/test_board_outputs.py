"""What a board gives out: its JSON, its tables as files, its page in the terminal; and what keeps a result off it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from genboard.benchmarks.result import Result, result_id, save_result
from genboard.leaderboard.board.across import across
from genboard.leaderboard.board.board import Board, make_board
from genboard.leaderboard.board.comparable import before_measuring
from genboard.leaderboard.board.versions import past_board
from genboard.leaderboard.export.tables import BOARD_TABLES, Table, across_table, encode, table_frame, to_csv
from genboard.leaderboard.export.terminal import across_text, agreement_text, board_text
from genboard.leaderboard.storage.records import COMMITTED, Record, read_records
from genboard.leaderboard.submission.check import check
from genboard.leaderboard.verification.log import append, new_entry, status_of, verification_path
from genboard.leaderboard.verification.run import verify
from genboard.registry import catalog
from genboard.registry.catalog import entries, find
from genboard.registry.schema import Generator, Track
from refusals import Run

from genboard.core.errors import BadEntry

DIGITS, MNIST = find(Track, "digits"), find(Track, "mnist")
RECORDS = read_records([COMMITTED]).readable


@pytest.fixture(scope="module")
def board() -> Board:
    return make_board(DIGITS, RECORDS)


@pytest.fixture(scope="module")
def turned(board: Board) -> Board:
    """The board, had its first two rows each the other's value in the limit of many samples."""
    first, second = (row.record for row in board.ranked[:2])
    place = [m.key for m in first.result.metrics].index("fd_debiased:digits-cnn")

    def with_value_of(record: Record, other: Record) -> Record:
        metrics = list(record.result.metrics)
        metrics[place] = other.result.metrics[place]
        return replace(record, result=record.result.model_copy(update={"metrics": metrics}))

    swapped = {id(first): with_value_of(first, second), id(second): with_value_of(second, first)}
    return make_board(DIGITS, [swapped.get(id(record), record) for record in RECORDS])


@pytest.fixture
def results(tmp_path: Path, board: Board) -> Callable[..., list[Record]]:
    """The four best rows in a folder of their own, one of them changed: `results(acgan={"status": "partial"})`."""

    def copied(**changes: dict[str, object]) -> list[Record]:
        records = []
        for row in board.ranked[:4]:
            result: Result = row.result.model_copy(update=changes.get(row.name.replace("-", "_"), {}))
            records.append(Record(result, save_result(result, tmp_path / "results", None)))
        return records

    return copied


def said(board: Board) -> dict[str, str]:
    return {item.name: item.reason for item in board.left_out}


def test_json_says_who_is_not_distinguished_and_where_the_ranks_lie(board: Board) -> None:
    found = json.loads(json.dumps(board.to_json(), allow_nan=False))
    rows = {row["generator"]: row for row in found["rows"]}
    level_of = {row.name: status_of(COMMITTED / row.result.path).level for row in board.rows}
    assert len([row for row in rows.values() if row["rank"]]) == len(board.ranked) >= 10
    for name, row in rows.items():
        tied = {o for o in rows if o != name and set(rows[o]["letters"]) & set(row["letters"])}
        assert tied == set(row["not_distinguished_from"])
        assert row["verification"]["level"] == level_of[name]
        assert (row["rank_in_limit"] is None) == (row["rank"] is None)
    assert found["limit"]["column"] == "fd_debiased:digits-cnn"
    assert found["n"] == 500
    assert {pair["fidelity"] for pair in found["pareto"]} == {"precision:digits-cnn", "density:digits-cnn"}
    for pair in found["agreement"]["pairs"]:
        assert -1 <= pair["tau"] <= 1
        assert pair["same"] + pair["reversed"] + pair["open"] == pair["rows"] * (pair["rows"] - 1) // 2
    assert found["dependence"]["bound"] == [["ddpm", "ddpm-guided"]] or found["dependence"]["influences"]
    assert found["dependence"]["unread"] == {}
    # Guidance makes typical samples, near training and reference images alike.
    assert (rows["ddpm-guided"]["copies"], rows["ddpm-guided"]["suspected"]) == (False, False)
    assert (rows["train-copy"]["copies"], rows["train-copy"]["suspected"]) == (True, True)
    assert any("c_t" in seen for seen in rows["train-copy"]["copying_seen"])


def test_rank_reversals_are_the_pairs_whose_values_change_order(board: Board, turned: Board) -> None:
    found = []
    for one in (board, turned):
        values = {
            row.name: [row.cells[k].value for k in (DIGITS.primary, one.limit.column or "")] for row in one.ranked
        }
        pairs = [(a, b) for a, x in values.items() for b, y in values.items() if x[0] < y[0] and x[1] > y[1]]
        assert {frozenset((pair.ahead, pair.behind)) for pair in one.limit.reversals} == set(map(frozenset, pairs))
        found.append(len(pairs))
    assert found[0] < found[1]


@pytest.mark.parametrize("name", [*BOARD_TABLES, "across"])
def test_every_table_is_the_same_in_every_form(turned: Board, name: str) -> None:
    board = turned
    table = across_table(across([board, make_board(MNIST, RECORDS)])) if name == "across" else BOARD_TABLES[name](board)
    assert table.rows
    heads = [column for column, _ in table.columns]
    rows = json.loads(encode(table, "json"))["rows"]
    parquet = pq.read_table(io.BytesIO(encode(table, "parquet")))
    assert parquet.column_names == heads
    assert parquet.to_pylist() == table.to_dicts()
    lines = list(csv.DictReader(io.StringIO(encode(table, "csv").decode())))
    assert len(rows) == len(lines) == len(table.rows) == len(table_frame(table))
    for row, line in zip(rows, lines, strict=True):
        assert list(line) == heads
        for key, value in row.items():
            if isinstance(value, float):
                assert float(line[key]) == pytest.approx(value, rel=1e-9)
            elif value is None or isinstance(value, bool):
                assert line[key] == ("" if value is None else str(value).lower())
            else:
                assert line[key].removeprefix("'") == str(value)


def test_an_empty_table_keeps_its_columns_and_their_types() -> None:
    empty = BOARD_TABLES["left-out"](make_board(find(Track, "cifar10"), []))
    assert empty.rows == ()
    assert pq.read_table(io.BytesIO(encode(empty, "parquet"))).schema.field("reason").type == "string"
    assert to_csv(empty) == b"generator,id,reason\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_spreadsheet_runs_a_text(text: str) -> None:
    table = Table("t", {}, (("a", "text"), ("b", "number")), ((text, -1.5),))
    (row,) = csv.DictReader(io.StringIO(to_csv(table).decode(), newline=""))
    assert row == {"a": f"'{text}", "b": "-1.5"}
    assert json.loads(encode(table, "json"))["rows"] == [{"a": text, "b": -1.5}]


def test_a_withdrawn_result_is_left_out_with_its_reason(results: Callable[..., list[Record]]) -> None:
    records = results()
    name = records[0].result.generator.name
    append(records[0].path, new_entry(records[0].path, "withdrawn", by="me", reason="trained on the reference"))
    board = make_board(DIGITS, records)
    assert said(board) == {name: "withdrawn: trained on the reference"}
    assert next(row.place.first for row in board.ranked if row.place) == 1
    assert len(board.ranked) == len(records) - 1


def test_a_disputed_result_stays_and_says_so(results: Callable[..., list[Record]]) -> None:
    records = results()
    name = records[1].result.generator.name
    append(records[1].path, new_entry(records[1].path, "disputed", by="me", reason="looks like the training set"))
    board = make_board(DIGITS, records)
    assert not board.left_out
    row = next(row for row in board.ranked if row.name == name)
    assert row.verification.disputed == "looks like the training set"
    assert board.to_json()["rows"][1]["verification"]["disputed"] == "looks like the training set"
    text = board_text(board)
    assert f"disputed: {name}: looks like the training set" in text
    assert next(line for line in text.splitlines() if f" {name} " in line).endswith("disputed")
    frame = table_frame(BOARD_TABLES["board"](board))
    assert set(frame[frame.generator == name].disputed) == {"looks like the training set"}


def test_a_damaged_log_keeps_its_result_off_the_board(results: Callable[..., list[Record]]) -> None:
    records = results()
    verification_path(records[0].path).write_bytes(b"{}\n")
    (reason,) = said(make_board(DIGITS, records)).values()
    assert reason.startswith("its verification log is damaged: ")
    assert str(records[0].path.parent) not in reason


def test_a_partial_result_is_listed_and_never_ranked(results: Callable[..., list[Record]], board: Board) -> None:
    acgan = next(row.result for row in board.ranked if row.name == "acgan")
    metrics = [m.model_copy(update={"value": None, "reason": "no"}) if m.name == "is" else m for m in acgan.metrics]
    found = make_board(DIGITS, results(acgan={"status": "partial", "metrics": metrics}))
    assert said(found) == {"acgan": "partial: is:digits-cnn is missing: no"}


def test_what_cannot_be_ranked_is_said_before_it_is_measured(run: Run, own_home: Path, tmp_path: Path) -> None:
    folder = own_home / "entries" / "tracks"
    folder.mkdir(parents=True)
    text = catalog.file_of(DIGITS).read_text("utf-8")
    (folder / "fewer.toml").write_text(text.replace("samples = 500", "samples = 40"), "utf-8")
    assert before_measuring(500, DIGITS) == []
    assert len(before_measuring(41, DIGITS)) == 2
    said = before_measuring(40, DIGITS)
    assert said[0] == "this result will not be ranked: 40 samples, where track digits asks for 500"
    assert said[1].startswith("recall, coverage, beta_recall: shares of 500 reference images")
    assert said[2:] == ["hint: track fewer asks for 40 samples: --track fewer"]
    np.save(tmp_path / "few.npy", np.zeros((40, 8, 8), np.uint8) + np.arange(40, dtype=np.uint8)[:, None, None])
    for arguments in (("noise", "--samples", 40), (tmp_path / "few.npy",)):
        code, out, err = run("evaluate", *arguments, "--track", "digits")
        assert code == 0
        assert err.splitlines()[:3] == said
        assert "not ranked (the track asks for 500)" in out.splitlines()[0]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change an entry of the registry for one test: `registry("vae", version=2)`, or `registry("vae", name="new")`."""

    def change(old: str, kind: type[Generator] | type[Track] = Generator, **changes: object) -> None:
        known: dict[str, Any] = dict(entries(kind))
        entry = known.pop(old).model_copy(update=changes)
        known[entry.name] = entry
        read = catalog._merged
        monkeypatch.setattr(catalog, "_merged", lambda k, folders: (known, {}) if k is kind else read(k, folders))

    return change


def test_a_generator_whose_version_rose_is_left_out_as_outdated(
    results: Callable[..., list[Record]], registry: Callable[..., None]
) -> None:
    records = results()
    registry("acgan", version=2)
    found = make_board(DIGITS, records)
    assert said(found) == {"acgan": "outdated: version 1 of the generator was measured, the registry has 2"}
    assert len(found.ranked) == len(records) - 1
    # The board of an earlier version of the track ranks what was current then.
    registry("digits", kind=Track, version=2)
    assert "acgan" in {row.name for row in past_board(find(Track, "digits"), 1, records).ranked}
    registry("digits", kind=Track, version=1)
    with pytest.raises(BadEntry, match=r"specification\.generator\.version"):
        verify(next(r.path for r in records if r.result.generator.name == "acgan"), level="reproduced", write=False)


@pytest.mark.parametrize("kind", ["registered", "function"])
def test_a_renamed_generator_is_ranked_once(
    results: Callable[..., list[Record]], registry: Callable[..., None], tmp_path: Path, kind: str
) -> None:
    """Only what the registry renamed is one generator under two names; a stranger's of the old name is another."""
    old = next(r for r in results() if r.result.generator.name == "acgan").result
    old = old.model_copy(update={"generator": old.generator.model_copy(update={"kind": kind})})
    specification = {**old.specification, "generator": {**old.specification["generator"], "name": "renamed"}}
    new = old.model_copy(
        update={
            "generator": old.generator.model_copy(update={"name": "renamed", "kind": "registered"}),
            "specification": specification,
            "id": result_id(specification),
            "provenance": old.provenance.model_copy(update={"created": "2099-01-01T00:00:00Z"}),
        }
    )
    registry("acgan", name="renamed", aliases=("acgan",))
    records = [Record(r, save_result(r, tmp_path / "both", None)) for r in (old, new)]
    found = make_board(DIGITS, records)
    if kind == "registered":
        assert [row.name for row in found.rows] == ["renamed"]
        assert said(found) == {"acgan": f"superseded by {new.id} of renamed"}
        problems = {f.code: f.problem for f in check([records[1].path], [tmp_path / "both"])}
        assert not any("acgan" in problem for problem in problems.values())
    else:
        assert {row.name for row in found.rows} == {"acgan", "renamed"}
    assert find(Generator, "acgan").name == "renamed"
    assert [row.name for row in across([make_board(DIGITS, records[:1]), make_board(DIGITS, records[1:])]).rows] == (
        ["renamed"] if kind == "registered" else ["acgan", "renamed"]
    )


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [("version", 99, "metric version"), ("params", {"k": 9}, "parameters"), ("reference", "0", "reference")],
)
def test_what_does_not_share_the_column_is_told_what_differs(
    results: Callable[..., list[Record]], board: Board, part: str, value: object, words: str
) -> None:
    acgan = next(row.result for row in board.ranked if row.name == "acgan")
    for key, expected in ((DIGITS.primary, "left out"), ("recall:digits-cnn", "cell")):
        specs = [
            {**spec, part: value} if (spec["name"], spec["against"]) == (key.partition(":")[0], "reference") else spec
            for spec in acgan.specification["metrics"]
        ]
        found = make_board(DIGITS, results(acgan={"specification": {**acgan.specification, "metrics": specs}}))
        if expected == "left out":
            assert said(found) == {"acgan": f"{key} was measured with another {words}"}
        else:
            assert not found.left_out
            row = next(row for row in found.rows if row.name == "acgan")
            assert row.empty == {key: f"measured with another {words}"}
            table = BOARD_TABLES["board"](found).to_dicts()
            (cell,) = (c for c in table if (c["generator"], c["metric"]) == ("acgan", "recall"))
            assert (cell["value"], cell["reason"]) == (None, f"measured with another {words}")


def test_the_page_fits_and_says_what_it_shows(board: Board) -> None:
    text = board_text(board)
    assert max(map(len, text.splitlines())) <= 120
    assert "not significantly different" in text
    assert "equal" not in text
    assert "noise floor" in text
    assert all(row.name in text for row in board.rows)
    assert all(item.id in text for item in board.left_out)
    assert all(f"{pair.ahead} and {pair.behind}" in " ".join(text.split()) for pair in board.limit.reversals)
    pair = board.agreement.pairs[0]
    assert f"{pair.same}:{pair.reversed}" in agreement_text(board.agreement)


def test_tracks_side_by_side_add_nothing_up(board: Board) -> None:
    found = across([board, make_board(MNIST, RECORDS)])
    assert {row.name for row in found.rows} >= {row.name for row in board.ranked} | {"csinva-mnist-gan"}
    for row in found.rows:
        assert row.ahead_of is None
        assert row.reason in ("not ranked on mnist", "not ranked on digits")
        assert sorted(cell.first is None for cell in row.cells) == [False, True]
        assert [cell.reason for cell in row.cells if cell.first is None] == ["no result on this track"]
    assert "Nothing is added up over tracks" in " ".join(across_text(found).split())


def test_only_what_is_clear_on_every_track_is_said_over_tracks(board: Board) -> None:
    again = replace(board, track=board.track.model_copy(update={"name": "again"}))
    found = across([board, again])  # all cells are there
    rows = {row.name: row for row in found.rows}
    assert all(row.reason is None and row.ahead_of is not None for row in rows.values())
    assert "dcgan-collapsed" in (rows["ddpm"].ahead_of or ())
    assert rows["dcgan-collapsed"].ahead_of == ()
    for row in board.ranked:
        assert row.place
        assert not set(rows[row.name].ahead_of or ()) & set(row.place.tied)


def test_the_command_writes_every_form(run: Run, tmp_path: Path) -> None:
    for form in ("csv", "json", "parquet"):
        out = tmp_path / f"board.{form}"
        code, stdout, err = run("rank", "--track", "digits", "--format", form, "--out", out)
        assert (code, stdout) == (0, f"{out}\n"), err
        assert out.stat().st_size > 1000
    assert run("rank", "--track", "digits", "--table", "reversals", "--format", "csv")[1].startswith("at_n,")
    assert "ddpm" in run("rank", "--track", "digits", "--table", "pareto")[1]
    assert "same" in run("rank", "--track", "digits", "--table", "agreement", "--format", "csv")[1]
    names = [t["name"] for t in json.loads(run("rank", "--all", "--json")[1])["tracks"]]
    assert "digits" in names
    assert names == sorted(names)
    assert "mnist" in run("rank", "--tracks", "mnist,digits")[1]


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        ("--track", "digits", "--all"),
        ("--track", "digits", "--format", "parquet"),
        ("--track", "digits", "--out", "x"),
        ("--track", "digits", "--json", "--format", "csv"),
        ("--all", "--table", "board"),
    ],
)
def test_a_wrong_use_is_said(run: Run, wrong: tuple[str, ...]) -> None:
    assert run("rank", *wrong)[0] == 2
