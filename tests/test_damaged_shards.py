"""Shards and pieces of features that are damaged after they were written: found by their digest, and made again."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from stat import S_ISREG
from typing import Any

import pyarrow.parquet as pq
import pytest
from genboard.benchmarks.drawing_crew import DrawingCrew
from genboard.benchmarks.drawing_task import DrawingTask
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.benchmarks.sampling import sample
from genboard.benchmarks.shards import read_shard, source_of_shards
from genboard.reference_stats.features import Measured
from genboard.reference_stats.on_workers import Wanted, measure_on_workers
from genboard.registry.catalog import track
from genboard.registry.extractors import load_extractor
from genboard.registry.sources import open_images

from genboard.core.errors import BadImages, BadSamples, CannotWrite
from genboard.core.executor.local import LocalExecutor
from genboard.core.seal import BLANK, seal_holds, sealed

DIGITS = track("digits")
Spoil = Callable[[bytes], bytes]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


SPOILS = [
    pytest.param(lambda data: data[: len(data) // 2], id="truncated"),
    pytest.param(lambda data: data[:-1], id="without its last byte"),
    pytest.param(lambda data: flipped(data, len(data) // 3), id="one flipped byte"),
    pytest.param(lambda data: b"", id="empty"),
]


def test_a_byte_flipped_anywhere_is_found() -> None:
    whole = sealed(b"before" + BLANK.encode() + b"after")
    assert seal_holds(whole)
    assert not any(seal_holds(flipped(whole, at)) for at in range(len(whole)))
    assert not any(seal_holds(whole[:at]) for at in range(len(whole)))


class Drawn:
    """A finished run of 300 samples, and its drawer, alone or with a worker."""

    def __init__(self, folder: Path, executor: LocalExecutor | None) -> None:
        target = open_target("vae", DIGITS)
        self.plan, self.folder = plan_for(target, DIGITS, 300), folder
        task = DrawingTask.of(target, DIGITS, self.plan, "cpu", None)
        self.crew = None if executor is None else DrawingCrew(executor, task)
        self.manifest = sample(self.plan, folder)

    def again(self) -> tuple[dict[str, Any], list[int]]:
        drawn: list[int] = []
        return sample(self.plan, self.folder, drawn=drawn.append, helpers=self.crew), drawn


@pytest.fixture(params=["alone", pytest.param("with a worker", marks=pytest.mark.slow)])
def finished(request: pytest.FixtureRequest, tmp_path: Path) -> Drawn:
    return Drawn(tmp_path / "out", None if request.param == "alone" else LocalExecutor(1))


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("manifest", ["with its manifest", "without one"])
def test_a_damaged_shard_is_drawn_again(
    spoil: Spoil, manifest: str, finished: Drawn, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in finished.folder.iterdir()}
    shard = finished.folder / "samples-00001-of-00003.parquet"
    shard.write_bytes(spoil(before[shard.name]))
    if manifest == "without one":
        (finished.folder / "manifest.json").unlink()
    _, drawn = finished.again()
    assert drawn == [128]
    assert {path.name: path.read_bytes() for path in finished.folder.iterdir()} == before
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(rf"{re.escape(str(shard))}: .+: drawing it again", line)
    finished.again()
    assert capsys.readouterr().err == ""


def without_seal(path: Path) -> bytes:
    """The shard as one from before there were seals."""
    table = pq.read_table(path)
    pq.write_table(table, path, compression="none")
    assert seal_holds(path.read_bytes()) is None
    return path.read_bytes()


def test_an_older_shard_is_taken_as_it_is_and_known_by_the_manifest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished = Drawn(tmp_path / "out", None)
    shard = finished.folder / "samples-00001-of-00003.parquet"
    old = without_seal(shard)
    assert finished.again()[1] == []
    # Another image of the same run in the place of one: every part of the file can be read.
    table = pq.read_table(shard)
    images = table.column("image").to_pylist()
    images[3] = images[4]
    at = table.column_names.index("image")
    pq.write_table(table.set_column(at, table.schema.field(at), [images]), shard, compression="none")
    assert finished.again()[1] == [128]
    assert "its samples are not those of the manifest: drawing it again" in capsys.readouterr().err
    shard.write_bytes(old[: len(old) // 2])
    assert finished.again()[1] == [128]
    assert "cannot be read" in capsys.readouterr().err


def test_who_reads_a_damaged_shard_is_told_what_to_do(tmp_path: Path) -> None:
    finished = Drawn(tmp_path / "out", None)
    shard = finished.folder / "samples-00001-of-00003.parquet"
    data = shard.read_bytes()
    shard.write_bytes(flipped(data, data.index(b"IDAT") + 20))
    with pytest.raises(BadSamples, match="are not those that were written") as caught:
        read_shard(shard, finished.plan.spec_id, finished.plan.shape, 128)
    assert "run the same command again" in str(caught.value.hint)
    with pytest.raises(BadSamples, match="are not those that were written"):
        source_of_shards(finished.folder, finished.manifest).read(128, 130)


def test_what_a_user_gives_is_never_made_again(tmp_path: Path) -> None:
    finished = Drawn(tmp_path / "out", None)
    given = tmp_path / "given"
    shutil.copytree(finished.folder, given)
    shard = given / "samples-00001-of-00003.parquet"
    shard.write_bytes(shard.read_bytes()[:-100])
    damaged = shard.read_bytes()
    with pytest.raises(BadImages):
        evaluate(open_target(str(given), DIGITS), DIGITS, 300, Workspace.under(tmp_path / "home"))
    with pytest.raises(BadImages):
        open_images(given)
    assert shard.read_bytes() == damaged


@pytest.mark.slow
@pytest.mark.usefixtures("quick_intervals")
@pytest.mark.parametrize("workers", [None, 2])
def test_a_run_that_is_measured_again_draws_what_was_damaged_since(
    workers: int | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = Options(executor=None if workers is None else LocalExecutor(workers))
    first = evaluate("vae", DIGITS, 300, Workspace.under(tmp_path), options)
    (shard,) = tmp_path.rglob("samples-00002-*.parquet")
    whole = shard.read_bytes()
    shard.write_bytes(flipped(whole, 2000))
    first.path.unlink()
    again = evaluate("vae", DIGITS, 300, Workspace.under(tmp_path), options)
    assert shard.read_bytes() == whole
    assert again.result.metrics == first.result.metrics
    assert again.result.cost.drawn == 44
    assert "drawing it again" in capsys.readouterr().err


class Here:
    """An executor that works in this process, and notes at what."""

    name, workers, restarts = "local", 1, 0

    def __init__(self) -> None:
        self.at: list[str] = []

    def start(self, pieces: int, *modules: str) -> None:
        """Nothing: it works in this process."""

    def close(self) -> None:
        """Nothing to end."""

    def run(self, task: Callable[[Any], Any], pieces: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        for piece in pieces:
            self.at.append(str(piece))
            yield piece, task(piece)


def features_of(finished: Drawn, executor: Here) -> dict[str, Measured]:
    wanted = [Wanted(load_extractor(name), moments=False) for name in DIGITS.extractors]
    source = source_of_shards(finished.folder, finished.manifest)
    return measure_on_workers(executor, source, wanted, finished.folder, finished.manifest["digest"])


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_damaged_piece_of_features_is_computed_again(
    spoil: Spoil, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finished, first, second = Drawn(tmp_path / "out", None), Here(), Here()
    expected = features_of(finished, first)
    pieces = sorted(finished.folder.rglob("*.safetensors"))
    assert len(pieces) == len(first.at) == 3 * len(DIGITS.extractors)
    whole = pieces[1].read_bytes()
    pieces[1].write_bytes(spoil(whole))
    found = features_of(finished, second)
    assert second.at == [first.at[1]]
    assert pieces[1].read_bytes() == whole
    assert f"{pieces[1]}: its bytes are not those that were written" in capsys.readouterr().err
    for space in DIGITS.extractors:
        assert found[space].digest == expected[space].digest
        assert (found[space].features == expected[space].features).all()


def test_features_that_a_disk_has_no_room_for_say_how_much_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = Drawn(tmp_path / "out", None)
    features_of(finished, Here())
    _, *missing = sorted(finished.folder.rglob("*.safetensors"))
    size = sum(path.stat().st_size for path in missing)
    for path in missing:
        path.unlink()

    def fsync(file: int) -> None:
        about = os.fstat(file)
        if S_ISREG(about.st_mode) and about.st_size:  # an empty file has room
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(CannotWrite, match="features of 175 images in digits-cnn need about") as caught:
        features_of(finished, Here())
    said = re.search(r"about ([\d.]+) kB, and .* has [\d.,]+ \wB free", caught.value.fact)
    assert said
    assert 1e3 * float(said[1]) == pytest.approx(size, rel=0.1)
