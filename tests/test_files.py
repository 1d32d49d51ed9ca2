"""The one writer and the one codec."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genboard.core import files, serialization
from genboard.core.errors import BadEntry, CannotWrite

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=json_values)
def test_canonical_json_is_stable(value):
    once = serialization.canonical_json(value)
    again = serialization.parse_json(once, Path("x.json"))
    assert serialization.canonical_json(again) == once


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_ten_digits(value):
    assert math.isclose(json.loads(serialization.canonical_json(value)), value, rel_tol=1e-9, abs_tol=0)


def test_key_order_does_not_matter():
    assert serialization.canonical_json({"a": 1, "b": 2}) == serialization.canonical_json({"b": 2, "a": 1})


@pytest.mark.parametrize("value", [math.nan, math.inf, [{"x": -math.inf}]])
def test_json_never_holds_nan(value):
    with pytest.raises(ValueError, match="JSON"):
        serialization.canonical_json(value)


@pytest.mark.parametrize("text", ["{", "[NaN]", "[Infinity]", '{"a": 1, "a": 2}', "[" * 100_000], ids=len)
def test_malformed_json_names_the_file(text):
    with pytest.raises(BadEntry, match=r"some/result\.json"):
        serialization.parse_json(text, Path("some/result.json"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, number):
    target = tmp_path / "kept.json"
    files.write_bytes(target, b"old")

    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match=r"kept\.json"):
        files.write_bytes(target, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["kept.json"]
    assert target.read_bytes() == b"old"


def test_a_folder_under_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotWrite, match="regular file"):
        files.write_bytes(tmp_path / "file" / "below.json", b"x")


def test_home_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("GENBOARD_HOME", str(tmp_path))
    assert files.home() == tmp_path
    monkeypatch.delenv("GENBOARD_HOME")
    assert files.home().name == "genboard"
