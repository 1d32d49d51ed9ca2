"""What is made of a file's bytes: made again for other bytes or arguments, and after an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from genboard.core.memo import once_per_content


def test_it_is_made_once_for_the_same_bytes_and_arguments_wherever_they_lie() -> None:
    calls: list[tuple[bytes, str]] = []

    @once_per_content(most=2)
    def made(data: bytes, path: Path, more: str = "") -> object:
        calls.append((data, more))
        return object()

    first = made(b"a", Path("here"))
    assert made(b"a", Path("there")) is first
    assert made(b"a", Path("here"), "other") is not first
    assert calls == [(b"a", ""), (b"a", "other")]
    made(b"b", Path("here"))  # of three the oldest goes
    assert made(b"a", Path("here")) is not first
    assert len(calls) == 4


def test_an_error_is_raised_anew_and_names_the_path_at_hand() -> None:
    @once_per_content(most=2)
    def refused(data: bytes, path: Path) -> None:
        raise ValueError(str(path))

    for name in ("one", "other"):
        with pytest.raises(ValueError, match=name):
            refused(b"a", Path(name))
