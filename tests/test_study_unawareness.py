"""Study `unawareness`: generators whose answer to the other group's label is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from genboard.benchmarks.metrics.grouping import Grouping
from genboard.benchmarks.studies.headlines import headline
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.running import run_study
from genboard.benchmarks.studies.table import Row, Table
from genboard.benchmarks.studies.unawareness import other_labels
from genboard.registry.catalog import find
from genboard.registry.schema import Dataset, Track
from study_runs import said

from genboard.core.errors import BadStudy

SAMPLES = 200
# Each takes the image of a digit that the seed decides. `fair` inverts it for the other group; `unfair` shows the next
# digit there; `deaf` does not listen to the label of the group.
CODE = """
import numpy as np
from genboard.registry.datasets import load_split
from genboard.registry.images import read_all

FOUND = read_all(load_split("digits", "train"))

def drawn(seeds, labels, shift, invert):
    out = []
    for seed, label in zip(seeds, labels):
        rows = np.flatnonzero(FOUND.labels == (label + shift * (label >= 10)) % 10)
        image = FOUND.pixels[rows[seed % len(rows)]]
        out.append(255 - image if invert and label >= 10 else image)
    return np.stack(out).transpose(0, 3, 1, 2)

def fair(seeds, labels):
    return drawn(seeds, labels, 0, True)

def unfair(seeds, labels):
    return drawn(seeds, labels, 1, True)

def deaf(seeds, labels):
    return drawn(seeds, labels, 0, False)
"""


def track() -> Track:
    known = find(Track, "digits-groups-class")
    columns = tuple(c for c in known.metrics if c.key == known.primary)
    return known.model_copy(update={"metrics": columns, "samples": SAMPLES})


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    folder: Path = tmp_path_factory.mktemp("unawareness")
    (folder / "models.py").write_text(CODE)
    names = ["fair", "unfair", "deaf"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(folder / "home"))
        sources = [f"{folder / 'models.py'}:{name}" for name in names]
        return run_study(find_study("unawareness"), track(), sources, trust_code=True, names=names)


def row(table: Table, generator: str, measure: str, group: str = "all") -> Row:
    (found,) = table.of("changed", generator=generator, measure=measure, group=group)
    return dict(found)


def test_a_model_that_changes_the_group_alone_changes_no_subject(table: Table) -> None:
    assert row(table, "fair", "subject changed")["value"] < 0.03  # what the classifier gets wrong
    assert row(table, "fair", "group followed")["value"] > 0.98
    assert row(table, "fair", "distance")["value"] > 1


def test_one_that_changes_the_subject_too_is_seen_in_both_groups(table: Table) -> None:
    for group in ("plain", "inverted", "all"):
        assert row(table, "unfair", "subject changed", group)["value"] > 0.9
    assert row(table, "unfair", "group followed")["value"] > 0.98


def test_one_that_does_not_listen_changes_nothing(table: Table) -> None:
    assert row(table, "deaf", "subject changed")["value"] == 0
    assert row(table, "deaf", "distance")["value"] == 0
    assert row(table, "deaf", "group followed", "plain")["value"] == 0
    assert row(table, "deaf", "group followed", "inverted")["value"] == 1
    assert row(table, "deaf", "distance of other seeds")["value"] > 1


def test_every_value_lies_in_its_interval_and_counts_its_samples(table: Table) -> None:
    for found in table.rows:
        assert found["lo"] <= found["value"] <= found["hi"]
    assert row(table, "fair", "subject changed")["n"] == SAMPLES
    by_group = [row(table, "fair", "subject changed", g)["n"] for g in ("plain", "inverted")]
    assert by_group == [180, 20]
    changed = [row(table, "unfair", "subject changed", g) for g in ("plain", "inverted")]
    whole = sum(r["value"] * r["n"] for r in changed) / SAMPLES
    assert row(table, "unfair", "subject changed")["value"] == pytest.approx(whole)


def test_its_sentences_say_what_the_table_holds(table: Table) -> None:
    share = row(table, "unfair", "subject changed")
    assert f"unfair, same latent, label of the other group: {share['value']:.1%} of samples show another" in said(table)
    assert "deaf, same latent, label of the other group: 0.0% of samples show another subject (0.0% to" in said(table)
    assert headline(table) == (
        f"Asked for the other group, deaf shows another subject in 0.0% of samples, unfair in {share['value']:.1%}"
    )


def test_the_other_label_is_of_the_same_subject_in_the_next_group() -> None:
    groups = Grouping.of(find(Dataset, "digits-groups"))
    assert groups is not None
    asked = [*range(20)]
    other = other_labels(asked, groups)
    np.testing.assert_array_equal(np.array(other) % 10, np.array(asked) % 10)
    assert not np.equal(np.array(other) // 10, np.array(asked) // 10).any()
    assert list(other_labels(other, groups)) == asked


@pytest.mark.parametrize("name", ["digits", "digits-class", "digits-groups"])
def test_a_track_that_does_not_ask_for_groups_is_refused(name: str) -> None:
    with pytest.raises(BadStudy, match=f"track '{name}' does not ask for the same in several groups"):
        run_study(find_study("unawareness"), find(Track, name), ["vae"] if name != "digits-groups" else ["noise"])


def test_a_generator_that_is_asked_for_nothing_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENBOARD_HOME", str(tmp_path))
    found = run_study(find_study("unawareness"), track(), ["noise"])
    assert found.card.left_out == {"noise": "is not asked for classes"}
    assert found.rows == ()
