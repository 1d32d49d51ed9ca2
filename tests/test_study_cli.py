"""A study of a whole track where some generators are code, of other numbers of samples, and under other names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from refusals import Run

FUNCTION = """import numpy as np
def sample(seeds, labels):
    return np.stack([np.random.default_rng(s).random((1, 8, 8)) for s in seeds])
"""
ENTRY = """title = "Mine"
version = 1
family = "other"
source = { kind = "python", function = "mine.py:sample" }
tracks = ["digits"]
origin = "me"
licence = "none"
"""
FEW = "noise,kde,mine"


@pytest.fixture
def mine(own_home: Path) -> Path:
    """A generator of the user's whose samples are drawn by a function."""
    entry = own_home / "entries" / "generators" / "mine.toml"
    entry.parent.mkdir(parents=True)
    entry.write_text(ENTRY, "utf-8")
    (own_home / "mine.py").write_text(FUNCTION, "utf-8")
    return own_home / "mine.py"


def studied(run: Run, *arguments: object) -> tuple[dict[str, Any], str]:
    code, out, err = run("study", "k", "--track", "digits", "--k", 2, "--samples", 40, "--json", *arguments)
    assert code == 0, err
    return json.loads(out)["card"], err


def test_code_without_permission_is_left_out_with_the_reason_and_the_others_are_studied(run: Run, mine: Path) -> None:
    card, err = studied(run, "--generators", FEW)
    assert [g["name"] for g in card["generators"]] == ["noise", "kde"]
    assert card["left_out"]["mine"].startswith("mine.py:sample is code, which genboard does not run unasked")
    assert "mine" in err


def test_with_leave_it_takes_part(run: Run, mine: Path) -> None:
    card, _ = studied(run, "--generators", FEW, "--trust-code")
    assert [g["name"] for g in card["generators"]] == ["noise", "kde", "mine"]
    assert card["left_out"] == {}
    assert card["n"] == 40


def test_a_function_is_called_what_its_user_says(run: Run, mine: Path) -> None:
    card, _ = studied(run, "--generators", f"noise,{mine}:sample", "--name", "other", "--trust-code")
    assert [g["name"] for g in card["generators"]] == ["noise", "other"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("--generators mine --samples 40", "mine.py:sample is code, which genboard does not run unasked"),
        ("--generators noise --name other --samples 40", "there is no source for the name 'other'"),
    ],
)
def test_what_cannot_be_studied_is_refused(run: Run, mine: Path, arguments: str, why: str) -> None:
    code, out, err = run("study", "k", "--track", "digits", *arguments.split())
    assert (code, out) == (1, "")
    assert f"Error: {why}" in err
    assert "hint: " in err


def test_one_sample_is_wrong_usage(run: Run) -> None:
    assert run("study", "k", "--track", "digits", "--samples", 1)[0] == 2
