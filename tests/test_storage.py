"""Workers that share no folder with the driver: files go through an address, and come out as they would without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from executor_tasks import square
from genboard.benchmarks.drawing_crew import DrawingCrew
from genboard.benchmarks.drawing_task import DrawingTask
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.sampling import sample
from genboard.benchmarks.shards import source_of_shards
from genboard.reference_stats.features import Measured, measure
from genboard.reference_stats.on_workers import Wanted, measure_on_workers
from genboard.registry.catalog import track
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from here import HereExecutor

from genboard.core.errors import BadWorkers
from genboard.core.executor import Executor, StoredExecutor, open_executor
from genboard.core.executor.local import LocalExecutor
from genboard.core.storage import Storage

DIGITS = track("digits")


@pytest.fixture(params=["folder", "file"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    folder = tmp_path / "far away"
    return Storage(str(folder) if request.param == "folder" else folder.as_uri().replace("%20", " "))


def test_what_is_put_comes_back_whole(storage: Storage, tmp_path: Path) -> None:
    assert storage.names("a") == set()
    storage.put(b"one", "a/b/1.bin")
    storage.put(b"two", "a/2.bin")
    storage.put(b"three", "a/2.bin")
    storage.get("a/2.bin", tmp_path / "here" / "2.bin")
    assert (tmp_path / "here" / "2.bin").read_bytes() == b"three"
    assert storage.names("a") == {"b/1.bin", "2.bin"}
    assert sorted(path.name for path in (tmp_path / "far away").rglob("*.*")) == ["1.bin", "2.bin"]


def test_a_file_that_is_not_there_is_named(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(BadWorkers, match=r"cannot be read: FileNotFoundError: .*none\.bin"):
        storage.get("none.bin", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_an_address_of_no_kind_is_refused_before_workers_are_opened(tmp_path: Path) -> None:
    with pytest.raises(BadWorkers, match="Protocol not known: nowhere") as e:
        open_executor("local", 1, 0, tmp_path, storage="nowhere://bucket")
    assert "s3://bucket/runs" in str(e.value.hint)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(BadWorkers, match="cannot be written"):
        Storage(str(tmp_path / "taken")).put(b"", "a/b")


def features_of(executor: Executor, folder: Path, manifest: dict[str, Any]) -> dict[str, Measured]:
    wanted = [Wanted(load_extractor(name), moments=False) for name in DIGITS.extractors]
    return measure_on_workers(executor, source_of_shards(folder, manifest), wanted, folder, manifest["digest"])


def test_samples_and_features_are_those_without_a_storage(tmp_path: Path) -> None:
    target = open_target("vae", DIGITS)
    plan = plan_for(target, DIGITS, 300)
    task = DrawingTask.of(target, DIGITS, plan, "cpu", None)
    alone = sample(plan, tmp_path / "alone")
    far = StoredExecutor(LocalExecutor(1), Storage(str(tmp_path / "far")))
    found = sample(plan, tmp_path / "here", helpers=DrawingCrew(far, task))
    assert found == alone
    near = features_of(HereExecutor(), tmp_path / "alone", alone)
    through = features_of(StoredExecutor(HereExecutor(), far.storage), tmp_path / "here", found)
    assert near.keys() == through.keys()
    for space in near:
        assert near[space].digest == through[space].digest
        assert near[space].features.equal(through[space].features)


def test_a_driver_elsewhere_goes_on_with_what_is_there(tmp_path: Path) -> None:
    target = open_target("vae", DIGITS)
    plan = plan_for(target, DIGITS, 300)
    task, far = DrawingTask.of(target, DIGITS, plan, "cpu", None), Storage(str(tmp_path / "far"))
    first = sample(plan, tmp_path / "one", helpers=DrawingCrew(StoredExecutor(HereExecutor(), far), task))
    lost = json.loads((tmp_path / "one" / "manifest.json").read_bytes())["shards"][1]["file"]
    (tmp_path / "far" / task.key / lost).unlink()
    here = HereExecutor()
    again = sample(plan, tmp_path / "two", helpers=DrawingCrew(StoredExecutor(here, far), task))
    assert again == first
    assert [Path(shard.path).name for shard in here.pieces] == [lost]


def test_real_images_are_measured_as_in_one_process(tmp_path: Path) -> None:
    images, space = load_split("digits", "train").first(300), load_extractor("digits-cnn", "cpu", "float32")
    far = Storage(str(tmp_path / "far"))
    wanted = Wanted(space)
    through = StoredExecutor(HereExecutor(), far)
    found = measure_on_workers(through, images, [wanted], tmp_path / "here", "these")[wanted.name]
    alone = measure(images, space)
    assert found.digest == alone.digest
    assert found.features.equal(alone.features)
    here = HereExecutor()
    measure_on_workers(StoredExecutor(here, far), images, [wanted], tmp_path / "other", "these")
    assert here.pieces == []


def test_work_that_is_in_no_folder_does_not_go_through_a_storage(tmp_path: Path) -> None:
    with pytest.raises(BadWorkers, match="cannot go through a storage"):
        list(StoredExecutor(HereExecutor(), Storage(str(tmp_path))).run(square, [1]))
