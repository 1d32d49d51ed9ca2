"""Cheats that would rank first are marked, and honest rows are not: from the images to the board."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from few_partitions import few_partitions
from genboard.benchmarks.evaluation_target import open_target
from genboard.benchmarks.metrics import reference_copies
from genboard.benchmarks.metrics.inputs import MetricInputs
from genboard.benchmarks.metrics.reference_copies import (
    reference_frechet_ratio,
    reference_nearest_ratio,
    z_score,
)
from genboard.benchmarks.result import MetricRecord, Result, UncertaintyRecord
from genboard.benchmarks.runner import Workspace, evaluate
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.board.versions import board_of, named, past_boards, past_track, what_changed
from genboard.leaderboard.maintenance.copies_test import Pool, herded, noisy
from genboard.leaderboard.storage.records import COMMITTED, Record, read_records
from genboard.leaderboard.submission.comparison import compared
from genboard.leaderboard.verification.copying import ALARMS, BEYOND, RATIOS, better_than_real, copying, threshold
from genboard.leaderboard.verification.levels import compared_suspicion
from genboard.leaderboard.verification.log import append, impossible, new_entry, read_entries, status
from genboard.leaderboard.verification.log_entry import Figures
from genboard.leaderboard.verification.private import private_images
from genboard.reference_stats.features import measure
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.images import ImageSource, sequence_digest
from genboard.registry.schema import Track
from genboard.registry.sources import open_images
from refusals import refused

from genboard.core.errors import BadSamples, GenboardError, UnknownName

DIGITS = find(Track, "digits")
RECORDS = read_records([COMMITTED]).readable
N = DIGITS.samples


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """The marks rest on the divisions of the real images, all of them, and on no partition of the samples."""
    with few_partitions(divisions=reference_copies.SPLITS):
        yield


def split(name: str) -> ImageSource:
    return load_split("digits", name)


def pixels(images: ImageSource) -> np.ndarray:
    return images.read(0, images.count).pixels


def chosen() -> np.ndarray:
    """500 of 3,985 noisy training images that match mean and covariance of the reference."""
    live = load_extractor("digits-cnn")
    candidates = [noisy(split("train"), 16, draw) for draw in range(5)]
    features = torch.cat([measure(images, live, moments=False).features for images in candidates])
    target = measure(split("reference"), live, moments=False).features
    return np.concatenate([pixels(images) for images in candidates])[herded(features, target, N).numpy()]


# What is submitted, and the columns that must say so.
CHEATS: dict[str, tuple[Callable[[], np.ndarray], set[str]]] = {
    "the reference": (lambda: pixels(split("reference")), {*RATIOS}),
    "the reference with noise 8": (lambda: pixels(noisy(split("reference"), 8)), {*RATIOS}),
    "the reference with noise 16": (lambda: pixels(noisy(split("reference"), 16)), {"reference_nn_ratio"}),
    "chosen to match the reference": (chosen, {"reference_fd_ratio", "c_t", "authenticity"}),
    "training images with noise 16": (lambda: pixels(noisy(split("train"), 16))[:N], {"c_t", "authenticity"}),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, np.ndarray], Record]:
    """A result of submitted images."""

    def of(name: str, images: np.ndarray) -> Record:
        folder = tmp_path_factory.mktemp("cheat")
        np.save(folder / "images.npy", images)
        target = open_target(str(folder / "images.npy"), DIGITS, name.replace(" ", "-"))
        done = evaluate(target, DIGITS, workspace=Workspace.under(folder))
        return Record(done.result, done.path)

    return of


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_marked_with_the_reason(measured: Callable[[str, np.ndarray], Record], cheat: str) -> None:
    images, by = CHEATS[cheat]
    record = measured(cheat, images())
    if cheat == "the reference":  # realism is infinite, which alone keeps it off a board that asks for that
        assert record.result.status == "partial"
        record = Record(record.result.model_copy(update={"status": "complete"}), record.path)
    row = next(r for r in make_board(DIGITS, [*RECORDS, record]).rows if r.result.id == record.result.id)
    assert row.copying.suspected
    assert {seen.partition(":")[0] for seen in row.copying.seen} >= by
    assert row.place is not None
    assert row.place.first == 1 or "training" in cheat
    assert row.from_images
    review = compared([record], RECORDS)
    assert "**suspected**" in review
    assert "neither that a generator drew them" in review


@pytest.mark.parametrize("name", ["vae", "projection-gan", "pca-gaussian"])
def test_an_honest_generator_is_not(tmp_path: Path, name: str) -> None:
    done = evaluate(name, DIGITS, workspace=Workspace.under(tmp_path))
    assert done.result.suspicion is not None
    for record in done.result.suspicion:
        assert record.value is not None
        assert record.uncertainty is not None
        assert record.uncertainty.lo < 1.1
        assert record.uncertainty.hi > 0.9
    board = make_board(DIGITS, [*RECORDS, Record(done.result, done.path)])
    row = next(row for row in board.rows if row.name == name)
    assert (row.copying.copies, row.copying.suspected, row.copying.seen) == (False, False, ())
    assert {key.partition(":")[0] for key in board.suspicion_columns} == {*RATIOS}


def test_a_result_from_before_has_null_and_the_reason() -> None:
    rows = make_board(DIGITS, RECORDS).to_json()["rows"]
    assert len(rows) > 10
    for row in rows:
        assert set(row["suspicion"]) == {f"{name}:digits-cnn" for name in RATIOS}
        for cell in row["suspicion"].values():
            assert cell["value"] is not None or cell["reason"]


@pytest.mark.parametrize("metric", [reference_nearest_ratio, reference_frechet_ratio])
@pytest.mark.parametrize("sizes", [(60, 60, 60), (80, 40, 60), (40, 120, 200)])
@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_ratios_of_samples_that_owe_nothing_to_the_reference_scatter_about_one(
    metric: Callable[..., object], sizes: tuple[int, int, int], scale: float
) -> None:
    # Whatever the quality, and whatever the sizes: sizes are of the samples, the reference, and the others.
    generator = torch.Generator().manual_seed(sum(sizes))
    found = []
    for _ in range(12):
        fake, reference, train, held_out = (
            torch.randn(n, 4, generator=generator) for n in (sizes[0], sizes[1], sizes[2], sizes[2])
        )
        inputs = MetricInputs(scale * fake, reference, train=train, reference=reference, held_out=held_out)
        found.append(z_score(metric(inputs)))  # type: ignore[arg-type]
    # The larger of two is not below the mean of either, and its spread is below that of one.
    assert -0.6 < np.mean(found) < 1.4
    assert np.std(found) < 2


@pytest.mark.parametrize("metric", [reference_nearest_ratio, reference_frechet_ratio])
def test_training_images_that_differ_from_the_reference_raise_no_suspicion(metric: Callable[..., object]) -> None:
    # An extractor may have learned from them: fresh samples are then nearer to the reference than to them.
    generator = torch.Generator().manual_seed(0)
    fake, reference, train, held_out = (torch.randn(200, 4, generator=generator) for _ in range(4))
    inputs = MetricInputs(fake, reference, train=train + 1, reference=reference, held_out=held_out)
    assert z_score(metric(inputs)) > -BEYOND  # type: ignore[arg-type]


@pytest.mark.parametrize("metric", [reference_nearest_ratio, reference_frechet_ratio])
def test_the_order_of_more_training_images_than_reference_images_decides_nothing(metric: Callable[..., object]) -> None:
    # A split begins with images of a few classes only, so its first ones are not like the reference.
    generator = torch.Generator().manual_seed(0)
    fake, reference, train, held_out = (torch.randn(n, 4, generator=generator) for n in (200, 200, 900, 200))
    by_class = train[train[:, 0].argsort()]
    z = [
        z_score(metric(MetricInputs(fake, reference, train=side, reference=reference, held_out=held_out + 1)))  # type: ignore[arg-type]
        for side in (train, by_class)
    ]
    assert abs(z[0] - z[1]) < 2
    assert min(z) > -BEYOND


def cell(name: str, value: float, se: float, direction: str | None = None) -> tuple[str, MetricRecord]:
    u = UncertaintyRecord(target="conditional", se=se, lo=value - 2 * se, hi=value + 2 * se, level=0.9545, method="m")
    record = MetricRecord(
        name=name, version=1, extractor="x", value=value, reason=None, direction=direction, uncertainty=u, n=100,
        n_reference=100, params={},
    )  # type: ignore[arg-type]  # fmt: skip
    return f"{name}:x", record


@pytest.mark.parametrize(
    ("cells", "suspected"),
    [
        ([cell("reference_nn_ratio", 0.0, 0.0)], True),
        ([cell("reference_nn_ratio", 0.9, 0.02)], True),
        ([cell("reference_nn_ratio", 0.9, 0.2)], False),
        ([cell("reference_fd_ratio", 3.0, 0.1)], False),
        ([cell("fd_debiased", -4.0, 1.0)], True),
        ([cell("fd_debiased", -1.0, 1.0)], False),
        ([cell("fd", 1.0, 0.1)], True),
        ([cell("fd", 1.9, 0.1)], False),
        ([cell("fd", 3.0, 0.1)], False),
    ],
)
def test_each_sign_alone_makes_a_suspect(cells: list[tuple[str, MetricRecord]], suspected: bool) -> None:
    floor = dict([cell("fd", 2.0, 0.1)])
    flags = copying(dict(cells), floor, "fd:x")
    assert (flags.copies, flags.suspected, bool(flags.seen)) == (False, suspected, suspected)


def test_a_value_better_than_real_images_is_marked_in_its_column() -> None:
    floor = dict([cell("fd", 2.0, 0.1, "lower"), cell("recall", 0.8, 0.01, "higher"), cell("density", 1.0, 0.01)])
    cells = dict([cell("fd", 1.0, 0.1, "lower"), cell("recall", 0.9, 0.01, "higher"), cell("density", 2.0, 0.01)])
    assert better_than_real(cells, floor) == ("fd:x", "recall:x")
    assert better_than_real(floor, cells) == ()


def test_the_threshold_of_a_track_that_was_not_calibrated_is_the_largest() -> None:
    assert threshold("another@1") >= max(threshold("digits@1"), threshold("mnist@1"), BEYOND)


@pytest.mark.slow
def test_real_images_are_suspected_as_often_as_is_allowed() -> None:
    pool, generator, count = Pool.of(DIGITS), torch.Generator().manual_seed(99), 300
    largest = [pool.partition("real", 0.0, generator).largest(pool.primary) for _ in range(count)]
    alarms = sum(size > threshold("digits@1") for size in largest)
    # The threshold is a quantile of as many partitions: both errors count.
    assert alarms <= count * ALARMS + 2.6 * (2 * count * ALARMS) ** 0.5
    assert max(largest) > 1


def logged(folder: Path, kind: str, record: Record) -> Record:
    """The result in a folder of its own, with a log that says so."""
    path = folder / record.path.name
    path.write_bytes(record.path.read_bytes())
    figures = Figures(columns=1, differing=(), largest_in_se=0.0, environment=record.result.environment)
    append(path, new_entry(path, kind, by="Ada", level=kind, figures=figures))  # type: ignore[arg-type]
    return Record(record.result, path)


def test_images_are_never_reproduced_whatever_a_log_says(tmp_path: Path) -> None:
    record = next(row.record for row in make_board(DIGITS, RECORDS).ranked)
    images = record.result.model_copy(
        update={"generator": record.result.generator.model_copy(update={"kind": "images"})}
    )
    for kind, problem in (("recomputed", None), ("reproduced", "reproduced, but images were submitted")):
        (tmp_path / kind).mkdir()
        path = logged(tmp_path / kind, kind, record).path
        assert impossible(images, read_entries(path)) == problem
        assert impossible(record.result, read_entries(path)) is None
        board = make_board(DIGITS, [Record(images, path)])
        assert bool(board.rows) == (problem is None)
        assert all("contradicts" in item.reason for item in board.left_out)


def test_what_was_measured_again_counts_before_what_the_result_says(tmp_path: Path) -> None:
    record = next(row.record for row in make_board(DIGITS, RECORDS).ranked)
    path = tmp_path / record.path.name
    path.write_bytes(record.path.read_bytes())
    near = cell("reference_nn_ratio", 0.2, 0.01)[1].model_copy(update={"extractor": "digits-cnn"})
    figures = Figures(
        columns=1, differing=(), largest_in_se=0.0, environment=record.result.environment, suspicion=(near,)
    )
    append(path, new_entry(path, "reproduced", by="Ada", level="reproduced", figures=figures))
    assert [one.value for one in status(read_entries(path)).suspicion or ()] == [near.value]
    (row,) = make_board(DIGITS, [Record(record.result, path)]).rows
    assert row.copying.suspected
    assert {key: one.value for key, one in row.suspicion.items()} == {near.key: near.value}


def test_suspicion_of_an_earlier_version_is_no_disagreement() -> None:
    found = [cell("reference_nn_ratio", 1.0, 0.01)[1].model_copy(update={"version": 2})]
    for version, agrees in ((1, []), (2, [False]), (3, [False])):
        published = [cell("reference_nn_ratio", 0.5, 0.01)[1].model_copy(update={"version": version})]
        assert [one.agrees for one in compared_suspicion(published, found)] == agrees


def private_track(home: Path, folder: Path, images: ImageSource) -> Path:
    """A user's copy of digits with a private reference, which lies in a file."""
    path = folder / "private.npy"
    np.save(path, pixels(images))
    own = f'private = {{ count = {images.count}, digest = "{sequence_digest(open_images(path).runs())}" }}'
    entry = (COMMITTED.parents[1] / "registry" / "entries" / "tracks" / "digits.toml").read_text("utf-8")
    (home / "entries" / "tracks").mkdir(parents=True)
    (home / "entries" / "tracks" / "hidden.toml").write_text(f"{own}\n{entry}", "utf-8")
    return path


@pytest.mark.parametrize(("cheat", "agrees"), [("the reference with noise 8", False), ("vae", True)])
def test_a_private_reference_tells_who_aimed_at_the_public_one(
    run: Callable[..., tuple[int, str, str]], own_home: Path, tmp_path: Path, cheat: str, agrees: bool
) -> None:
    # The held-out images stand in for a private reference.
    path = private_track(own_home, tmp_path, split("held-out"))
    if agrees:
        assert run("sample", "vae", "--track", "digits", "--samples", N, "--out", tmp_path / "samples")[0] == 0
        images = tmp_path / "samples"
    else:
        images = tmp_path / "images.npy"
        np.save(images, CHEATS[cheat][0]())
    code, _, err = run("evaluate", images, "--track", "hidden", "--name", "mine")
    assert code == 0, err
    (result,) = own_home.glob("results/hidden@1/mine/*.json")
    verify = ("verify", result, "--samples", images, "--private", path)
    code, out, err = run(*verify)
    assert code == 0, err
    assert ("public and private reference agree" in out) == agrees
    (row,) = board_of("hidden", read_records([own_home / "results"]).readable).rows
    assert row.verification.private is not None
    assert row.verification.private.agrees == agrees
    assert any(seen.startswith("private reference") for seen in row.copying.seen) == (not agrees)
    np.save(path, pixels(split("train")))
    assert "but the private reference has 500" in refused(run, *verify)


@pytest.fixture(scope="module")
def risen() -> tuple[Track, list[Record]]:
    """A track whose version has risen to 2, and results of version 1."""
    track = DIGITS.model_copy(
        update={"version": 2, "samples": 1000, "metrics": DIGITS.metrics[:-1], "notes": "twice the samples"}
    )
    return track, [record for record in RECORDS if record.result.track.name == "digits"]


def test_an_earlier_version_keeps_its_board_and_the_new_one_says_what_changed(
    risen: tuple[Track, list[Record]], monkeypatch: pytest.MonkeyPatch
) -> None:
    track, records = risen
    now = make_board(DIGITS, records)
    assert not make_board(track, records).rows
    (past,) = past_boards(track, records)
    assert past.track.id == "digits@1"
    assert [(row.name, row.place) for row in past.rows] == [(row.name, row.place) for row in now.rows]
    changed = what_changed(past, track)
    assert changed[0] == "samples: 500 before, now 1,000"
    assert "removed: kid:digits-cnn:train" in changed
    monkeypatch.setattr("genboard.leaderboard.board.versions.find", lambda _, name: track)
    assert board_of("digits@1", records).rows
    assert dict(board_of("digits", records).earlier) == {"digits@1": changed}
    assert board_of("digits", records).to_json()["earlier"] == {"digits@1": list(changed)}


@pytest.mark.parametrize("name", ["digits@0", "digits@9", "digits@", "digits@x", "digits@-1", "digits@1@1"])
def test_a_version_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UnknownName, match="digits"):
        named(name)
    assert named("digits") == named("digits@1") == (DIGITS, 1)


def test_an_earlier_version_without_a_result_that_can_be_ranked_has_no_board(
    risen: tuple[Track, list[Record]],
) -> None:
    track, records = risen
    spoilt: list[Result] = [
        record.result.model_copy(update={"specification": {**record.result.specification, "metrics": metrics}})
        for record in records[:2]
        for metrics in (None, [], [1], [{"name": "gone"}])
    ]
    with pytest.raises(GenboardError, match="no result of this version"):
        past_track(track, 1, [replace(records[0], result=result) for result in spoilt])
    assert past_boards(track, [replace(records[0], result=result) for result in spoilt]) == ()


def test_the_command_ranks_a_version(run: Callable[..., tuple[int, str, str]]) -> None:
    plain, version = (run("rank", "--track", name) for name in ("digits", "digits@1"))
    assert version[0] == 0
    assert version[1] == plain[1]
    assert "digits@7" in refused(run, "rank", "--track", "digits@7")


def test_a_track_without_a_private_reference_says_how_to_keep_one(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", pixels(split("held-out")))
    with pytest.raises(BadSamples) as caught:
        private_images(DIGITS, tmp_path / "x.npy")
    digest = sequence_digest(open_images(tmp_path / "x.npy").runs())
    assert f'private = {{ count = 500, digest = "{digest}" }}' in str(caught.value)
