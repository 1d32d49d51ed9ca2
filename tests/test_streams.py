"""What commands print into a stream of any encoding: no traceback, and data that a program reads always in UTF-8."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from conftest import command_line
from genboard.leaderboard.storage.records import COMMITTED

from genboard.cli.output import settle_streams

Printed: TypeAlias = Callable[..., tuple[bytes, bytes]]

COMMANDS = {
    "list": ("list", "datasets"),
    "show": ("show", "metric", "fd"),
    "rank": ("rank", "--track", "digits", "--results", "RESULTS"),
    "agreement": ("rank", "--track", "digits", "--table", "agreement", "--results", "RESULTS"),
    "across": ("rank", "--tracks", "digits,mnist", "--results", "RESULTS"),
    "error": ("show", "metric", "Fréchet → 距離"),
}
DATA = {
    "JSON": ("show", "metric", "fd", "--json"),
    "CSV": ("rank", "--track", "digits", "--format", "csv", "--table", "left-out", "--results", "RESULTS"),
    "form": ("submit", "--template"),
}


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the results of three generators: a board that is quickly made."""
    folder = tmp_path_factory.mktemp("few")
    for name in ("held-out", "kde", "vae"):
        shutil.copytree(COMMITTED / "digits@1" / name, folder / "digits@1" / name)
    return folder


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, few: Path) -> Printed:
    """The bytes that a command leaves in stdout and stderr of an encoding: `printed("ascii", "list", "tracks")`."""

    def call(encoding: str, *arguments: object, asked: bool = True) -> tuple[bytes, bytes]:
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n") for _ in range(2)]
        (monkeypatch.setenv if asked else lambda name, _: monkeypatch.delenv(name, raising=False))(
            "PYTHONIOENCODING", encoding
        )
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            settle_streams()
            with pytest.raises(SystemExit):
                command_line()([str(few if a == "RESULTS" else a) for a in arguments])
            for stream in streams:
                stream.flush()
        out, err = (stream.detach().getvalue() for stream in streams)  # type: ignore[attr-defined]
        return out, err

    return call


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp932"])
@pytest.mark.parametrize("name", COMMANDS)
def test_an_encoding_that_was_asked_for_is_kept_and_what_it_lacks_replaced(
    printed: Printed, name: str, encoding: str
) -> None:
    out, err = printed(encoding, *COMMANDS[name])
    whole = printed("utf-8", *COMMANDS[name])
    for found, wanted in zip((out, err), whole, strict=True):
        assert found == wanted.decode().encode(encoding, errors="replace")
    assert any(whole)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_pipe_that_nobody_gave_an_encoding_has_utf_8(printed: Printed, name: str) -> None:
    assert printed("ascii", *COMMANDS[name], asked=False) == printed("utf-8", *COMMANDS[name])


@pytest.mark.parametrize("name", DATA)
def test_data_are_utf_8_in_every_stream(printed: Printed, name: str) -> None:
    out, err = printed("ascii", *DATA[name])
    assert (out, err) == printed("utf-8", *DATA[name])
    assert b"\r" not in out
    if name == "JSON":
        assert json.loads(out)["title"] == "Fréchet distance"
