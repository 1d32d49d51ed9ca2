"""Files of a later version: who wrote them and what must be upgraded is said, and nobody is told to measure again."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from committed import current
from genboard.benchmarks.result import read_result
from genboard.benchmarks.studies.table import read_table
from genboard.leaderboard.hub.references import _shared
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.submission.manifest import read_manifest
from genboard.leaderboard.verification.log import append, new_entry, read_entries, verification_path
from refusals import Run
from site_tree import HOSTILE, TRACK, Page, save, study

from genboard.core.errors import BadEntry, TooNew

MINE = version("genboard")


def result(folder: Path) -> tuple[Path, Path]:
    path = folder / save(folder, "alpha", 2.0).path
    return path, path


def log(folder: Path) -> tuple[Path, Path]:
    path, _ = result(folder)
    append(path, new_entry(path, "disputed", by="me", reason="a reason"))
    return verification_path(path), path


def table(folder: Path) -> tuple[Path, Path]:
    path = folder / "k.json"
    path.write_text(json.dumps(study().to_json()), encoding="utf-8")
    return path, path


def plain(folder: Path) -> tuple[Path, Path]:
    path = folder / "plain.json"
    path.write_text(json.dumps({"schema": 1, "genboard": "0"}), encoding="utf-8")
    return path, path


def put_version(value: dict[str, Any], written: object) -> None:
    holder = next((value[part] for part in ("environment", "card") if part in value), value)
    holder["genboard"] = written


KINDS: dict[str, tuple[Callable[[Path], tuple[Path, Path]], Callable[[Path], object]]] = {
    "result": (result, read_result),
    "log": (log, read_entries),
    "table": (table, read_table),
    "manifest": (plain, read_manifest),
    "shared": (plain, lambda path: _shared(path, "x")),
}


READ = {"log": 3, "table": 2}  # the schema of today, where it is not 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("schema", [4, 10**15])
@pytest.mark.parametrize(
    ("written", "writer"),
    [("9.9.0", "genboard 9.9.0"), (HOSTILE, "a later version"), (["9"], "a later version"), (None, "a later version")],
)
def test_it_is_said_who_wrote_it_and_what_to_upgrade(
    kind: str, schema: int, written: object, writer: str, tmp_path: Path
) -> None:
    make, read = KINDS[kind]
    path, given = make(tmp_path)
    value = json.loads(path.read_text("utf-8"))
    put_version(value, written)
    value["schema"] = schema
    value["and"] = "more"
    path.write_text(json.dumps(value) + "\n", encoding="utf-8")
    with pytest.raises(TooNew) as caught:
        read(given)
    assert f"schema: {schema} was written by {writer}" in caught.value.fact
    assert f"this is genboard {MINE}, which reads {READ.get(kind, 1)} and must be upgraded" in caught.value.fact
    assert "<" not in caught.value.fact
    assert caught.value.hint == "pip install --upgrade genboard"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("schema", [0, -1, "2", None, 1.5, [2]])
def test_what_no_version_wrote_is_damaged(kind: str, schema: object, tmp_path: Path) -> None:
    make, read = KINDS[kind]
    path, given = make(tmp_path)
    value = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**value, "schema": schema}) + "\n", encoding="utf-8")
    with pytest.raises(BadEntry) as caught:
        read(given)
    assert not isinstance(caught.value, TooNew)


def test_the_board_and_the_site_leave_it_out_and_say_so(run: Run, tmp_path: Path) -> None:
    source = Path(current("ddpm"))
    path = tmp_path / "digits@1" / "ddpm" / source.name
    path.parent.mkdir(parents=True)
    value = json.loads(source.read_text("utf-8"))
    value["environment"]["genboard"] = "9.9.0"
    path.write_text(json.dumps({**value, "schema": 2}), encoding="utf-8")
    code, _, err = run("rank", "--track", "digits", "--results", tmp_path)
    assert code == 0
    assert f"left out: digits@1/ddpm/{source.name}: schema: 2 was written by genboard 9.9.0" in err
    files = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert "cannot be read: schema: 2 was written by genboard 9.9.0" in Page(files["tracks/digits.html"]).text


def test_a_result_with_a_log_of_a_later_version_is_not_called_damaged(tmp_path: Path) -> None:
    path, given = log(tmp_path)
    line = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**line, "schema": 4}) + "\n", encoding="utf-8")
    page = Page(render_site(read_records([tmp_path]), {TRACK.name: TRACK})["generators/alpha.html"])
    assert f"Its verification log cannot be read: {path.name}: line 1: schema: 4 was written by genboard" in page.text
    assert "damaged" not in page.text
    assert given.is_file()
