"""Images that workers read and measure: the features and moments of one process to the bit, and clear errors."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from genboard.benchmarks.evaluation_target import open_target
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.benchmarks.shards import png
from genboard.reference_stats import measuring_task, store
from genboard.reference_stats.build import build, build_into
from genboard.reference_stats.features import Measured, measure
from genboard.reference_stats.on_workers import Wanted, measure_on_workers, noting
from genboard.reference_stats.statistics import make_recipe
from genboard.registry.catalog import track
from genboard.registry.conversions import converted
from genboard.registry.datasets import load_split
from genboard.registry.extractors import LiveExtractor, load_extractor
from genboard.registry.images import ImageSource, read_all
from genboard.registry.sources import open_images
from here import HereExecutor
from reference_builds import RECIPE, same_bits
from worker_processes import worker_processes

from genboard.core.errors import BadWorkers
from genboard.core.executor.common_folder import CommonFolder
from genboard.core.executor.local import LocalExecutor

DIGITS = track("digits")
N = 300
PIXELS = read_all(load_split("digits", "train").first(N)).pixels
P = TypeVar("P")
R = TypeVar("R")


@pytest.fixture(autouse=True)
def nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a new worker."""
    for opened in ("_SOURCE", "_SPACE"):
        monkeypatch.setattr(measuring_task, opened, {})


def folder(path: Path) -> Path:
    path.mkdir()
    for number, pixels in enumerate(PIXELS):
        (path / f"{number:04d}.png").write_bytes(png(pixels))
    return path


def archive(path: Path) -> Path:
    return Path(shutil.make_archive(str(path), "zip", folder(path)))


def array(path: Path) -> Path:
    np.savez_compressed(path, PIXELS, np.arange(N) % 10)
    return path.with_suffix(".npz")


def parquet(path: Path) -> Path:
    rows = {"image": [{"bytes": png(pixels), "path": None} for pixels in PIXELS], "label": [n % 10 for n in range(N)]}
    pq.write_table(pa.table(rows), path.with_suffix(".parquet"), row_group_size=70)
    return path.with_suffix(".parquet")


KINDS: dict[str, Callable[[Path], Path]] = {"folder": folder, "zip": archive, "npz": array, "parquet": parquet}


def same(a: Measured, b: Measured) -> None:
    for name in ("features", "logits", "labels", "keys"):
        one, other = getattr(a, name), getattr(b, name)
        assert (one is None) == (other is None), name
        assert one is None or torch.equal(one, other), name
    assert a.digest == b.digest
    assert (a.moments is None) == (b.moments is None)
    if a.moments is not None and b.moments is not None:
        assert torch.equal(a.moments.mean, b.moments.mean)
        assert torch.equal(a.moments.scatter, b.moments.scatter)


def measured_on(
    source: ImageSource,
    space: LiveExtractor,
    pieces: Path,
    executor: Any = None,
    conversions: Sequence[str] = (),
    seen: Sequence[bytes] | None = None,
) -> Measured:
    wanted = Wanted(space, conversions)
    return measure_on_workers(executor or HereExecutor(), source, [wanted], pieces, "these images", seen)[wanted.name]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("space", "conversions"), [("digits-cnn", ()), ("pixels", ("resize-5",))], ids=["network", "converted"]
)
def test_workers_give_the_features_and_moments_of_one_process(
    kind: str, space: str, conversions: tuple[str, ...], tmp_path: Path
) -> None:
    source, live = open_images(KINDS[kind](tmp_path / "images")), load_extractor(space)
    there = measured_on(source, live, tmp_path / "pieces", conversions=conversions)
    same(there, measure(converted(source, conversions), live))


def test_a_relative_path_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path / "images")
    monkeypatch.chdir(tmp_path)
    source = open_images(Path("images")).first(140)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert source.again is not None
    assert np.array_equal(read_all(source.again()).pixels, PIXELS[:140])


def test_what_a_run_has_left_is_taken_up_and_what_is_damaged_made_again(tmp_path: Path) -> None:
    source, live = open_images(array(tmp_path / "images")), load_extractor("digits-cnn")
    whole = measure(source, live)
    with pytest.raises(KeyboardInterrupt):
        measured_on(source, live, tmp_path / "pieces", HereExecutor(stops_at=2))
    kept = sorted((tmp_path / "pieces").rglob("*.safetensors"))
    assert len(kept) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:-1] + b"x")
    rest = HereExecutor()
    same(measured_on(source, live, tmp_path / "pieces", rest), whole)
    assert rest.done == 2
    assert not list((tmp_path / "pieces").glob(".workers-*"))


def test_a_worker_that_does_not_see_the_images_says_so(tmp_path: Path) -> None:
    source, live = open_images(folder(tmp_path / "images")), load_extractor("digits-cnn")
    shutil.move(tmp_path / "images", tmp_path / "moved")
    with pytest.raises(BadWorkers, match=r"^worker \S+ cannot open .*images: no such file or folder"):
        measured_on(source, live, tmp_path / "pieces")
    shutil.move(tmp_path / "moved", tmp_path / "images")
    (tmp_path / "images" / "0007.png").unlink()
    with pytest.raises(BadWorkers, match=r"sees 299 images in .*images, and \S+ sees 300"):
        measured_on(source, live, tmp_path / "pieces")


def test_images_that_have_changed_since_they_were_read_are_refused(tmp_path: Path) -> None:
    source, live = open_images(folder(tmp_path / "images")), load_extractor("digits-cnn")
    seen: list[bytes] = []
    assert sum(map(len, noting(source.runs(), seen))) == len(seen) == N
    (tmp_path / "images" / "0130.png").write_bytes(png(255 - PIXELS[130]))
    with pytest.raises(BadWorkers, match=r"reads other images from .*images than \S+: those from 125 to 249 have"):
        measured_on(source, live, tmp_path / "pieces", seen=seen)


def test_a_worker_with_another_feature_space_or_data_set_is_refused(tmp_path: Path) -> None:
    source, live = load_split("digits", "train"), load_extractor("digits-cnn")
    newer = replace(live, entry=live.entry.model_copy(update={"version": 99}))
    with pytest.raises(BadWorkers, match="has another feature space digits-cnn"):
        measured_on(source, newer, tmp_path / "pieces")
    measuring_task._SOURCE.clear()
    with pytest.raises(BadWorkers, match=r"cannot open digits/train: data set 'digits' has digest \w+, not 000000"):
        measured_on(replace(source, again=_other_digest), live, tmp_path / "pieces")


def _other_digest() -> ImageSource:
    from genboard.registry.datasets import _same_split

    return _same_split("digits", "train", "0" * 64)


def test_a_worker_that_does_not_see_the_folder_says_so(tmp_path: Path) -> None:
    with CommonFolder.at(tmp_path / "out") as common:
        common.expect()
        with pytest.raises(BadWorkers, match=r"^worker \S+ does not see /nowhere"):
            replace(common, path="/nowhere").expect()
    with pytest.raises(BadWorkers, match="does not see"):
        common.expect()


@pytest.mark.parametrize("space", ["digits-cnn", "pixels"])
@pytest.mark.parametrize("split", ["reference", "train"])
def test_workers_build_the_statistics_of_one_process(space: str, split: str, own_home: Path) -> None:
    recipe = make_recipe("digits", split, space, 200)
    built = store.load(build_into(own_home / "references", recipe, executor=HereExecutor()))
    whole = build(recipe)
    for name, array in store.arrays_of(whole).items():
        assert torch.equal(store.arrays_of(built)[name], array), name
    assert built.image_digest == whole.image_digest
    assert not list((own_home / "building").iterdir())


def test_a_build_that_was_interrupted_goes_on_with_what_workers_left(own_home: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        build_into(own_home / "references", RECIPE, executor=HereExecutor(stops_at=3))
    rest = HereExecutor()
    same_bits(store.load(build_into(own_home / "references", RECIPE, executor=rest)), build(RECIPE))
    assert rest.done == 1


class Killing(LocalExecutor):
    """Loses a worker after the first piece."""

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        for number, done in enumerate(super().run(task, pieces)):
            if number == 0:
                os.kill(worker_processes()[0], signal.SIGKILL)
            yield done


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
def test_a_build_bears_the_loss_of_a_worker(own_home: Path) -> None:
    recipe, executor = make_recipe("digits", "train", "digits-cnn", 200), Killing(2)
    same_bits(store.load(build_into(own_home / "references", recipe, executor=executor)), build(recipe))
    assert executor.restarts == 1


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_local_workers_build_the_same(workers: int, own_home: Path) -> None:
    executor = LocalExecutor(workers)
    same_bits(store.load(build_into(own_home / "references", RECIPE, executor=executor)), build(RECIPE))


def unlike(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in ("cost", "provenance", "environment")}


@pytest.mark.slow
@pytest.mark.usefixtures("quick_intervals")
def test_a_result_of_images_is_the_same_but_for_its_cost(tmp_path: Path) -> None:
    target = open_target(str(folder(tmp_path / "images")), DIGITS)
    results = []
    for workers in (None, 1, 2):
        made = None if workers is None else LocalExecutor(workers)
        space = Workspace.under(tmp_path / str(workers))
        results.append(unlike(evaluate(target, DIGITS, N, space, Options(executor=made)).result.to_json()))
        assert not list(space.samples.rglob("*.safetensors"))
    assert results[0] == results[1] == results[2]
