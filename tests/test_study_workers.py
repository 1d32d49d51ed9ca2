"""Studies on workers: the tables of one process, of what the workers have made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from genboard.benchmarks.studies import crew
from genboard.benchmarks.studies.cache import Cache
from genboard.benchmarks.studies.crew import Share, StudyTask
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.running import run_all, run_study
from genboard.benchmarks.studies.table import Table
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from here import HereExecutor
from refusals import Run
from study_runs import digits

from genboard.core.errors import BadStudy, BadWorkers

# Each with its generators and parameters, and the parts that are made by no unit, or for no other reason than them.
STUDIED: dict[str, tuple[Track, list[str] | None, dict[str, int], set[str]]] = {
    "k": (digits("fd", samples=60), ["kde", "noise"], {"k": 2, "resamples": 3}, {"real"}),
    "samples": (digits("fd", samples=60), ["kde", "noise"], {"k": 2, "resamples": 3}, set()),
    "seeds": (digits("fd", samples=40), ["kde", "noise"], {"seeds": 2}, set()),
    "extractors": (digits("fd", samples=40), ["kde", "noise"], {}, set()),
    "modes": (digits("fd", samples=200), None, {"resamples": 3}, set()),
    "outliers": (digits("fd", samples=100), None, {"resamples": 3}, set()),
    "corruptions": (digits("fd", samples=100), None, {"resamples": 3}, set()),
    "ruler": (digits("fd", samples=100), None, {}, set()),
    "cycle": (find(Track, "digits-inverted").model_copy(update={"samples": 20}), None, {}, set()),
}


@pytest.fixture(autouse=True)
def nothing_open() -> Iterator[None]:
    """Each test is a new worker."""
    crew._OPEN.clear()
    yield
    crew._OPEN.clear()


def unlike(table: Table) -> dict[str, Any]:
    found = table.to_json()
    del found["card"]["created"]
    return json.loads(json.dumps(found))


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Goes to another data folder."""
    return lambda name: monkeypatch.setenv("GENBOARD_HOME", str(tmp_path / name))


LONGER = ("extractors", "outliers", "corruptions", "ruler", "cycle")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in LONGER)) for n in STUDIED])
def test_a_table_is_that_of_one_process_and_made_by_workers(
    name: str, moved: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    track, generators, parameters, own = STUDIED[name]
    moved("alone")
    alone = run_study(find_study(name), track, generators, parameters)
    moved("together")
    executor, here, part = HereExecutor(), set(), Cache.part

    def noted(self: Cache, study: str, unit: str, decides: Any, compute: Callable[[], Any]) -> Any:
        def computed() -> Any:
            if not executor.at_work:
                here.add(unit)
            return compute()

        return part(self, study, unit, decides, computed)

    monkeypatch.setattr(Cache, "part", noted)
    told: list[str] = []
    together = run_study(find_study(name), track, generators, parameters, tell=told.append, executor=executor)
    assert unlike(together) == unlike(alone)
    assert len(alone.rows) > 0
    assert executor.done > 0
    assert here == own
    assert len(told) == len(set(told)) > 0


@pytest.mark.slow
def test_all_studies_of_a_track_are_those_of_one_process(moved: Callable[[str], None]) -> None:
    track, tables = digits("fd", samples=100), []
    for folder, executor in (("alone", None), ("together", HereExecutor())):
        moved(folder)
        tables.append(run_all(track, ["kde", "noise"], only=("samples", "ranking", "outliers"), executor=executor))
        assert executor is None or executor.done > 0
    assert [unlike(table) for table in tables[0]] == [unlike(table) for table in tables[1]]
    assert [table.study for table in tables[0]] == ["samples", "ranking", "outliers"]


def test_a_generator_that_fails_is_left_out_as_in_one_process(moved: Callable[[str], None], tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text("def sample(seeds, labels):\n    raise ValueError('no samples')\n", "utf-8")
    names, tables = [f"{own}:sample", "kde", "noise"], []
    for folder, executor in (("alone", None), ("together", HereExecutor())):
        moved(folder)
        more: dict[str, Any] = {"trust_code": True, "names": ["mine"], "executor": executor}
        study, track = find_study("samples"), digits("fd", samples=60)
        tables.append(run_study(study, track, names, {"k": 2, "resamples": 3}, **more))
    assert unlike(tables[0]) == unlike(tables[1])
    assert "mine" in tables[0].card.left_out


def test_a_study_that_is_refused_is_refused_before_workers_begin(moved: Callable[[str], None]) -> None:
    executor = HereExecutor()
    with pytest.raises(BadStudy, match="2 resamples are too few"):
        run_study(find_study("modes"), digits(samples=200), None, {"resamples": 2}, executor=executor)
    assert executor.done == 0


def test_a_worker_that_does_not_see_the_folder_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    call = StudyTask.__call__

    def elsewhere(self: StudyTask, share: Share) -> None:
        call(replace(self, folder=replace(self.folder, path=str(tmp_path / "elsewhere"))), share)

    monkeypatch.setattr(StudyTask, "__call__", elsewhere)
    with pytest.raises(BadWorkers, match=r"^worker \S+ does not see .*elsewhere"):
        run_study(find_study("modes"), digits(samples=200), None, {"resamples": 3}, executor=HereExecutor())


@pytest.mark.slow
def test_the_command_takes_an_executor(run: Run, moved: Callable[[str], None], tmp_path: Path) -> None:
    tables = []
    for workers in (0, 1, 2):
        moved(str(workers))
        more = ["--executor", "local", "--workers", workers] if workers else []
        arguments = ["--track", "digits", "--samples", 60, "--generators", "kde,noise,vae", "--k", 2, "--json", *more]
        code, out, err = run("study", "k", *arguments)
        assert code == 0, err
        tables.append(json.loads(out))
        del tables[-1]["card"]["created"]
    assert tables[0] == tables[1] == tables[2]
