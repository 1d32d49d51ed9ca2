"""Rows of the boards that workers measure: the results of one process, and clear errors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from genboard.benchmarks.runner import Workspace
from genboard.leaderboard.maintenance import regenerate, rows
from genboard.leaderboard.maintenance.rows import Row, RowTask, measure_rows, rows_of
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from here import HereExecutor

from genboard.core.errors import BadWorkers
from genboard.core.executor.local import LocalExecutor

ROWS = [Row("digits", "kde"), Row("digits", "noise")]


def results(folder: Path) -> dict[str, Any]:
    """Each result but for its cost, by its file."""
    found = {}
    for path in (folder / "results").rglob("*.json"):
        record = json.loads(path.read_text("utf-8"))
        for key in ("cost", "provenance", "environment"):
            del record[key]
        found[str(path.relative_to(folder))] = record
    return found


def test_there_is_a_row_for_each_generator_on_each_track() -> None:
    found = rows_of([find(Track, "digits"), find(Track, "mnist")])
    assert set(ROWS) < set(found)
    assert len(set(found)) == len(found) > 30
    assert {row.track for row in found} == {"digits", "mnist"}


@pytest.mark.usefixtures("quick_intervals")
def test_a_row_of_a_worker_is_that_of_one_process(tmp_path: Path) -> None:
    missing = Row("digits", "held-out-copy")
    for name, executor in (("alone", None), ("together", HereExecutor())):
        done = dict(measure_rows([ROWS[1], missing], Workspace.under(tmp_path / name), executor))
        assert done[ROWS[1]].left_out is None
        assert not done[ROWS[1]].reused
        assert "held-out-copy" in str(done[missing].left_out)
    assert results(tmp_path / "alone") == results(tmp_path / "together") != {}
    ((_, again),) = measure_rows([ROWS[1]], Workspace.under(tmp_path / "together"), HereExecutor())
    assert again.reused


@pytest.mark.slow
def test_local_workers_measure_the_same_rows(tmp_path: Path) -> None:
    for name, executor in (("alone", None), ("1", LocalExecutor(1)), ("2", LocalExecutor(2))):
        assert all(one.left_out is None for _, one in measure_rows(ROWS, Workspace.under(tmp_path / name), executor))
    assert results(tmp_path / "alone") == results(tmp_path / "1") == results(tmp_path / "2")
    assert len(results(tmp_path / "alone")) == len(ROWS)


def test_a_worker_that_does_not_see_the_results_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call = RowTask.__call__

    def elsewhere(self: RowTask, row: Row) -> rows.Outcome:
        there = tuple(replace(folder, path=str(tmp_path / "elsewhere")) for folder in self.common)
        return call(replace(self, common=there), row)

    monkeypatch.setattr(RowTask, "__call__", elsewhere)
    with pytest.raises(BadWorkers, match=r"^worker \S+ does not see .*elsewhere"):
        list(measure_rows(ROWS, Workspace.under(tmp_path), HereExecutor()))


def test_the_command_measures_then_studies_each_track(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []
    executor = HereExecutor()
    monkeypatch.setattr(regenerate, "open_executor", lambda *_: executor)
    monkeypatch.setattr(regenerate, "rows_of", lambda tracks: [Row(track.name, "kde") for track in tracks])

    def measured(asked: list[Row], workspace: Workspace, by: HereExecutor) -> Any:
        assert by is executor
        for row in asked:
            done.append(str(row))
            yield row, rows.Outcome(True, None, 0.0)

    monkeypatch.setattr(regenerate, "measure_rows", measured)
    monkeypatch.setattr(regenerate, "run_all", lambda track, **more: done.append(f"{track.name}, {more['executor']}"))
    regenerate.main(["digits", "digits-class", "--executor", "local", "--workers", "2"])
    assert done == ["kde on digits", "kde on digits-class", f"digits, {executor}", f"digits-class, {executor}"]
    assert "digits: kde: kept, 0 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["nowhere"], "no track named 'nowhere'", ""),
        (["digits", "--executor", "spark"], 2, "invalid choice: 'spark'"),
        (["digits", "--workers", "2"], 2, "--workers needs --executor"),
        (["digits", "--executor", "local", "--workers", "0"], "0 workers", ""),
    ],
)
def test_wrong_usage_is_named(
    arguments: list[str], code: int | str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        regenerate.main(arguments)
    assert caught.value.code == code or str(caught.value.code).startswith(str(code))
    assert why in capsys.readouterr().err
