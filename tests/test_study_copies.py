"""Copies of training images: the Fréchet distance rewards them, the tests for memorisation catch them."""

from __future__ import annotations

import numpy as np
import pytest
from genboard.benchmarks.studies import copies
from genboard.benchmarks.studies.alterations import augmented
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.table import Row, Table, number
from genboard.leaderboard.study_figures import copies as figures
from genboard.registry.datasets import load_split
from genboard.registry.images import read_all
from study_runs import changed, digits, made, said

from genboard.core.errors import BadStudy


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("copies")))
        patch.setattr(copies, "SHARES", (0.0, 0.1, 1.0))
        return made("copies", digits("fd", "recall", "nn_ratio", "authenticity"), resamples=4)


def row_of(table: Table, metric: str, share: float, kind: str = "exact") -> Row:
    return next(table.of("value", kind=kind, share=share, metric=metric))


def test_copies_are_caught_by_the_tests_for_memorisation(table: Table) -> None:
    for metric in ("nn_ratio:digits-cnn", "authenticity:digits-cnn"):
        assert number(row_of(table, metric, 1.0), "value") == 0
        assert number(row_of(table, metric, 1.0), "lo") > 2
        assert number(row_of(table, metric, 1.0, "augmented"), "lo") > 2


def test_augmented_copies_stand_beside_held_out_images_that_are_augmented_alike(table: Table) -> None:
    """The augmentation moves the Fréchet distance by itself; what it adds to the copying is not counted."""
    plain, control = (row_of(table, "fd:digits-cnn", 0.0, kind) for kind in ("exact", "augmented"))
    assert number(control, "value") > number(plain, "value") + 2 * number(plain, "spread")
    copied = row_of(table, "fd:digits-cnn", 1.0, "augmented")
    assert number(copied, "value") > number(plain, "value") + 2 * number(plain, "spread")
    assert number(copied, "lo") < 0 < number(copied, "hi")


def test_the_verdict_speaks_of_exact_copies_first(table: Table) -> None:
    assert [text.partition(":")[0] for text in said(table).splitlines()[:2]] == ["Exact copies", "Augmented copies"]


def test_copies_tie_on_the_reference_and_win_on_the_training_images(table: Table) -> None:
    tie = next(table.of("tie", metric="fd:digits-cnn"))
    assert abs(number(tie, "copy") - number(tie, "value")) < 2 * number(tie, "se")
    against = row_of(table, "fd:digits-cnn:train", 1.0)
    assert against["draws"] == 4
    assert number(against, "better") >= 3
    assert number(against, "value") < number(row_of(table, "fd:digits-cnn:train", 0.0), "value")


def test_the_verdict_follows_the_table(table: Table) -> None:
    text = said(table)
    exact = text.partition("Exact copies: worse in ")[2].partition(";")[0]
    assert exact == "2 of 5 metrics: authenticity, nn_ratio"  # from the smallest share on
    assert "Training images tie with held-out ones in fd against the reference" in text
    better = row_of(table, "fd:digits-cnn:train", 1.0)["better"]
    assert f"closer to the training images than fresh images in {better} of 4 draws" in text

    def turned(row: Row) -> Row:
        if row["what"] == "tie":
            return row | {"copy": -50.0}
        return row | {"moved": -9.0, "lo": -10.0, "hi": -8.0} if "moved" in row else row

    other = said(changed(table, turned))
    assert "Training images beat held-out ones in fd against the reference" in other
    assert "Exact copies: worse in none of " in other
    assert "; better: authenticity (from" not in other


def test_its_cells_and_its_figure(table: Table) -> None:
    cells = {cell.metric: cell for cell in find_study("copies").cells(table)}
    assert set(cells) == {"fd", "recall", "nn_ratio", "authenticity"}
    assert cells["nn_ratio"].failure == "copies"
    assert cells["nn_ratio"].lo is not None
    assert cells["nn_ratio"].lo > 0
    assert figures.figure(table).drawing.count(" copies: change for the worse") >= 2
    assert "Exact copies" in figures.figure(table).words


def test_augmented_images_are_near_the_training_images_and_are_not_them() -> None:
    source = load_split("digits", "train").first(40)
    plain, other = read_all(source).pixels.astype(int), read_all(augmented(source, 0)).pixels
    away = np.abs(other - plain).mean(axis=(1, 2, 3))
    assert away.min() > 0
    between = np.abs(plain[1:] - plain[:-1]).mean()
    assert away.mean() < between / 2


def test_too_few_resamples_are_refused() -> None:
    with pytest.raises(BadStudy, match="2 resamples are too few"):
        made("copies", digits(), resamples=2)
