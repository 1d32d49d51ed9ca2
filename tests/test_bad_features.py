"""Features and reference statistics that cannot be used, through the real command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
import safetensors.torch
from genboard.reference_stats.store import COMMITTED
from refusals import (
    FEATURES,
    REFERENCE,
    Make,
    Run,
    a_file,
    cut,
    features,
    measure,
    nothing,
    objects,
    objects_npz,
    refused,
    spoiled,
)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(a_file("f.npy", lambda p: np.save(p, spoiled(np.nan))), "row 7 has NaN or infinite", id="NaN"),
        pytest.param(a_file("f.npy", lambda p: np.save(p, spoiled(np.inf))), "row 7 has NaN or infinite", id="inf"),
        pytest.param(a_file("f.npy", lambda p: np.save(p, FEATURES[:, 0])), "torch.float32 of shape (20,)", id="1-d"),
        pytest.param(a_file("f.npy", lambda p: np.save(p, np.ones((4, 4), int))), "torch.int64 of shape", id="integer"),
        pytest.param(a_file("f.npy", lambda p: np.save(p, FEATURES[:0])), "shape (0, 4): it contains no", id="no rows"),
        pytest.param(a_file("f.csv", lambda p: p.write_text("1,2")), ".csv cannot be read as features", id="csv"),
        pytest.param(
            a_file("f.npz", lambda p: np.savez(p, x=FEATURES, y=FEATURES)),
            "which of its arrays ['x', 'y'] holds the features?",
            id="several arrays",
        ),
        pytest.param(a_file("f.npy", objects), "cannot be read", id="pickled npy"),
        pytest.param(a_file("f.npz", objects_npz), "cannot be read", id="pickled npz"),
        pytest.param(cut("f.npy", lambda p: np.save(p, FEATURES)), "cannot be read", id="truncated npy"),
        pytest.param(cut("f.npz", lambda p: np.savez(p, FEATURES)), "cannot be read", id="truncated npz"),
        pytest.param(
            cut("f.safetensors", lambda p: p.write_bytes(safetensors.numpy.save({"features": FEATURES}))),
            "cannot be read",
            id="truncated safetensors",
        ),
        pytest.param(a_file("f.npy", nothing), "no such file", id="not there"),
        pytest.param(a_file("f.npy", Path.mkdir), "cannot be read", id="a folder"),
    ],
)
def test_features_that_cannot_be_compared_are_named(run: Run, tmp_path: Path, make: Make, why: str) -> None:
    good, bad = features(tmp_path), make(tmp_path)
    for pair in ((good, bad), (bad, good)):
        fact = refused(run, "compare", *pair)
        assert fact.startswith(f"{bad}: {why}"), fact


@pytest.mark.parametrize("names", ["", ",", " , "])
def test_a_comparison_by_no_metric_is_refused(run: Run, tmp_path: Path, names: str) -> None:
    path = features(tmp_path)
    assert "no metric" in refused(run, "compare", path, path, "--metrics", names)


def test_features_of_different_widths_are_refused_with_both(run: Run, tmp_path: Path) -> None:
    wide, narrow = features(tmp_path), tmp_path / "narrow.npy"
    np.save(narrow, FEATURES[:, :3])
    fact = refused(run, "compare", wide, narrow)
    assert "4 features" in fact
    assert "3" in fact


def test_nothing_is_unpickled(run: Run, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
            return Path.touch, (tmp_path / "sprung",)

    path = tmp_path / "f.npy"
    np.save(path, np.array([Trap()], object), allow_pickle=True)
    refused(run, "compare", path, path)
    refused(run, "evaluate", path, "--track", "digits")
    assert not (tmp_path / "sprung").exists()


@pytest.fixture
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed statistics, to be spoiled."""
    path = tmp_path / "committed"
    shutil.copytree(COMMITTED, path)
    monkeypatch.setattr("genboard.reference_stats.store.COMMITTED", path)
    return path


def rewrite_card(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with safetensors.safe_open(path, framework="pt") as f:
        arrays = {name: f.get_tensor(name) for name in f.keys()}
        card = json.loads(f.metadata()["card"])
    change(card)
    path.write_bytes(safetensors.torch.save(arrays, metadata={"card": json.dumps(card)}))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("count", 499), ("revision", "another"), ("content_digest", "0" * 64), ("features", 3), ("split", "train")],
)
def test_statistics_of_something_else_are_refused_with_both_values(
    run: Run, committed: Path, field: str, wrong: object
) -> None:
    kept: dict[str, object] = {}

    def change(card: dict[str, Any]) -> None:
        named = {"features": "bank"}.get(field, field)  # in files
        kept["right"] = card["recipe"][named]
        card["recipe"][named] = wrong

    rewrite_card(committed / REFERENCE, change)
    fact = refused(run, "evaluate", "noise", "--track", "digits", "--samples", 20)
    assert fact.startswith(f"{committed / REFERENCE}: {field} is {wrong!r}")
    assert repr(kept["right"]) in fact


def test_statistics_of_another_extractor_are_refused(run: Run, committed: Path) -> None:
    rewrite_card(committed / REFERENCE, lambda card: card["recipe"]["extractor"].update(weights="f" * 64))
    fact = refused(run, "evaluate", "noise", "--track", "digits", "--samples", 20)
    assert f"{committed / REFERENCE}: extractor" in fact
    assert "f" * 64 in fact


def flip_last_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(flip_last_byte, "array_digest: the arrays have", id="a flipped byte"),
        pytest.param(halve, "not a file of reference statistics", id="truncated"),
        pytest.param(lambda p: p.write_bytes(b""), "not a file of reference statistics", id="empty"),
        pytest.param(lambda p: rewrite_card(p, lambda c: c.update(extra=1)), "card.extra", id="unknown key"),
        pytest.param(
            lambda p: rewrite_card(p, lambda c: c.pop("recipe")), "card: a card holds a recipe", id="missing key"
        ),
    ],
)
def test_damaged_statistics_are_refused(run: Run, committed: Path, spoil: Callable[[Path], None], why: str) -> None:
    spoil(committed / REFERENCE)
    fact = refused(run, "evaluate", "noise", "--track", "digits", "--samples", 20)
    assert fact.startswith(f"{committed / REFERENCE}: {why}"), fact


def test_verify_refuses_statistics_that_building_does_not_give(run: Run, committed: Path) -> None:
    rewrite_card(committed / REFERENCE, lambda card: card.update(image_digest="0" * 64))
    code, out, err = run("reference", "verify")
    assert code == 1
    assert REFERENCE.removesuffix(".safetensors") in err
    assert "\n\nhint: " in err
    assert "no" in out


def test_missing_statistics_are_built_into_the_users_folder(run: Run, committed: Path, own_home: Path) -> None:
    expected = json.loads(measure(run, "--json", "--results", own_home / "first")[1])["metrics"]
    for path in committed.rglob("*.safetensors"):
        path.unlink()
    code, out, _ = measure(run, "--json", "--results", own_home / "second")
    assert code == 0
    assert (own_home / "references" / REFERENCE).is_file()
    found = {m["name"] + m["params"]["against"]: m["value"] for m in json.loads(out)["metrics"]}
    assert [key for key, value in found.items() if value is None] == ["fd_debiasedreference"]  # for too few samples
    for metric in expected:
        value = found[metric["name"] + metric["params"]["against"]]
        assert value == metric["value"] or value == pytest.approx(metric["value"], rel=1e-4)
