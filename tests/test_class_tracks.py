"""Tracks that ask for classes: labels that are asked for, who obeys, what is refused, where the permanent rows are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from genboard.benchmarks.drawing import draw
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.given_labels import refuse_labels
from genboard.benchmarks.result import read_result
from genboard.leaderboard.board.board import Board, make_board
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.verification.inputs import track_of
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_split, split_labels
from genboard.registry.generators.draws import Draw
from genboard.registry.images import read_all
from genboard.registry.schema import Generator, Track
from refusals import GREY, Run, png, refused

from genboard.core.errors import BadEntry, BadImages, BadSamples, GenboardError

TRACK = find(Track, "digits-class")
CLASS_TRACKS = [track for track in entries(Track).values() if track.task == "class"]


def by_pixels(split: str) -> dict[bytes, int]:
    images = read_all(load_split("digits", split))
    assert images.labels is not None
    return {pixels.tobytes(): int(label) for pixels, label in zip(images.pixels, images.labels, strict=True)}


def shown_and_asked(name: str, split: str) -> list[tuple[int, int]]:
    plan = plan_for(open_target(name, TRACK), TRACK)
    known, pixels = by_pixels(split), draw(plan, 0, plan.n).pixels
    assert plan.asked.labels is not None
    return [(known[one.tobytes()], label) for one, label in zip(pixels, plan.asked.labels, strict=True)]


def test_labels_are_asked_for_as_the_reference_has_them():
    labels = plan_for(open_target("vae", TRACK), TRACK).asked.labels
    found = split_labels("digits", "reference")
    assert labels is not None
    assert found is not None
    assert Counter(labels) == Counter(found.tolist())


@pytest.mark.parametrize(("name", "split"), [("held-out", "held-out"), ("train-copy", "train")])
def test_real_images_are_of_the_class_that_is_asked_for(name: str, split: str):
    pairs = shown_and_asked(name, split)
    assert all(shown == asked for shown, asked in pairs)


@pytest.mark.parametrize("name", ["held-out", "train-copy", "shuffled-labels"])
def test_each_real_image_comes_once_as_far_as_there_are_enough(name: str):
    plan = plan_for(open_target(name, TRACK), TRACK)
    times = Counter(one.tobytes() for one in draw(plan, 0, plan.n).pixels)
    assert max(times.values()) <= 2  # splits may differ by an image in each class
    assert len(times) >= plan.n - 10


def test_shuffled_labels_are_right_by_chance_alone():
    pairs = shown_and_asked("shuffled-labels", "held-out")
    assert 0.03 < np.mean([shown == asked for shown, asked in pairs]) < 0.2


def test_an_unconditional_model_ignores_the_label():
    sampler = open_target("vae", TRACK).generator
    assert sampler is not None
    one, other = (sampler.sample([Draw(2026, i, label) for i in range(64)]) for label in (3, 7))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("track", CLASS_TRACKS, ids=lambda t: t.name)
def test_a_track_of_classes_has_its_permanent_rows(track: Track):
    def runs(name: str) -> bool:
        tracks = find(Generator, name).tracks
        return tracks == "all" or track.name in tracks

    assert {"held-out", "train-copy", "noise", "mean-image", "one-image"} <= set(filter(runs, entries(Generator)))
    assert any(runs(name) for name, entry in entries(Generator).items() if entry.task == "unconditional")


@pytest.mark.parametrize("name", ["digits-class", "mnist-class"])
def test_there_are_real_images_with_shuffled_labels(name: str):
    assert name in find(Generator, "shuffled-labels").tracks


def test_images_without_labels_are_refused(run: Run, tmp_path: Path):
    np.save(tmp_path / "x.npy", np.zeros((4, 8, 8), np.uint8))
    fact = refused(run, "evaluate", tmp_path / "x.npy", "--track", "digits-class")
    assert "the images have no labels, and track digits-class@1 asks for classes" in fact


def test_labels_that_are_no_class_are_refused(run: Run, tmp_path: Path):
    rows = ["file_name,label"]
    for i, label in enumerate((3, 12)):
        (tmp_path / f"{i}.png").write_bytes(png(GREY[i]))
        rows.append(f"{i}.png,{label}")
    (tmp_path / "metadata.csv").write_text("\n".join(rows), "utf-8")
    fact = refused(run, "evaluate", tmp_path, "--track", "digits-class", "--name", "mine")
    assert "label 12 is none of the 10 classes of digits, 0 to 9" in fact


def test_a_track_of_classes_without_labels_is_refused():
    unlabelled = TRACK.model_copy(update={"dataset": "stl10-unlabeled"})
    with pytest.raises(BadSamples, match="needs classes, but data set 'stl10-unlabeled' has no labels"):
        refuse_labels(unlabelled, [0], "x")


@pytest.mark.parametrize(("labels", "fact"), [(None, "have no labels"), ([3, -1], "label -1 is none of the 10")])
def test_labels_are_checked_wherever_they_come_from(labels: list[int] | None, fact: str):
    refuse_labels(TRACK, [0, 9], "x")
    refuse_labels(find(Track, "digits"), labels, "x")
    with pytest.raises(BadImages, match=fact):
        refuse_labels(TRACK, labels, "x")


def test_mnist_asks_for_labels_as_its_reference_has_them():
    track = find(Track, "mnist-class")
    try:
        found = split_labels(track.dataset, track.reference)
        labels = plan_for(open_target("held-out", track), track).asked.labels
    except GenboardError as e:
        pytest.skip(f"MNIST is not here: {e.fact}")
    assert found is not None
    assert labels is not None
    shares = np.bincount(found) / len(found) * track.samples
    assert np.abs(np.bincount(labels) - shares).max() < 1


def test_a_result_on_classes_can_be_measured_again_with_its_own_labels():
    path = next((COMMITTED / TRACK.id / "acgan").glob("*.json"))
    result = read_result(path)
    assert track_of(path, result) == TRACK
    other = {**result.specification["sampling"], "labels": "0" * 64}
    forged = result.model_copy(update={"specification": {**result.specification, "sampling": other}})
    with pytest.raises(BadEntry, match=r"sampling\.labels"):
        track_of(path, forged)


@pytest.fixture(scope="module")
def board() -> Board:
    return make_board(TRACK, read_records([COMMITTED]).readable)


CONDITIONAL = (
    "intra_kid:digits-cnn",
    "conditional_accuracy:digits-cnn",
    "conditional_accuracy_corrected:digits-cnn",
    "cas:pixels",
    "cas_gap:pixels",
    "gan_test:pixels",
)


def value(board: Board, name: str, key: str) -> float:
    cell = next(row for row in board.rows if row.name == name).cells[key]
    assert cell.value is not None
    return cell.value


def interval(board: Board, name: str, key: str) -> tuple[float, float]:
    u = next(row for row in board.rows if row.name == name).cells[key].uncertainty
    assert u is not None
    return u.lo, u.hi


@pytest.mark.parametrize("key", CONDITIONAL)
@pytest.mark.parametrize("name", ["shuffled-labels", "vae"])
def test_who_does_not_obey_is_at_the_bottom_of_what_asks_for_it(board: Board, key: str, name: str):
    lower = key.startswith(("intra_kid", "cas_gap"))
    obedient = ("held-out", "acgan", "projection-gan", "ddpm-guided")
    for other in obedient:
        (lo, hi), (best, worst) = interval(board, name, key), interval(board, other, key)
        assert lo > worst if lower else hi < best


@pytest.mark.parametrize(
    "key",
    [
        "intra_kid:lenet-mnist",
        "intra_fd:lenet-mnist",
        "conditional_accuracy:lenet-mnist",
        "cas:pixels",
        "gan_test:pixels",
    ],
)
def test_of_mnist_too(key: str):
    board = make_board(find(Track, "mnist-class"), read_records([COMMITTED]).readable)
    sign = -1 if key.startswith("intra") else 1
    models = ("mnist-acgan", "mnist-ddpm", "mnist-flow-matching")
    obedient = [sign * value(board, name, key) for name in ("held-out", *models)]
    others = [sign * value(board, name, key) for name in ("shuffled-labels", "mnist-dcgan", "mnist-vae")]
    assert min(obedient) > max(others)


def test_obeying_is_not_being_of_use():
    # AC-GAN narrows its classes: a classifier learns more from samples that are less often right.
    board = make_board(find(Track, "mnist-class"), read_records([COMMITTED]).readable)
    (_, acgan), (flow, _) = (interval(board, name, "cas:pixels") for name in ("mnist-acgan", "mnist-flow-matching"))
    assert acgan < flow
    (acgan, _), (_, flow) = (
        interval(board, name, "conditional_accuracy:lenet-mnist") for name in ("mnist-acgan", "mnist-flow-matching")
    )
    assert acgan > flow


@pytest.mark.parametrize("key", ["conditional_accuracy_corrected:digits-cnn", "gan_test:pixels", "cas:pixels"])
def test_shuffled_labels_are_right_as_often_as_chance(board: Board, key: str):
    assert value(board, "shuffled-labels", key) == pytest.approx(0.1, abs=0.05)


@pytest.mark.parametrize("key", ["fd:digits-cnn", "kid:digits-cnn", "precision:digits-cnn", "coverage:digits-cnn"])
def test_shuffled_labels_are_fine_where_labels_do_not_count(board: Board, key: str):
    lo, hi = interval(board, "held-out", key)
    assert lo <= value(board, "shuffled-labels", key) <= hi


def test_real_images_are_as_good_as_real_images(board: Board):
    for key, best in (("intra_kid:digits-cnn", 0.0), ("cas_gap:pixels", 0.0)):
        lo, hi = interval(board, "held-out", key)
        assert lo <= best <= hi
    lo, hi = interval(board, "held-out", "conditional_accuracy_corrected:digits-cnn")
    assert lo <= 1.0 <= hi


def test_no_model_is_above_real_images_where_labels_and_variety_count(board: Board):
    for key, better in (("intra_kid:digits-cnn", 1), ("cas:pixels", -1)):
        floor = value(board, "held-out", key)
        for row in board.rows:
            if not row.result.generator.baseline:
                assert better * value(board, row.name, key) > better * floor
