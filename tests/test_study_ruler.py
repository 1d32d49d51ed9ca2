"""The ruler: ladders of altered images, their values by the metrics themselves, and where a value falls, in words."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.frechet import distance
from genboard.benchmarks.metrics.manifold import precision, recall
from genboard.benchmarks.studies import ladders, rungs
from genboard.benchmarks.studies.alterations import ALTERATIONS, strengthened
from genboard.benchmarks.studies.context import StudyContext
from genboard.benchmarks.studies.ladders import UNALTERED, Step, sheet, steps
from genboard.benchmarks.studies.ruler import HEADLINE, measured_columns, picture
from genboard.benchmarks.studies.rungs import Place, Rung, exactly, passing, phrase, place_of
from genboard.benchmarks.studies.table import Row, Table, read_table
from genboard.leaderboard.export import terminal
from genboard.leaderboard.storage.study_tables import COMMITTED, read_tables, save_table
from genboard.reference_stats.moments import Moments
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split
from genboard.registry.images import Images, source_of
from genboard.registry.schema import Track

from genboard.core.errors import BadStudy

KEY = "fd:digits-cnn"
PATHS = sorted(COMMITTED.glob("*/ruler.json"))


@pytest.fixture(scope="module")
def table() -> Table:
    return read_table(COMMITTED / "digits@1" / "ruler.json")


@pytest.fixture(scope="module")
def made(table: Table) -> list[Step]:
    track = find(Track, "digits")
    own = next(table.of("pictures"))
    images = (load_split("digits", split) for split in (track.held_out, track.train))
    return list(steps(*images, own["n"], table.card.parameters["seed"]))


def at(table: Table, ladder: str, severity: int, metric: str = KEY) -> Row:
    (row,) = table.of("value", ladder=ladder, severity=severity, metric=metric)
    return row


@pytest.mark.parametrize(("ladder", "severity"), [(UNALTERED, 0), ("blur", 11), ("noise", 13), ("classes", 3)])
def test_a_value_is_what_the_metric_says_of_the_altered_images(
    table: Table, made: list[Step], ladder: str, severity: int
) -> None:
    context = StudyContext(find(Track, "digits"), ())
    strength = at(table, ladder, severity)["strength"]
    (step,) = (one for one in made if one.ladder == ladder and one.strength == pytest.approx(strength))
    features = context.measure(step.images, context.space).features
    real = context.reference(context.space)
    fd = distance(real.moments, Moments.of(features), features)
    assert at(table, ladder, severity)["value"] == pytest.approx(fd, rel=0.02)
    for metric in (precision, recall):
        pairs = torch.cdist(features.double(), real.features.double()), _radii(features), _radii(real.features)
        share = (pairs[0] <= pairs[2]).any(1) if metric is precision else (pairs[0] <= pairs[1][:, None]).any(0)
        own = at(table, ladder, severity, f"{metric.__name__}:digits-cnn")["value"]
        assert own == pytest.approx(float(share.double().mean()), abs=0.01), metric.__name__


def _radii(features: torch.Tensor) -> torch.Tensor:
    """Distance to the third nearest other."""
    points = features.double()
    return torch.cdist(points, points).sort(dim=1).values[:, 3]


def test_a_ladder_alters_all_images_alike_and_further_at_each_step(made: list[Step]) -> None:
    plain = made[0].images.read(0, 500).pixels
    for name in ("blur", "noise"):
        own = [one for one in made if one.ladder == name]
        strengths = [one.strength for one in own]
        assert strengths == sorted(strengths)
        assert len(strengths) >= 16
        away = [np.abs(one.images.read(0, 500).pixels.astype(float) - plain).mean() for one in own]
        assert away == sorted(away)
        assert away[-1] > 20
    one = next(step for step in made if step.ladder == "blur" and step.strength > 0.1)
    alone = ALTERATIONS["blur"].fn(plain[7:8], one.strength, ())
    assert np.array_equal(one.images.read(7, 8).pixels, alone)


def test_a_class_that_is_missing_is_in_no_image_and_the_set_is_as_large(table: Table, made: list[Step]) -> None:
    own = [step for step in made if step.ladder == "classes"]
    assert len(own) >= 6
    held_out, train = (load_split("digits", split).read(0, 500) for split in ("held-out", "train"))
    for step, count in zip(own, range(1, 10), strict=False):
        images = step.images.read(0, 500)
        assert images.labels is not None
        assert len(step.missing) == count == step.strength
        assert set(images.labels.tolist()) == set(range(10)) - set(step.missing)
        assert [i for i, tile in enumerate(step.strip) if tile is None] == list(step.missing)
        row = next(table.of("step", ladder="classes", severity=count))
        assert row["missing"] == ", ".join(map(str, step.missing))
        assert row["filled"] == step.filled == int(np.isin(held_out.labels, step.missing).sum())
        known = {image.tobytes() for image in held_out.pixels}
        assert sum(image.tobytes() not in known for image in images.pixels) == pytest.approx(step.filled, abs=2)
    assert train.labels is not None
    assert {*own[0].missing} < {*own[1].missing} < {*own[2].missing}


def test_a_larger_share_of_noise_replaces_the_same_images_and_more(made: list[Step]) -> None:
    plain, before = made[0].images.read(0, 500).pixels, set()
    for step in (one for one in made if one.ladder == "replaced"):
        other = np.flatnonzero((step.images.read(0, 500).pixels != plain).any(axis=(1, 2, 3)))
        assert len(other) == round(step.strength * 500)
        assert before <= set(other.tolist())
        before = set(other.tolist())
        noisy = sum(not np.array_equal(tile, whole) for tile, whole in zip(step.strip, made[0].strip, strict=True))
        assert noisy == pytest.approx(10 * step.strength, abs=0.51)
    assert len(before) == 250


def test_without_classes_there_is_no_ladder_of_them_and_strips_are_of_the_first_images() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 70, 3), np.uint8)
    images = source_of("some", Images(pixels))
    found = list(steps(images, images, 50, 0))
    assert {step.ladder for step in found} == {UNALTERED, "blur", "noise", "replaced"}
    assert np.array_equal(found[0].strip, pixels[: ladders.TILES])
    strips, tile = sheet(found)
    assert tile == (40, 35)  # images of 80 x 70 are shown reduced
    assert strips.shape == (41 * len(found) - 1, 36 * 10 - 1, 4)


def test_too_few_classes_left_end_the_ladder() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), np.uint8)
    images = source_of("some", Images(pixels, np.repeat(np.arange(3), 20)))
    own = [step for step in steps(images, images, 45, 0) if step.ladder == "classes"]
    assert [step.strength for step in own] == [1.0]  # 40 held-out ones and 5 more; of one class there are 40 in all
    assert own[0].filled == 5


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parent.name)
def test_the_committed_ladders_rise_by_the_primary_metric(path: Path) -> None:
    """Down from one step to the next by no more than its error; the last step is far worse than the first."""
    own = read_table(path)
    found = rungs.ladders_of(own, own.card.primary)
    assert list(found) == ["blur", "noise", "classes", "replaced"]
    for name, ladder in found.items():
        assert [rung.severity for rung in ladder] == list(range(len(ladder)))
        for milder, rung in pairwise(ladder):
            assert rung.strength > milder.strength
            assert rung.loss > milder.loss - (rung.se or 0), (name, rung.severity)
        assert ladder[-1].loss > 10 * ladder[0].loss, name


def test_the_columns_are_those_that_boards_show_first() -> None:
    assert HEADLINE == terminal.HEADLINE
    found = [column.metric for column in measured_columns(StudyContext(find(Track, "digits"), ()))]
    assert found == ["fd", "kid", "precision", "recall", "coverage"]


def test_a_track_with_few_held_out_images_has_no_ruler(monkeypatch: pytest.MonkeyPatch) -> None:
    from genboard.benchmarks.studies.ruler import run

    few = find(Track, "digits").model_copy(update={"samples": 40})
    with pytest.raises(BadStudy, match="40 held-out images are too few"):
        run(StudyContext(few, ()), 0)


# What is kept


def test_the_picture_is_made_again_from_the_table_and_has_its_digest(table: Table, tmp_path: Path) -> None:
    path, changed = save_table(table, tmp_path)
    assert changed
    shown = path.with_suffix(".png")
    assert shown.read_bytes() == picture(table)
    found = read_tables([tmp_path])
    own = found.sheets["digits@1", "ruler"]
    committed = read_tables([COMMITTED]).sheets["digits@1", "ruler"]
    assert np.array_equal(own.pixels, committed.pixels)
    before = shown.stat().st_mtime_ns
    save_table(table, tmp_path)
    assert shown.stat().st_mtime_ns == before
    shown.write_bytes(b"no picture")
    assert not save_table(table, tmp_path)[1]
    assert shown.read_bytes() == picture(table)


@pytest.mark.parametrize("damage", ["gone", "other", "broken"])
def test_a_picture_that_is_not_the_tables_is_named_and_not_shown(table: Table, tmp_path: Path, damage: str) -> None:
    path, _ = save_table(table, tmp_path)
    shown = path.with_suffix(".png")
    if damage == "gone":
        shown.unlink()
    elif damage == "broken":
        shown.write_bytes(shown.read_bytes()[:2000])
    else:
        shown.write_bytes((COMMITTED / "mnist-1k@1" / "ruler.png").read_bytes())
    found = read_tables([tmp_path])
    assert not found.sheets
    assert found.unreadable == (("digits@1/ruler.png", "not the picture that the table names"),)
    assert ("digits@1", "ruler") in found.readable


# Where a value falls


def ladder(*values: float, name: str = "noise", se: float = 0.001) -> list[Rung]:
    """Rungs at strengths 0, 0.1, 0.2, ..., or at whole numbers of classes."""
    unit = 1.0 if name == "classes" else 0.1
    return [
        Rung(UNALTERED if i == 0 else name, i, i * unit, v, se, v - 1.96 * se, v + 1.96 * se, v)
        for i, v in enumerate(values)
    ]


def test_a_value_between_two_rungs_is_interpolated_and_beyond_the_last_it_is_not() -> None:
    rungs_ = ladder(1.0, 2.0, 4.0)
    assert [passing(rungs_, x) for x in (0.5, 1.0, 1.5, 3.0, 4.0)] == pytest.approx([0, 0, 0.05, 0.15, 0.2])
    assert passing(rungs_, 4.01) is None
    assert passing(ladder(1.0, 3.0, 2.0, 5.0), 3.5) == pytest.approx(0.225)  # the second step counts as the first
    assert passing(ladder(1.0, 3.0, 2.0, 5.0), 2.5) == pytest.approx(0.075)


def fell(rungs_: list[Rung], value: float, se: float) -> Place:
    return place_of(rungs_, KEY, value, se, value - 1.96 * se, value + 1.96 * se)


def test_a_place_is_as_wide_as_the_two_errors() -> None:
    place = fell(ladder(1.0, 2.0, 3.0, 4.0, se=0.04), 2.5, 0.03)
    assert (place.low, place.high) == pytest.approx((0.15 - 0.0098, 0.15 + 0.0098), abs=1e-4)
    assert fell(ladder(1.0, 2.0, 3.0, se=0.04), 1.02, 0.03).as_unaltered
    assert fell(ladder(1.0, 2.0, 3.0), 1.5, 0.01) == Place(None, pytest.approx(0.052, abs=1e-3))
    assert fell(ladder(1.0, 2.0, 3.0), 3.0, 0.1).high is None
    assert fell(ladder(1.0, 2.0, 3.0), 9.0, 0.1) == Place(pytest.approx(0.2), None, beyond=True)


def test_a_higher_value_is_milder_where_higher_is_better() -> None:
    falling = [Rung(r.ladder, r.severity, r.strength, -r.value, r.se, -r.hi, -r.lo, r.loss) for r in _known()]  # type: ignore[operator]
    place = place_of(falling, "coverage:digits-cnn", -2.5, 0.03, -2.56, -2.44)
    assert (place.low, place.high) == pytest.approx((0.14, 0.16), abs=0.002)


def _known() -> list[Rung]:
    return ladder(1.0, 2.0, 3.0, 4.0, se=0.04)


SAID = [
    ("noise", exactly(0.1234), "with noise of 12% of the range"),
    ("noise", Place(0.121, 0.124), "with noise of 12% of the range"),
    ("noise", Place(0.11, 0.13), "with noise of between 11% and 13% of the range"),
    ("blur", Place(0.05, 0.06), "blurred by between 0.4 and 0.48 pixels"),
    ("blur", Place(None, 0.05), "blurred by up to 0.4 pixels"),
    ("blur", Place(None, 0.001), "blurred by less than 0.1 pixels"),
    ("blur", Place(0.1, None), "blurred by at least 0.8 pixels"),
    ("blur", Place(0.2, None, beyond=True), "blurred by more than 1.6 pixels"),
    ("replaced", Place(0.034, 0.05), "with between 3.4% and 5% of them replaced by noise"),
    ("classes", Place(0.9, 1.2), "with 1 of 10 classes missing"),
    ("classes", Place(1.2, 1.7), "with between 1 and 2 of 10 classes missing"),
    ("classes", Place(1.2, 2.7), "with 2 of 10 classes missing"),
    ("classes", Place(1.2, 3.7), "with between 2 and 3 of 10 classes missing"),
    ("classes", Place(None, 2.6), "with up to 2 of 10 classes missing"),
    ("classes", Place(None, 0.6), "with less than 1 of 10 classes missing"),
]


@pytest.mark.parametrize(("name", "place", "words"), SAID, ids=[words for _, _, words in SAID])
def test_a_place_in_words(table: Table, name: str, place: Place, words: str) -> None:
    assert phrase(table, name, place) == words


def test_in_a_table_the_words_are_short(table: Table) -> None:
    places = {
        "blur": Place(0.05, 0.06),
        "noise": exactly(0.1),
        "classes": Place(1.2, 3.7),
        "replaced": Place(0.1, None),
    }
    said = [phrase(table, name, place, short=True) for name, place in places.items()]
    assert said == ["0.4 to 0.48 pixels", "10%", "2 to 3 of 10", "at least 10%"]


def test_a_strength_of_ones_own_is_that_of_a_severity() -> None:
    source = load_split("digits", "held-out").first(5)
    strength = ALTERATIONS["noise"].strengths[2]
    from genboard.benchmarks.studies.alterations import altered

    again = strengthened("noise", source, strength, 4).read(0, 5).pixels
    assert np.array_equal(again, altered("noise", source.read(0, 5).pixels, 3, 4))
