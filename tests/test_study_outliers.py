"""Outliers: a single one among the real images makes far samples look good, and the study says what it measures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from genboard.benchmarks.studies import altered_sets, outliers
from genboard.benchmarks.studies.alterations import negatives, random_images
from genboard.benchmarks.studies.altered_sets import with_outliers
from genboard.benchmarks.studies.evaluator import response
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.table import Row, Table, number
from genboard.leaderboard.study_figures import outliers as figures
from genboard.registry.images import Images, read_all, source_of
from study_runs import changed, digits, made, said

from genboard.core.errors import BadStudy


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("outliers")))
        patch.setattr(altered_sets, "SHARES", (0.1,))
        patch.setattr(outliers, "OF_IMAGES", ("noise",))
        return made("outliers", digits("precision", "recall", "density", "coverage"), resamples=3)


def word(row: Row) -> str:
    return response([row])[0]


def row_of(table: Table, metric: str, count: int = 1, side: str = "real", shifted: bool = True) -> Row:
    where = {"kind": "normal points", "side": side, "shifted": shifted, "outliers": count}
    return next(table.of("value", metric=f"{metric}:digits-cnn", **where))


def test_a_real_outlier_inflates_precision_and_density_and_leaves_coverage(table: Table) -> None:
    before, after = (number(row_of(table, "precision", count), "value") for count in (0, 1))
    assert before < 0.2
    assert after > 0.8
    assert number(row_of(table, "density"), "value") > 3 * number(row_of(table, "density", 0), "value")
    gap = number(row_of(table, "coverage"), "value") - number(row_of(table, "coverage", 0), "value")
    assert abs(gap) < 0.03
    assert word(row_of(table, "precision")) == "better"
    assert word(row_of(table, "coverage")) == "too noisy to tell"


def test_an_outlier_among_the_samples_inflates_recall_and_leaves_precision(table: Table) -> None:
    assert word(row_of(table, "recall", side="generated")) == "better"
    assert word(row_of(table, "precision", side="generated")) == "too noisy to tell"


@pytest.mark.parametrize("side", ["real", "generated"])
@pytest.mark.parametrize("metric", ["precision", "recall", "density", "coverage"])
def test_nothing_moves_where_the_sets_are_equal(table: Table, side: str, metric: str) -> None:
    assert word(row_of(table, metric, side=side, shifted=False)) == "too noisy to tell"


def test_many_outliers_have_each_other_for_neighbours_and_fool_nobody(table: Table) -> None:
    assert word(row_of(table, "precision", 40)) != "better"


def test_the_verdict_follows_the_table(table: Table) -> None:
    text = said(table)
    first = "A single outlier (normal points) among the real images, towards which the generated ones are shifted: "
    assert f"{first}worse in none of 5 metrics; better: density (" in text
    assert ", precision (" in text.partition(first)[2].split(";")[1]
    assert "A single outlier among the real images, with nothing shifted, significantly changes no metric." in text

    def still(row: Row) -> Row:
        return row | {"moved": 0.0, "lo": -1.0, "hi": 1.0} if row.get("moved") is not None else row

    def stirred(row: Row) -> Row:
        return row | {"moved": 5.0, "lo": 4.0, "hi": 6.0} if row.get("moved") is not None else row

    assert f"{first}worse in none of 5 metrics; too noisy to tell: coverage, density" in said(changed(table, still))
    every = (
        "among the real images, with nothing shifted, significantly changes coverage, density, fd, precision, recall."
    )
    assert every in said(changed(table, stirred))


def test_its_cells_are_positive_where_a_metric_is_fooled(table: Table) -> None:
    cells = {(cell.metric, "normal" in cell.unit): cell for cell in find_study("outliers").cells(table)}
    one = cells["precision", True]
    assert one.failure == "outliers"
    assert one.value is not None
    assert one.lo is not None
    assert one.hi is not None
    assert 0 < one.lo < one.value < one.hi
    assert ("precision", False) in cells


def test_its_figure_has_a_map_for_each_kind_and_side(table: Table) -> None:
    assert figures.figure(table).drawing.count("change for the better, in standard errors<") == 4
    assert "Precision" in figures.figure(table).words


def test_outliers_replace_rows_and_the_other_set_is_shifted() -> None:
    real, fake, strange = (torch.randn(50, 4, generator=torch.Generator().manual_seed(i)) for i in range(3))
    strange = strange + 30
    found = {level: sets for level, *sets in with_outliers(real, fake, strange)}
    assert list(found) == list(product(("real", "generated"), (False, True), (0, 1, 5)))
    left, right = found["real", False, 0]
    assert torch.equal(left, real)
    assert torch.equal(right, fake)
    left, right = found["real", True, 5]
    assert torch.equal(left[:45], real[:45])
    assert torch.equal(left[45:], strange[:5])
    assert torch.allclose(right - fake, altered_sets.TOWARDS * (strange.mean(0) - fake.mean(0)), atol=1e-5)
    left, right = found["generated", True, 1]
    assert torch.equal(right[-1], strange[0])
    assert not torch.equal(left, real)


def test_strange_images_do_not_depend_on_how_they_are_read() -> None:
    images = Images(np.random.default_rng(0).integers(0, 256, (9, 8, 8, 1), np.uint8))
    source = source_of("some", images)
    for strange in (random_images(source, seed=4), negatives(source)):
        whole = read_all(strange).pixels
        np.testing.assert_array_equal(whole, np.concatenate([part.pixels for part in strange.runs(size=4)]))
    np.testing.assert_array_equal(whole, 255 - images.pixels)


def test_too_few_resamples_are_refused() -> None:
    with pytest.raises(BadStudy, match="2 resamples are too few") as e:
        made("outliers", digits(), resamples=2)
    assert e.value.hint == "use --resamples 3 or more"
