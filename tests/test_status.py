"""`genboard status` and lines of progress: how far runs and their workers are."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from genboard.benchmarks.runs import runs_under

from genboard.core import pace
from genboard.core.executor.local import LocalExecutor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of 300 samples, all drawn, of whose features one piece is there."""
    made = tmp_path / "digits@1" / "vae" / "0123"
    (made / "features" / "digits-cnn-0123").mkdir(parents=True)
    (made / "plan.json").write_text('{"n": 300}')
    (made / "manifest.json").write_text("{}")
    long_ago = (datetime.now(UTC) - timedelta(hours=5)).timestamp()
    for number in range(3):
        shard = made / f"samples-{number:05d}-of-00003.parquet"
        shard.touch()
        os.utime(shard, (long_ago, long_ago))
    piece = made / "features" / "digits-cnn-0123" / "00000000.safetensors"
    piece.touch()
    os.utime(piece, (long_ago + 7200, long_ago + 7200))
    return made


def test_features_that_are_left_are_a_stage_of_a_run(folder: Path, tmp_path: Path) -> None:
    (run,) = runs_under(tmp_path)
    assert (run.state, run.shards, run.of) == ("stopped", 3, 3)
    # 125 images are a block of digits-cnn, the one feature space of the track.
    assert (run.pieces, run.pieces_of) == (1, 3)
    with FileLock(folder.parent / ".4567.lock"):
        (run,) = runs_under(tmp_path)
        assert run.state == "measuring"
    (folder / "features" / "digits-cnn-0123" / "00000000.safetensors").unlink()
    (folder / "features" / "digits-cnn-0123").rmdir()
    (folder / "features").rmdir()
    (run,) = runs_under(tmp_path)
    assert (run.state, run.pieces, run.pieces_of) == ("complete", None, None)


def test_pieces_of_a_track_that_is_not_known_are_counted_all_the_same(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "digits@1").rename(tmp_path / "digits@99")
    (run,) = runs_under(tmp_path)
    assert (run.pieces, run.pieces_of) == (1, None)


def test_the_command_tells_when_something_was_written_last(run: Any, folder: Path, tmp_path: Path) -> None:
    code, out, err = run("status", "--samples", str(tmp_path))
    assert code == 0, err
    head, row = out.splitlines()
    assert head.split() == ["track", "generator", "state", "shards", "features", "last", "written", "samples", "folder"]
    assert row.split()[:8] == ["digits@1", "vae", "stopped", "3/3", "1/3", "3", "h", "ago"]
    assert "goes on when its command is run again" in err
    code, out, err = run("status", "--samples", str(tmp_path), "--json")
    (told,) = json.loads(out)
    assert told["folder"] == str(folder)
    assert (told["shards"], told["of"], told["pieces"], told["pieces_of"]) == (3, 3, 1, 3)
    assert timedelta(hours=2.9) < datetime.now(UTC) - datetime.fromisoformat(told["last"]) < timedelta(hours=3.1)


def test_a_line_of_progress_tells_time_left_and_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 110.0, 120.0, 130.0])
    monkeypatch.setattr(pace.time, "monotonic", lambda: next(clock))
    executor = LocalExecutor(2)
    far = pace.Pace(executor, "shards", 5, 640)
    assert far.after(128) == "1/5 shards"
    executor.restarts = 2
    assert far.after(128) == "2/5 shards, 12.8 images/s on 2 workers, 00:30 left, 2 restarts"
    assert far.after(128) == "3/5 shards, 12.8 images/s on 2 workers, 00:20 left, 2 restarts"
