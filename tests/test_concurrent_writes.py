"""Several writers on one path, and writers that are killed: a reader finds a whole file, and nothing is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from genboard.benchmarks.evaluation_target import open_target
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.leaderboard.verification.log import append, new_entry, read_entries
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from killing import killed_while_writing, spawned

from genboard.core import files
from genboard.core.errors import CannotWrite

TRACK = find(Track, "digits")
FORKS = pytest.mark.skipif(os.name != "posix", reason="the processes are forked")
LENGTH = 4096  # bytes that a writer puts down, each its own


def whole(data: bytes) -> bool:
    return len(data) == LENGTH and len(set(data)) == 1


def test_eight_hundred_writes_on_one_path_lose_nothing(tmp_path: Path) -> None:
    target, done, seen = tmp_path / "result.json", threading.Event(), []
    files.write_bytes(target, bytes(LENGTH))

    def read() -> None:
        while not done.is_set():
            with suppress(PermissionError):  # on Windows, while it is replaced
                seen.append(target.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(16) as pool:
        written = list(pool.map(lambda i: files.write_bytes(target, bytes([i % 256]) * LENGTH), range(800)))
    done.set()
    reader.join()
    assert written == [None] * 800
    assert len(seen) > 10
    assert all(map(whole, seen))
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def write_hundred(target: Path, first: int) -> None:
    for number in range(first, first + 100):
        files.write_bytes(target, bytes([number % 256]) * LENGTH)


@FORKS
@pytest.mark.slow
def test_eight_processes_of_a_hundred_writes_lose_nothing(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    files.write_bytes(target, bytes(LENGTH))
    writers = [spawned(write_hundred, target, 100 * i) for i in range(8)]
    seen = []
    while any(writer.is_alive() for writer in writers):
        seen.append(target.read_bytes())
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 8
    assert len(seen) > 10
    assert all(map(whole, seen))
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@FORKS
@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_a_killed_writer_leaves_a_whole_file_and_little_that_is_swept_up(kills: int, tmp_path: Path) -> None:
    target, chance = tmp_path / "result.json", random.Random(0)
    files.write_bytes(target, bytes(LENGTH))
    for _ in range(kills):
        assert killed_while_writing(target, LENGTH, chance.uniform(0.0, 0.05)) == -signal.SIGKILL
        assert whole(target.read_bytes())
    left = [path for path in tmp_path.iterdir() if path != target]
    assert len(left) <= kills
    other = tmp_path / ".notes.tmp"
    other.write_text("mine")
    fresh = tmp_path / f".result.json.{'0' * 16}.tmp"
    fresh.write_bytes(b"being written")
    for path in (*left, other):
        os.utime(path, (0, 0))
    files.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"result.json", ".notes.tmp", fresh.name}


@pytest.mark.skipif(os.name == "nt", reason="Windows allows fewer names")
@pytest.mark.parametrize("name", ["a" * 255, "日" * 85, ".hidden", "two words.json", "new\nline"])
def test_whatever_name_fits_can_be_written(name: str, tmp_path: Path) -> None:
    files.write_bytes(tmp_path / name, b"x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_lock_is_held_by_one_at_a_time_and_leaves_no_file(tmp_path: Path) -> None:
    lock, inside, most = tmp_path / ".lock", [], []

    def work(number: int) -> None:
        with files.locked(lock, "counting"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.002)
            inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert most == [1] * 40
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotWrite, match="regular file"), files.locked(tmp_path / "file" / ".lock", "waiting"):
        pass


def appended(result: Path, home: Path, count: int) -> None:
    os.environ["GENBOARD_HOME"] = str(home)
    for number in range(count):
        append(result, new_entry(result, "disputed", by="Bo Example", reason=f"{home.name} {number}"))


@FORKS
def test_entries_appended_from_several_data_folders_are_all_there(tmp_path: Path) -> None:
    result = evaluate("noise", TRACK, 20, Workspace.under(tmp_path)).path
    writers = [spawned(appended, result, tmp_path / f"home-{i}", 6) for i in range(4)]
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 4
    found = sorted(str(entry.reason) for entry in read_entries(result))
    assert found == sorted(f"home-{i} {number}" for i in range(4) for number in range(6))
    assert not [path for path in result.parent.iterdir() if path.name.startswith(".")]


def measured(folder: Path, out: Path) -> None:
    done = evaluate("vae", TRACK, 60, Workspace.under(folder))
    out.write_text(json.dumps([done.reused, done.path.read_text("utf-8")]))


@FORKS
def test_two_equal_runs_at_once_measure_one_result(tmp_path: Path) -> None:
    runs = [spawned(measured, tmp_path / "both", tmp_path / f"{i}.json") for i in range(2)]
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    found = [json.loads((tmp_path / f"{i}.json").read_bytes()) for i in range(2)]
    assert sorted(reused for reused, _ in found) == [False, True]
    assert found[0][1] == found[1][1]
    assert not list((tmp_path / "both").rglob("*.lock"))


def test_runs_of_the_same_samples_take_turns_and_drop_none_from_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target, options = open_target("noise", TRACK), Options(keep_samples=False)
    spaces = [Workspace(tmp_path / name, tmp_path / "samples") for name in ("a", "b", "a")]
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda space: evaluate(target, TRACK, 60, space, options), spaces))
    assert len({json.dumps(json.loads(item.path.read_bytes())["metrics"]) for item in done}) == 1
    assert sum(item.reused for item in done) == 1
    assert not [path for path in (tmp_path / "samples").rglob("*") if path.is_file()]
    assert "another process is measuring noise on digits@1: waiting for it" in capsys.readouterr().err
