"""Images made worse: the alterations keep their laws, the tests are right, and the study says what its table holds."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest
from genboard.benchmarks.studies import alterations, corruptions
from genboard.benchmarks.studies.alterations import ALTERATIONS, SEVERITIES, altered, altered_source
from genboard.benchmarks.studies.context import StudyContext
from genboard.benchmarks.studies.evaluator import response
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.spread import of_blocks, of_subsets
from genboard.benchmarks.studies.table import Row, Table
from genboard.leaderboard.study_figures import corruptions as figures
from genboard.registry.datasets import load_split
from genboard.registry.images import Images, read_all, source_of
from hypothesis import given, settings
from hypothesis import strategies as st
from study_runs import digits, made, said

from genboard.core.errors import BadStudy

every_one = pytest.mark.parametrize("name", sorted(ALTERATIONS))


@given(
    name=st.sampled_from(sorted(ALTERATIONS)),
    severity=st.integers(0, SEVERITIES),
    shape=st.tuples(st.integers(1, 5), st.integers(4, 12), st.integers(4, 12), st.sampled_from([1, 3])),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=60, deadline=None)
def test_alterations_keep_shape_and_type_and_come_again(
    name: str, severity: int, shape: tuple[int, ...], seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    before = pixels.copy()
    found = altered(name, pixels, severity, seed, first=3)
    assert found.shape == shape
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(found, altered(name, pixels, severity, seed, first=3))
    # One image alone, at its place among all, is altered as it is among the others.
    np.testing.assert_array_equal(found[-1:], altered(name, pixels[-1:], severity, seed, first=2 + shape[0]))
    if severity == 0:
        np.testing.assert_array_equal(found, pixels)


@every_one
def test_images_change_more_with_every_severity(name: str) -> None:
    pixels = read_all(load_split("digits", "held-out").first(100)).pixels
    away = [np.abs(altered(name, pixels, severity).astype(int) - pixels).mean() for severity in range(SEVERITIES + 1)]
    assert away[0] == 0
    assert all(np.diff(away) > 0), away


@pytest.mark.parametrize("name", ["noise", "shift", "swapped-patches"])
def test_another_seed_gives_other_images(name: str) -> None:
    pixels = read_all(load_split("digits", "held-out").first(8)).pixels
    assert (altered(name, pixels, 3, seed=1) != altered(name, pixels, 3, seed=2)).any()


@every_one
def test_images_read_a_run_at_a_time_are_altered_alike(name: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 1), np.uint8)
    source = altered_source(name, source_of("some", Images(pixels)), 2, seed=5)
    together = np.concatenate([images.pixels for images in source.runs(size=3)])
    np.testing.assert_array_equal(together, altered(name, pixels, 2, seed=5))


def test_swapped_patches_lose_no_pixel() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)
    for severity in range(1, SEVERITIES + 1):
        found = altered("swapped-patches", pixels, severity)
        assert sorted(found.ravel()) == sorted(pixels.ravel())
        assert (found != pixels).sum() == 4 * 2 * ALTERATIONS["swapped-patches"].strengths[severity - 1]


def test_changes_have_intervals_that_hold_their_mean_as_often_as_they_say() -> None:
    random = np.random.default_rng(0)
    held = [of_blocks(list(random.normal(1, 2, 5))) for _ in range(400)]
    assert 0.91 < fmean(change.lo <= 1 <= change.hi for change in held) < 0.99
    inside = []
    for _ in range(300):
        images = random.normal(1, 2, 200)
        means = [images[random.permutation(200)[:100]].mean() for _ in range(6)]
        inside.append(of_subsets(means, 100, 200))
    assert 0.91 < fmean(change.lo <= 1 <= change.hi for change in inside)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("corruptions")))
        patch.setattr(corruptions, "ALTERATIONS", {name: ALTERATIONS[name] for name in ("blur", "noise")})
        return made("corruptions", digits(), resamples=4)


def test_blur_and_noise_are_noticed_by_the_frechet_distance(table: Table) -> None:
    for name in ("blur", "noise"):
        rows = [row for row in table.of("value", corruption=name, metric="fd:digits-cnn") if row["severity"]]
        assert response(rows)[0] == "worse"
    moved = [row["moved"] for row in table.of("value", corruption="blur", metric="fd:digits-cnn") if row["severity"]]
    assert moved == sorted(moved)
    text = said(table)
    assert "blur: worse in " in text
    assert " of 6 metrics: " in text
    found = {(cell.metric, cell.failure) for cell in find_study("corruptions").cells(table)}
    assert {("fd", "blur"), ("fd", "noise"), ("coverage", "noise")} <= found


@pytest.mark.parametrize(
    ("moved", "words"),
    [
        ([5, 5, 5, 5, 5], "worse in 1 of 1 metrics: fd."),
        ([0, 0, 5, 5, 5], "worse in 1 of 1 metrics: fd (from severity 3 on)."),
        ([-5, -5, -5, -5, -5], "worse in none of 1 metrics; better: fd."),
        ([0, 5, 5, 5, 0], "worse in none of 1 metrics; no steady trend: fd."),
        ([-5, 0, 0, 0, 5], "worse in none of 1 metrics; no steady trend: fd."),
        ([0, 1, -1, 1.5, 1], "worse in none of 1 metrics; too noisy to tell: fd."),
        ([None] * 5, "worse in none of 0 metrics; no interval on so few images: fd."),
    ],
)
def test_the_verdict_follows_the_table(table: Table, moved: list[float | None], words: str) -> None:
    def one(row: Row) -> Row:
        by = moved[int(row["severity"]) - 1] if row["severity"] else None
        return row | {"moved": by, "lo": by - 1, "hi": by + 1} if by is not None else row | {"lo": None}

    rows = [one(row) for row in table.of("value", corruption="blur", metric="fd:digits-cnn")]
    assert len(rows) == 6
    alone = Table.model_validate({**table.to_json(), "rows": rows})
    assert said(alone).splitlines()[0] == f"blur: {words}"


def test_its_figure_has_a_map_for_each_alteration(table: Table) -> None:
    svg = figures.figure(table).drawing
    assert svg.startswith("<svg")
    assert svg.count("change for the worse, in standard errors<") == 2
    assert "Blur: change for the worse" in figures.figure(table).words


@pytest.mark.parametrize(("resamples", "hint"), [(2, "--resamples 3 to 20"), (400, "--resamples 3 to 20")])
def test_parts_that_are_too_few_or_too_small_are_refused(resamples: int, hint: str) -> None:
    with pytest.raises(BadStudy, match="parts") as e:
        made("corruptions", digits(), resamples=resamples)
    assert e.value.hint is not None
    assert hint in e.value.hint


def test_an_interrupted_study_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corruptions, "ALTERATIONS", {name: ALTERATIONS[name] for name in ("blur", "noise")})
    track, drawn = digits("fd", samples=90), []
    measure = StudyContext.measure

    def counted(self: StudyContext, images: object, extractor: str) -> object:
        drawn.append(images)
        if len(drawn) == SEVERITIES + 2:
            raise KeyboardInterrupt
        return measure(self, images, extractor)  # type: ignore[arg-type]

    monkeypatch.setattr(StudyContext, "measure", counted)
    with pytest.raises(KeyboardInterrupt):
        made("corruptions", track, resamples=3)
    first = made("corruptions", track, resamples=3)
    assert len(drawn) == SEVERITIES + 2 + SEVERITIES + 1  # the first alteration is not measured again
    assert made("corruptions", track, resamples=3).same_as(first)
    assert len(drawn) == SEVERITIES + 2 + SEVERITIES + 1


def test_generators_that_are_named_are_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corruptions, "ALTERATIONS", {"contrast": ALTERATIONS["contrast"]})
    table = made("corruptions", digits("fd", samples=90), ["vae"], resamples=3)
    assert table.card.generators == ()
    assert "no generator" in table.card.left_out["vae"]


def test_every_alteration_has_as_many_strengths_as_there_are_severities() -> None:
    assert len(ALTERATIONS) == 7
    for row in ALTERATIONS.values():
        assert len(row.strengths) == SEVERITIES
        assert list(row.strengths) == sorted(row.strengths)
    assert alterations.GRID**2 >= 2 * max(ALTERATIONS["swapped-patches"].strengths)
