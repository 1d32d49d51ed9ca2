"""Tables of studies, what is kept of them, and the scorecard: read as written, refused where they are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from genboard.benchmarks.studies import listing
from genboard.benchmarks.studies.cache import Cache
from genboard.benchmarks.studies.context import StudyContext
from genboard.benchmarks.studies.scorecard import FAILURES, scorecard
from genboard.benchmarks.studies.table import Cell, Table, parse_table, read_table
from genboard.leaderboard.export.study_text import study_text
from genboard.leaderboard.storage.study_tables import place_of, read_tables, save_table
from genboard.reference_stats.features import Measured
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from study_sets import raw_table, table

from genboard.core.errors import BadEntry, UnknownName
from genboard.core.serialization import write_json

ROWS = [
    {"what": "value", "generator": "a", "metric": "recall", "k": 1, "n": 500, "value": 1 / 3, "se": None},
    {"what": "real", "metric": "recall", "k": 1, "n": 500, "value": 0.5, "lo": 0.4, "hi": 0.6},
]


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = table("k", ROWS, "a", left_out={"b": "too slow"})
    path, changed = save_table(made, tmp_path)
    assert (path, changed) == (tmp_path / "digits@1" / "k.json", True)
    assert read_table(path) == made
    assert list(made.of("value", k=1)) == [made.rows[0]]
    assert made.seen("metric") == ["recall"]
    assert made.seen("se") == []


def test_an_older_table_has_the_words_of_today_and_the_rows_that_are_still_there() -> None:
    order = {"what": "order", "metric": "recall", "k": 1, "n": 500, "tau": 0.5, "lo": 0.4, "hi": 0.6}
    value = {"what": "value", "generator": "a", "metric": "recall", "k": 1, "n": 500, "value": 0.1}
    found = parse_table(raw_table("grid", [value, order], "a", version=1, question="And?"), Path("grid.json"))
    assert found.rows == (order,)
    assert (found.card.version, found.card.question) == (2, listing.STUDIES["grid"].question)
    other = parse_table(raw_table("k", [], "a", version=9, question="And?"), Path("k.json"))
    assert other.card.question == "And?"  # of another version, whose words are not today's


def test_a_table_of_schema_1_is_read_in_the_words_of_schema_2() -> None:
    older = {
        "ranking": ({"what": "flip", "a": "a", "b": "b", "flipped": 0.5}, {"what": "reversal", "reversed": 0.5}),
        "truncation": ({"what": "front", "front": "surely off"}, {"front": "significantly off"}),
        "seeds": ({"what": "honesty", "metric": "fd", "degrees": 5}, {"what": "calibration", "df": 5}),
    }
    for study, (row, renamed) in older.items():
        raw = raw_table(study, [row], "a") | {"schema": 1}
        (found,) = parse_table(raw, Path(f"{study}.json")).rows
        assert found == {key: row[key] for key in row if key in found} | renamed
        with pytest.raises(BadEntry, match="unknown column"):
            parse_table(raw | {"schema": 2, "rows": [{**row, "stray": 1}]}, Path(f"{study}.json"))


def test_a_table_that_says_the_same_keeps_its_file(tmp_path: Path) -> None:
    path, _ = save_table(table("k", ROWS, "a"), tmp_path)
    before = path.read_bytes()
    later = Table.model_validate(raw_table("k", ROWS, "a", created="2027-01-01T00:00:00+00:00"))  # 1/3 not yet rounded
    assert save_table(later, tmp_path) == (path, False)
    assert path.read_bytes() == before
    other = table("k", [{**ROWS[0], "value": 0.25}], "a")
    assert save_table(other, tmp_path)[1]
    path.write_text("{")
    assert save_table(other, tmp_path)[1]
    assert read_table(path) == other


BAD: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "unknown study": (lambda t: t.update(study="q"), "no study named 'q'"),
    "stray column": (lambda t: t["rows"][0].update(colour=1), "row 0 has an unknown column 'colour'"),
    "no kind": (lambda t: t["rows"][1].pop("what"), "row 1 has no `what`"),
    "stray field": (lambda t: t.update(extra=1), "extra: Extra inputs are not permitted"),
    "list": (lambda t: t["rows"][0].update(value=[1]), "rows.0.value"),
    "later schema": (lambda t: t.update(schema=3), "schema"),
    "no card": (lambda t: t.pop("card"), "card: Field required"),
    "version": (lambda t: t["track"].update(version=0), "track.version"),
    "path for a name": (lambda t: t["track"].update(name="../x"), "track.name"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_table_that_is_none_is_refused_with_its_place(name: str) -> None:
    raw = json.loads(json.dumps(raw_table("k", ROWS, "a")))
    parse_table(raw, Path("k.json"))
    change, fact = BAD[name]
    change(raw)
    with pytest.raises(BadEntry) as caught:
        parse_table(raw, Path("k.json"))
    assert fact in caught.value.fact
    assert caught.value.fact.startswith("k.json: ")
    assert caught.value.hint


def test_folders_are_read_the_first_wins_and_what_is_malformed_is_named(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    save_table(table("k", ROWS, "a", n=7), mine)
    save_table(table("k", ROWS, "a"), theirs)
    save_table(table("samples", [], "a"), theirs)
    (theirs / "digits@1" / "grid.json").write_text('{"a": 1')
    write_json(theirs / "mnist@1" / "k.json", raw_table("k", ROWS, "a"))  # not its place
    found = read_tables([mine, theirs])
    assert list(found.readable) == [("digits@1", "k"), ("digits@1", "samples")]
    assert found.readable["digits@1", "k"].card.n == 7
    assert [path for path, _ in found.unreadable] == ["digits@1/grid.json", "mnist@1/k.json"]
    assert "its place is digits@1/k.json" in found.unreadable[1][1]
    assert len(found.of("digits@1")) == 2
    assert place_of(found.of("digits@1")[0]).as_posix() == "digits@1/k.json"


def test_the_text_shows_verdict_rows_and_what_was_left_out() -> None:
    rows = [{**ROWS[0], "metric": m, "k": k} for m in ("precision", "recall", "density", "coverage") for k in (1, 2)]
    rows += [{**row, "what": "real", "se": 0.1} for row in rows] + [{**row, "what": "expected"} for row in rows]
    text = study_text(table("k", rows * 6, "a", left_out={"b": "too slow"}))
    assert "\n- precision: from k = 1 to 2" in text
    assert "and 8 more" in text
    assert "left out: b: too slow" in text


def test_parts_are_computed_once_and_made_again_when_they_are_damaged(tmp_path: Path) -> None:
    kept, calls = Cache("digits@1", tmp_path), []

    def compute() -> dict[str, float]:
        calls.append(1)
        return {"value": 1 / 3}

    first = kept.part("k", "vae", {"seed": 1}, compute)
    assert kept.part("k", "vae", {"seed": 1}, compute) == first
    assert len(calls) == 1
    kept.part("k", "vae", {"seed": 2}, compute)
    assert len(calls) == 2
    (path, _) = sorted(tmp_path.rglob("*.json"), key=lambda p: p.stat().st_mtime_ns)
    whole = path.read_bytes()
    for number, damaged in enumerate((whole[:-20], whole.replace(b"0.33", b"0.34"), b"[]", b'{"key": 1}', b"\xff\xfe")):
        path.write_bytes(damaged)
        assert kept.part("k", "vae", {"seed": 1}, compute) == first
        assert len(calls) == 3 + number
        assert path.read_bytes() == whole


def test_a_part_of_another_version_of_its_study_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, calls = StudyContext(find(Track, "digits"), (), folder=tmp_path), []

    def compute() -> int:
        calls.append(1)
        return len(calls)

    assert [context.part("copies", "ties", {}, compute) for _ in range(2)] == [1, 1]
    own = listing.STUDIES["copies"]
    raised = {**listing.STUDIES, "copies": replace(own, version=own.version + 1)}
    monkeypatch.setattr("genboard.benchmarks.studies.context.STUDIES", raised)
    assert [context.part("copies", "ties", {}, compute) for _ in range(2)] == [2, 2]
    assert context.part("curves", "ties", {}, compute) == 3  # of several studies, whose versions are not its own


def test_augmented_copies_of_a_table_without_their_control_are_left_out() -> None:
    common = {"what": "value", "metric": "fd:digits-cnn", "n": 9, "value": 1.0}
    rows = [{**common, "kind": kind, "share": share} for kind in ("augmented", "exact") for share in (0.0, 1.0)]
    raw = raw_table("copies", [*rows, {"what": "tie", "metric": "fd:digits-cnn", "copy": 1.0}], "a")
    raw["card"]["version"] = 2
    found = parse_table(raw, Path("copies.json"))
    assert found.card.version == 3
    assert [row.get("kind") for row in found.rows] == ["exact", "exact", None]
    raw["card"]["version"] = 3
    assert len(parse_table(raw, Path("copies.json")).rows) == 5


def test_features_are_kept_and_made_again_when_they_are_damaged(tmp_path: Path) -> None:
    kept, calls = Cache("digits@1", tmp_path), []
    features = torch.arange(12, dtype=torch.float32).reshape(6, 2).T  # not in the order of rows

    def compute() -> tuple[str, Measured]:
        calls.append(1)
        return "ab" * 32, Measured(None, features, None, torch.arange(2), "cd" * 32)

    for _ in range(2):
        digest, measured = kept.features("vae", "pixels", {"seed": 1}, compute)
        assert (digest, measured.digest) == ("ab" * 32, "cd" * 32)
        assert torch.equal(measured.features, features)
        assert measured.labels is not None
        assert measured.logits is None
    assert len(calls) == 1
    (path,) = tmp_path.rglob("*.safetensors")
    whole = path.read_bytes()
    flipped = whole[:-1] + bytes([whole[-1] ^ 1])
    for number, damaged in enumerate((whole[:40], flipped, b"", whole.replace(b"samples", b"sampled"))):
        path.write_bytes(damaged)
        kept.features("vae", "pixels", {"seed": 1}, compute)
        assert len(calls) == 2 + number
        assert path.read_bytes() == whole


def test_a_scorecard_has_every_cell_in_a_column_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"what": "value", "generator": g, "metric": m, "k": k, "n": 500, "value": v * k**e, "se": 0.1}
        for g, v, e in (("a", 0.1, 1), ("b", 0.2, 0.5), ("c", 0.3, 1), ("d", 0.4, 1), ("e", 0.5, 1))
        for m in ("precision", "recall", "density", "coverage")
        for k in (1, 2, 3)
    ]
    made = scorecard([table("k", rows, *"abcde")])
    assert made.metrics == ("precision", "recall", "coverage")
    assert all(failure in FAILURES for _, failure in made.cells)
    (cell,) = made.cells["recall", "choice of k"]
    assert (cell.lo, cell.hi) == pytest.approx((1.0, 1.0))
    assert cell.study == "k"
    other = table("k", rows, *"abcde").model_copy(
        update={"track": table("k", rows).track.model_copy(update={"version": 2})}
    )
    with pytest.raises(ValueError, match="of one track"):
        scorecard([table("k", rows, *"abcde"), other])

    def rusty(_: object) -> list[Cell]:
        return [Cell("fd", "rust", 1.0, None, None, "", "k")]

    rusty.__module__ = "genboard.benchmarks.studies.k"  # nothing from outside the package is a part of a study
    monkeypatch.setattr("genboard.benchmarks.studies.k.cells", rusty)
    with pytest.raises(ValueError, match="no column"):
        scorecard([table("k", rows, *"abcde")])


def test_two_studies_of_one_name_are_refused_and_an_unknown_one_has_a_nearest() -> None:
    with pytest.raises(ValueError, match="two studies are named 'k'"):
        listing.index((listing.STUDIES["k"], listing.STUDIES["k"]))
    with pytest.raises(UnknownName, match="did you mean 'samples'"):
        listing.find_study("sample")
    with pytest.raises(UnknownName, match="did you mean 'all'"):
        listing.find_study("alll")
