"""Generators and folders of samples that are not what they should be, through the real command line."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from killing import held
from refusals import (
    FUNCTION,
    Run,
    draw_into,
    hint,
    module,
    refused,
    reseeded,
    table_of,
)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return np.zeros((n, 1, 8, 9))", "images of shape (8, 9, 1)"),
        ("return np.zeros((n, 3, 8, 8))", "images of shape (8, 8, 3)"),
        ("return np.zeros((n, 8, 8, 1))", "images of shape (8, 1, 8)"),
        ("return np.zeros((n, 8, 8))", "an array of shape (4, 8, 8)"),
        ("return None", "an array of shape ()"),
        ("return np.zeros((n - 1, 1, 8, 8))", "an array of shape (3, 8, 8, 1) for 4 samples"),
        ("return np.zeros((n + 1, 1, 8, 8))", "an array of shape (5, 8, 8, 1) for 4 samples"),
        ("return np.full((n, 1, 8, 8), np.nan)", "sample 0 has NaN or infinite pixels"),
        ("return np.full((n, 1, 8, 8), 'x')", "gives <U1 images"),
        ("return np.zeros((n, 1, 8, 8), np.int64)", "gives int64 images"),
        ("return np.linspace(-1, 1, 64 * n).reshape(n, 1, 8, 8)", "gives values from -1 to 1"),
        ("return np.linspace(0, 255, 64 * n).reshape(n, 1, 8, 8)", "gives values from 0 to 255"),
        ("return np.random.default_rng().random((n, 1, 8, 8))", "drawn twice, sample 0 differs"),
        ("return np.arange(64 * n).reshape(n, 1, 8, 8) / (64 * n)", "drawn twice, sample 0 differs in 100%"),
        ("raise ValueError('out of\\nmemory')", "raised ValueError: out of"),
        ("raise SystemExit(0)", "raised SystemExit: 0"),
    ],
)
def test_a_function_that_gives_no_samples_is_named_and_its_failure_recorded(
    run: Run, tmp_path: Path, own_home: Path, body: str, why: str
) -> None:
    source = module(tmp_path, FUNCTION + body + "\n")
    command = ("evaluate", source, "--track", "digits", "--samples", 4, "--trust-code", "--name", "mine")
    fact = refused(run, *command)
    assert "mine" in fact
    assert why in fact
    recorded = [json.loads(path.read_bytes()) for path in own_home.glob("results/digits@1/mine/*.json")]
    assert [r["status"] for r in recorded] == ["failed"]
    said = fact.replace(f"{tmp_path}{os.sep}", "")  # what is written names no folder of this machine
    assert recorded[0]["error"] == {"stage": "sampling", "type": "BadSamples", "message": said}
    code, out, _ = run("rank", "--track", "digits", "--results", own_home / "results")
    assert code == 0
    assert f"not ranked: mine ({recorded[0]['id']}): failed at sampling: {said}" in " ".join(out.split())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def sample(:\n", "cannot be imported: SyntaxError"),
        ("import nosuchmodule\n", "cannot be imported: ModuleNotFoundError: No module named 'nosuchmodule'"),
        ("import sys\nsys.exit(0)\n", "cannot be imported: SystemExit"),
        ("def other(): ...\n", "the module has no function 'sample'"),
        ("sample = 3\n", "the module has no function 'sample'"),
    ],
)
def test_a_module_without_the_function_is_named(run: Run, tmp_path: Path, text: str, why: str) -> None:
    source = module(tmp_path, text)
    fact = refused(run, "evaluate", source, "--track", "digits", "--trust-code")
    assert fact.startswith(f"{source}: {why}"), fact


@pytest.mark.parametrize("source", ["nosuch.py:sample", "nosuchpackage.module:sample"])
def test_a_module_that_is_not_there_is_named(run: Run, source: str) -> None:
    assert source.partition(":")[0].partition(".module")[0] in refused(
        run, "evaluate", source, "--track", "digits", "--trust-code"
    )


def test_code_does_not_run_without_permission(run: Run, tmp_path: Path) -> None:
    source = module(tmp_path, f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    for command in (("evaluate", source), ("sample", source, "--out", tmp_path / "out")):
        assert source in refused(run, *command, "--track", "digits")
        assert "--trust-code" in hint(run, *command, "--track", "digits")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"n": 100}, "n is 200, not 100"),
        ({"name": "train-copy"}, "generator is {"),
        ({"track": "reseeded"}, "seed is 2026, not 7"),
    ],
    ids=["another number", "another generator", "another seed"],
)
def test_a_folder_with_other_samples_is_refused_and_left_as_it_is(
    run: Run, tmp_path: Path, own_home: Path, other: dict[str, Any], why: str
) -> None:
    reseeded(own_home)
    out = tmp_path / "samples"
    first = run(*draw_into(out))[1]
    fact = refused(run, *draw_into(out, **other))
    assert fact.startswith(f"{out} holds other samples: {why}"), fact
    assert run(*draw_into(out)) == (0, first, "")


def test_a_folder_with_parquet_files_of_somebody_is_refused(run: Run, tmp_path: Path) -> None:
    table_of(x=[1])(tmp_path / "mine.parquet")
    assert str(tmp_path) in refused(run, *draw_into(tmp_path))


def first_rows(shard: bytes, count: int) -> bytes:
    """The shard as a tool that knows nothing of its plan would cut it."""
    out = pa.BufferOutputStream()
    pq.write_table(pq.read_table(pa.BufferReader(shard)).slice(0, count), out)
    return bytes(out.getvalue())


def shard_of(run: Run, path: Path, **other: Any) -> bytes:
    assert run(*draw_into(path, **other))[0] == 0
    return next(path.glob("samples-00001-*")).read_bytes()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda own, other: first_rows(own, 0), "0 samples", id="no rows"),
        pytest.param(lambda own, other: first_rows(own, 10), "10 samples", id="a few rows"),
        pytest.param(lambda own, other: other, "was drawn by specification", id="of another run"),
    ],
)
def test_what_is_no_shard_of_the_run_is_named_and_drawn_again_once_it_is_deleted(
    run: Run, tmp_path: Path, spoil: Callable[[bytes, bytes], bytes], why: str
) -> None:
    other = shard_of(run, tmp_path / "other", name="train-copy")
    out = tmp_path / "samples"
    own = shard_of(run, out)
    first, shard = run(*draw_into(out))[1], next(out.glob("samples-00001-*"))
    shard.write_bytes(spoil(own, other))
    assert shard.read_bytes() != own
    fact = refused(run, *draw_into(out))
    assert fact.startswith(str(shard))
    assert why in fact
    shard.unlink()
    assert run(*draw_into(out)) == (0, first, "")
    assert shard.read_bytes() == own


def test_a_shard_in_the_place_of_another_is_named(run: Run, tmp_path: Path) -> None:
    shard_of(run, tmp_path)
    first, second = sorted(tmp_path.glob("samples-*"))
    shutil.copy(first, second)
    assert refused(run, *draw_into(tmp_path)).startswith(f"{second}: its samples are not 128..")


@pytest.mark.parametrize("text", ["{", "", "[]", '"plan"'])
def test_a_damaged_plan_is_named(run: Run, tmp_path: Path, text: str) -> None:
    shard_of(run, tmp_path)
    (tmp_path / "plan.json").write_text(text)
    assert str(tmp_path) in refused(run, *draw_into(tmp_path))


def test_two_processes_draw_into_one_folder_in_turn(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    with held(folder / ".lock"):
        code, out, err = run(*draw_into(folder))
    assert code == 0
    assert f"another process is drawing samples into {folder}: waiting for it" in err
    assert out.splitlines()[1] == run(*draw_into(tmp_path / "alone"))[1].splitlines()[1]
    assert not (folder / ".lock").exists()
