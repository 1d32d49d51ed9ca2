"""What stops one generator stops no study: it is left out with the reason, and a study says what else it leaves out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from genboard.benchmarks.studies.context import gather
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.running import run_all, run_study
from genboard.benchmarks.studies.sanity import ROLE, reason_against
from genboard.benchmarks.studies.table import Table
from genboard.registry.metrics import METRICS
from study_runs import digits

from genboard.core.errors import BadStudy, GenboardError, NotTrusted

Run = Callable[..., tuple[int, str, str]]
ENTRY = """
name = "mine"
title = "Mine"
version = 1
task = "unconditional"
family = "gan"
tracks = ["digits"]
origin = "written for a test"
licence = "MIT"

[source]
kind = "python"
function = "mine.py:sample"
"""
CODE = {
    "not trusted": ("return np.zeros((len(seeds), 1, 8, 8), np.uint8)", "is code, which genboard does not run unasked"),
    "raises": ("raise RuntimeError('token=abc')", "RuntimeError"),
    "shape": ("return np.zeros((len(seeds), 1, 9, 9), np.uint8)", "the track needs (8, 8, 1)"),
    "NaN": ("return np.full((len(seeds), 1, 8, 8), np.nan)", "NaN or infinite pixels"),
    "no array": ("return None", "returned an array of shape ()"),
    "not importable": ("return (", "mine.py"),
}


@pytest.fixture
def mine(own_home: Path) -> Callable[[str], None]:
    """Registers a user's function as the generator `mine`."""

    def write(body: str) -> None:
        entries = own_home / "entries" / "generators"
        entries.mkdir(parents=True)
        (entries / "mine.toml").write_text(ENTRY, "utf-8")
        (own_home / "mine.py").write_text(f"import numpy as np\n\n\ndef sample(seeds, labels):\n    {body}\n", "utf-8")

    return write


@pytest.mark.parametrize("fault", CODE)
def test_a_generator_that_cannot_be_drawn_is_left_out_with_the_reason(mine: Callable[[str], None], fault: str) -> None:
    body, reason = CODE[fault]
    mine(body)
    told: list[str] = []
    track = digits("fd", samples=90)
    table = run_study(
        find_study("k"), track, ["kde", "mine"], {"k": 2}, tell=told.append, trust_code=fault != "not trusted"
    )
    assert [g.name for g in table.card.generators] == ["kde"]
    assert reason in table.card.left_out["mine"]
    assert "token" not in table.card.left_out["mine"]
    assert "/" not in table.card.left_out["mine"]
    assert any(line.startswith("mine: left out: ") for line in told)
    with pytest.raises(GenboardError) as alone:
        run_study(find_study("k"), track, ["mine"], {"k": 2}, trust_code=fault != "not trusted")
    assert reason in alone.value.fact
    assert alone.value.hint


def test_with_leave_it_takes_part(mine: Callable[[str], None]) -> None:
    mine("return np.stack([np.random.default_rng(s).integers(0, 255, (1, 8, 8), np.uint8) for s in seeds])")
    table = run_study(find_study("k"), digits("fd", samples=90), ["kde", "mine"], {"k": 2}, trust_code=True)
    assert [g.name for g in table.card.generators] == ["kde", "mine"]
    assert "mine" not in table.card.left_out


def test_the_command_studies_the_rest_of_a_track_and_says_what_it_left_out(
    mine: Callable[[str], None], run: Run
) -> None:
    mine(CODE["not trusted"][0])
    code, out, err = run("study", "k", "--track", "digits", "--generators", "kde,mine", "--k", "2")
    assert code == 0, err
    assert "mine: left out: " in err
    assert "left out: mine: " in out
    code, out, err = run("study", "k", "--track", "digits", "--generators", "kde,mine", "--k", "2", "--json")
    assert "does not run unasked" in json.loads(out)["card"]["left_out"]["mine"]


def test_every_study_of_a_run_leaves_it_out_and_tries_it_once(mine: Callable[[str], None]) -> None:
    mine("raise ValueError('no')")
    told: list[str] = []
    tables: list[Table] = run_all(
        digits("fd", samples=90), ["kde", "mine"], tell=told.append, only=("k", "grid", "extractors"), trust_code=True
    )
    assert [table.study for table in tables] == ["k", "extractors"]  # a grid compares two generators or more
    assert all("mine" in table.card.left_out for table in tables)
    assert len([line for line in told if line.startswith("mine: left out")]) == 1
    assert tables[1].seen("extractor", "value") == ["digits-cnn", "groups-cnn", "pixels"]
    assert "not sets of images" in tables[1].card.left_out["lpips-digits-cnn"]


def test_a_function_without_permission_is_an_error_at_once(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text("def sample(seeds, labels): ...\n", "utf-8")
    with pytest.raises(NotTrusted):
        gather(digits("fd"), [f"{path}:sample"])


def test_another_number_of_samples_and_names_of_files(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    body = "return np.stack([np.full((1, 8, 8), s % 255, np.uint8) for s in seeds])"
    path.write_text(f"import numpy as np\n\n\ndef sample(seeds, labels):\n    {body}\n", "utf-8")
    sources = ["kde", f"{path}:sample"]
    table = run_study(find_study("k"), digits("fd"), sources, {"k": 2}, trust_code=True, samples=90, names=["grey"])
    assert [g.name for g in table.card.generators] == ["kde", "grey"]
    assert table.card.n == 90
    with pytest.raises(BadStudy, match="there is no source for the name 'other'"):
        gather(digits("fd"), sources, trust_code=True, names=["grey", "other"])
    with pytest.raises(BadStudy, match="1 samples of each generator are too few"):
        run_study(find_study("k"), digits("fd"), ["kde"], samples=1)


@pytest.mark.parametrize(
    ("reads", "role", "reason"),
    [
        (("real.features", "fake.features"), "fidelity", None),
        (("real.features", "fake.features"), None, "its row gives no role, so these checks have no question for it"),
        (("real.moments", "fake.features"), None, "its row gives no role, so these checks have no question for it"),
        (("fake.logits",), None, "needs a classifier's logits, which points do not have"),
        (("train.features", "fake.features"), None, "needs training images, which points do not have"),
        (("train.features", "fake.logits"), None, "needs training images and a classifier's logits"),
        (("fake.captions",), None, "needs `fake.captions`, which points do not have"),
        (("fake.logits",), "fidelity", "needs a classifier's logits, which points do not have"),
    ],
)
def test_the_sanity_checks_say_truly_why_they_ask_a_metric_nothing(
    reads: tuple[str, ...], role: str | None, reason: str | None
) -> None:
    metric = replace(METRICS["fd"], name="mine", reads=reads, role=role)  # type: ignore[arg-type]
    found = reason_against(metric)
    assert found is None if reason is None else found is not None and found.startswith(reason)


def test_the_reasons_of_all_metrics_are_those_of_their_rows() -> None:
    assert {m.name for m in METRICS.values() if reason_against(m) is None} == set(ROLE)
