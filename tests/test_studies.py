"""Every study there is: its parts, its committed tables, and the command on real and on malformed input."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from genboard.benchmarks import track_references
from genboard.benchmarks.studies import running
from genboard.benchmarks.studies.faults import FAULTS
from genboard.benchmarks.studies.listing import STUDIES
from genboard.benchmarks.studies.running import run_all
from genboard.benchmarks.studies.scorecard import FAILURES, scorecard
from genboard.benchmarks.studies.subsampling import curves
from genboard.benchmarks.studies.subsampling.curves import MANIFOLD
from genboard.benchmarks.studies.table import Table, read_table
from genboard.leaderboard.maintenance import regenerate
from genboard.leaderboard.storage.study_tables import COMMITTED, place_of, read_tables
from genboard.registry.catalog import find
from genboard.registry.metrics import METRICS
from genboard.registry.resolve import function
from genboard.registry.schema import Track
from refusals import hint, refused

from genboard.core.errors import BadImages

Run = Callable[..., tuple[int, str, str]]
TABLES = sorted(COMMITTED.glob("*/*.json"))
FEW = "vae,kde,held-out"


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_there_are_studies_and_their_tables_are_committed() -> None:
    assert len(STUDIES) >= 6
    committed = {path.stem for path in TABLES if path.parent.name == "digits@1"}
    assert len(committed) >= 12
    assert committed <= set(STUDIES)  # `make leaderboard` adds the table of a new study
    assert read_tables([COMMITTED]).unreadable == ()
    assert set(regenerate.STUDIED["digits"]) == set(STUDIES)
    assert all(find(Track, name) and set(studies) <= set(STUDIES) for name, studies in regenerate.STUDIED.items())


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_has_its_parts(name: str) -> None:
    study = STUDIES[name]
    assert all(callable(part) for part in (study.run, study.verdict, study.cells, study.responses))
    assert study.of_faults == any(fault.study == name for fault in FAULTS)
    assert study.columns[0] == "what"
    assert len(set(study.columns)) == len(study.columns)
    assert study.question.endswith("?")
    assert study.version >= 1
    assert set(study.parameters) <= {"k", "resamples", "seed", "seeds"}


@pytest.mark.parametrize("path", TABLES, ids=named)
def test_a_committed_table_has_a_verdict_and_cells(path: Path) -> None:
    table = read_table(path)
    study = STUDIES[table.study]
    assert path.relative_to(COMMITTED) == place_of(table)
    assert table.card.version == study.version
    assert (table.card.title, table.card.question, table.card.method) == (study.title, study.question, study.method)
    assert table.rows
    findings = study.verdict(table)
    assert findings
    for finding in findings:
        assert finding.endswith(".")
        assert "{" not in finding
        assert "nan" not in finding.split()
        assert "None" not in finding
    for cell in study.cells(table):
        assert cell.failure in FAILURES
        assert cell.metric in METRICS
        assert cell.unit
        assert cell.study == table.study
        assert cell.value is None or cell.lo is None or cell.hi is None or cell.lo <= cell.value <= cell.hi


FIGURES = [name for name in STUDIES if find_spec(f"genboard.leaderboard.study_figures.{name}")]


def test_there_are_figures() -> None:
    assert len(FIGURES) >= 12


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_from_the_committed_table_and_said_in_words(name: str) -> None:
    table = read_table(COMMITTED / "digits@1" / f"{name}.json")
    drawn, said = function(f"{name}:figure", under="leaderboard.study_figures")(table)
    assert drawn.count("<svg") == drawn.count("</svg>") >= 1
    assert "NaN" not in drawn
    assert "undefined" not in drawn
    assert len(said) > 20


def test_the_scorecard_of_the_committed_tables_has_metrics_and_failures() -> None:
    card = scorecard(read_tables([COMMITTED]).of("digits@1"))
    assert {"fd", "kid", "precision", "recall", "coverage"} <= set(card.metrics)
    assert {"small N", "choice of k"} <= {failure for _, failure in card.cells}
    assert {metric for metric, failure in card.cells if failure == "choice of k"} <= set(MANIFOLD)


@pytest.mark.usefixtures("quick_intervals")
def test_one_study_on_a_track_prints_its_table_and_a_second_run_changes_nothing(run: Run, own_home: Path) -> None:
    arguments = ("study", "k", "--track", "digits", "--generators", FEW, "--k", "4", "--json")
    code, out, err = run(*arguments)
    assert code == 0, err
    path = own_home / "studies" / "digits@1" / "k.json"
    value = json.loads(out)
    assert {"schema", "study", "track", "card", "rows"} == set(value)
    assert value == json.loads(path.read_text("utf-8"))
    assert [g["name"] for g in value["card"]["generators"]] == FEW.split(",")
    assert value["card"]["parameters"] == {"k": 4, "resamples": 8, "seed": 0}
    shown = [row for row in value["rows"] if row["what"] == "value"]
    assert len(shown) == 3 * 4 * 4
    assert "written: " in err
    before = path.read_bytes()
    code, again, err = run(*arguments)
    assert (code, again) == (0, out)
    assert "unchanged: " in err
    assert path.read_bytes() == before
    code, text, _ = run(*arguments[:-1])
    assert code == 0
    assert "- Real images against real ones have precision" in text


def test_a_study_agrees_with_the_committed_table(run: Run) -> None:
    _, out, _ = run("study", "samples", "--track", "digits", "--generators", "kde", "--json")
    now: dict[tuple[Any, ...], Any] = {
        (r["metric"], r["n"]): r["value"] for r in json.loads(out)["rows"] if r["what"] == "value"
    }
    table = read_table(COMMITTED / "digits@1" / "samples.json")
    before = {(r["metric"], r["n"]): r["value"] for r in table.of("value", generator="kde")}
    assert len(before) > 60
    assert set(now) == set(before)
    assert {key for key in now if now[key] is None} == {key for key in before if before[key] is None}
    for key, value in before.items():
        if value is None:
            continue
        # Another CPU's float32 moves features by 1e-6 of their size, and a count by a few.
        assert now[key] == pytest.approx(value, rel=0.02, abs=0.02), key


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for name, shape in (("few", (20, 8, 8)), ("large", (500, 9, 9))):
        np.save(folder / f"{name}.npy", random.integers(0, 256, shape, np.uint8))
    return folder


REFUSED = [
    (("k", "--k", "62", "--generators", "kde"), "the smallest subset has only 62", "choose k from 1 to 61"),
    (("ranking", "--generators", "kde"), "1 generator on track 'digits'", "name more with --generators"),
    (("sampels",), "no study named 'sampels'", "did you mean 'samples'?"),
    (("nothing",), "no study named 'nothing'", "all"),
    (("k", "--generators", "vaee"), "no generator named 'vaee'", "did you mean 'vae'?"),
    (("k", "--generators", "vae,kde,vae"), "generator 'vae' is named twice", "name each once"),
    (("k", "--generators", ","), "no generator to study", "--generators"),
    (("seeds", "--generators", "held-out"), "no generator here can be drawn from another seed", "--generators"),
    (("extractors", "--k", "3"), "the study 'extractors' has no parameter 'k'", "it has: none"),
    (("k", "--generators", "{files}/few.npy"), "few.npy holds 20 images, but the track asks for 500", "--samples 20"),
    (("k", "--generators", "{files}/large.npy"), "9x9 grey, but 8x8 grey is needed", "convert"),
    (("k", "--generators", "{files}/none.npy"), "none.npy", ""),
]


@pytest.mark.parametrize(("arguments", "fact", "advice"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_be_studied_is_refused(
    run: Run, files: Path, arguments: tuple[str, ...], fact: str, advice: str
) -> None:
    command = ("study", *(a.format(files=files) for a in arguments), "--track", "digits")
    with_bar = run(*command)[2].partition("Error: ")
    assert fact in with_bar[2], with_bar
    assert advice in with_bar[2].rpartition("hint: ")[2]
    assert run(*command)[0] == 1


def test_an_unknown_track_and_wrong_usage(run: Run) -> None:
    assert "no track named 'digit'" in refused(run, "study", "k", "--track", "digit")
    assert hint(run, "study", "k", "--track", "digit") == "did you mean 'digits'?"
    assert run("study", "all", "--track", "digits", "--k", 3)[0] == 2
    assert run("study", "k")[0] == 2


def test_all_leaves_out_what_cannot_be_and_says_why() -> None:
    told: list[tuple[str, str]] = []
    tables: list[Table] = run_all(
        find(Track, "digits"), ["kde"], skipped=lambda name, why: told.append((name, why)), only=("k", "ranking")
    )
    assert [table.study for table in tables] == ["k"]
    assert told == [("ranking", "1 generator on track 'digits', but the study 'ranking' compares 2 or more")]


def test_all_without_a_track_studies_every_track_at_hand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def references_of(track: Track, _: str, executor: None) -> None:
        if track.name != "digits":
            raise BadImages(f"the images of {track.name} are not here")

    studied: list[str] = []
    monkeypatch.setattr(track_references, "references_of", references_of)
    monkeypatch.setattr(running, "run_all", lambda track, *_: studied.append(track.name))
    code, out, err = run("study", "all", "--json")
    assert (code, json.loads(out), studied) == (0, [], ["digits"])
    assert "mnist: left out: the images of mnist are not here" in err


@pytest.mark.usefixtures("quick_intervals")
def test_another_seed_is_another_table(run: Run) -> None:
    command = ("study", "k", "--track", "digits", "--generators", "mean-image", "--k", "2", "--json")
    first, second = (json.loads(run(*command, "--seed", str(seed))[1]) for seed in (0, 7))
    assert second["card"]["parameters"]["seed"] == 7
    errors = [[row["se"] for row in table["rows"] if row["what"] == "real"] for table in (first, second)]
    assert errors[0] != errors[1]


@pytest.mark.usefixtures("quick_intervals")
def test_a_run_that_is_stopped_goes_on_where_it_was(run: Run, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("study", "k", "--track", "digits", "--generators", "vae,kde,noise", "--k", "3")
    counted = curves.pair_curves
    calls = []

    def stopped(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return counted(*arguments)

    monkeypatch.setattr(curves, "pair_curves", stopped)
    code, out, err = run(*command)
    assert (code, out) == (1, "")
    assert err.endswith(
        "Error: interrupted\n\nhint: run the same command again to resume; finished shards and results are kept\n"
    )
    parts = own_home / "studies" / "digits@1" / "curves.parts"
    kept = {path: path.stat().st_mtime_ns for path in parts.iterdir()}
    assert [path.name.partition(".")[0] for path in kept] == ["vae"]
    code, _, err = run(*command)
    assert code == 0, err
    assert len(calls) == 4  # the first generator is not counted again
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert len(list(parts.iterdir())) == 3
