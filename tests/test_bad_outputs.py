"""Outputs that cannot be made: taken paths, full disks, an interrupt, through the real command line."""

from __future__ import annotations

import errno
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from refusals import (
    Run,
    measure,
    module,
    refused,
)

pytestmark = pytest.mark.usefixtures("quick_intervals")


@pytest.mark.parametrize(
    "arguments",
    [
        "sample noise --track digits --samples 4 --out UNDER",
        "sample noise --track digits --samples 4 --out FILE",
        "evaluate noise --track digits --samples 4 --results UNDER",
        "evaluate noise --track digits --samples 4 --results FILE",
        "reference build --track digits --out UNDER",
        "demo --out UNDER",
        "site build --results RESULTS --out UNDER",
        "site build --results RESULTS --out FILE",
    ],
)
def test_an_output_folder_under_a_file_is_refused(run: Run, tmp_path: Path, arguments: str) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    (tmp_path / "results").mkdir()
    places = {"UNDER": taken / "below", "FILE": taken, "RESULTS": tmp_path / "results"}
    fact = refused(run, *[places.get(word, word) for word in arguments.split()])
    assert str(taken) in fact
    assert taken.read_text() == "mine"


@pytest.mark.parametrize("out", ["UNDER", "FOLDER"])
def test_a_result_file_that_cannot_be_written_is_refused(run: Run, tmp_path: Path, out: str) -> None:
    (tmp_path / "taken").write_text("mine")
    path = {"UNDER": tmp_path / "taken" / "result.json", "FOLDER": tmp_path}[out]
    code, printed, err = measure(run, "--out", path)
    assert (code, printed) == (1, "")
    assert str(path if out == "FOLDER" else path.parent) in err
    assert "\n\nhint: " in err


def test_a_home_that_is_a_file_is_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").write_text("mine")
    monkeypatch.setenv("GENBOARD_HOME", str(tmp_path / "home"))
    assert str(tmp_path / "home") in refused(run, "evaluate", "noise", "--track", "digits", "--samples", 4)


class FullDisk:
    """A file of which the disk takes the first half of what is written."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self.file = file

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.close()

    def writelines(self, pieces: Iterable[bytes]) -> None:
        for data in pieces:
            self.write(data)

    def write(self, data: bytes) -> None:
        self.file.write(data[: len(data) // 2])
        self.file.flush()
        raise OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def full_disk(pattern: str) -> Iterator[None]:
    """Files whose path fits the pattern cannot be written whole."""
    open_path = Path.open

    def open_on_full_disk(self: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        file = open_path(self, mode, *more, **named)
        return FullDisk(file) if ("w" in mode or "x" in mode) and fnmatch(str(self), pattern) else file

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", open_on_full_disk)
        yield


@pytest.mark.parametrize(
    "full",
    ["*plan.json*", "*samples-00001*", "*manifest.json*", "*.preview.png*", "*/results/*.json*"],
    ids=["plan", "shard", "manifest", "preview", "result"],
)
def test_a_full_disk_leaves_nothing_half_written_and_the_same_command_goes_on(
    run: Run, tmp_path: Path, own_home: Path, full: str
) -> None:
    command = ("evaluate", "noise", "--track", "digits", "--samples", 150)
    drawn = run("sample", "noise", "--track", "digits", "--samples", 150, "--out", tmp_path / "other", "--json")[1]
    with full_disk(full):
        assert "no space left on the disk" in refused(run, *command)
    assert not [path for path in own_home.rglob("*") if path.suffix == ".tmp" or fnmatch(str(path), full)]
    code, out, _ = run(*command, "--json")
    assert code == 0
    result = json.loads(out)
    assert result["status"] == "complete"
    assert result["sampling"]["digest"] == json.loads(drawn)["digest"]


def test_a_full_disk_leaves_the_result_file_that_was_there(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    assert measure(run, "--out", out)[0] == 0
    before = out.read_bytes()
    with full_disk("*result.json*"):
        code, _, err = run("evaluate", "mean-image", "--track", "digits", "--samples", 20, "--out", out)
    assert code == 1
    assert "no space left on the disk" in err
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_ctrl_c_keeps_what_is_finished_and_the_same_command_ends_with_the_same_digest(run: Run, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    source = module(
        tmp_path,
        "import pathlib\nimport numpy as np\ncalls = []\n"
        "def sample(seeds, labels):\n"
        "    calls.append(len(seeds))\n"
        f"    if len(calls) == 6 and pathlib.Path({str(stop)!r}).exists():\n"
        "        raise KeyboardInterrupt\n"
        "    return np.stack([np.random.default_rng(s).random((1, 8, 8)) for s in seeds])\n",
    )
    command = ("sample", source, "--track", "digits", "--samples", 300, "--trust-code", "--json")
    whole = json.loads(run(*command, "--out", tmp_path / "whole")[1])
    stop.touch()
    assert refused(run, *command, "--out", tmp_path / "stopped") == "interrupted"
    finished = sorted(path.name for path in (tmp_path / "stopped").glob("*.parquet"))
    assert finished in (["samples-00000-of-00003.parquet"], [f"samples-0000{i}-of-00003.parquet" for i in (0, 1)])
    stop.unlink()
    assert json.loads(run(*command, "--out", tmp_path / "stopped")[1]) == whole
