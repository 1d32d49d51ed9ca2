"""The command line when all is well: what scripts may rely on, key by key."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from genboard.benchmarks.result import preview_path, read_result, result_id
from genboard.registry.catalog import KINDS, entries, find, tracks_of
from genboard.registry.datasets import load_split
from genboard.registry.images import read_all
from genboard.registry.metrics import METRICS
from genboard.registry.schema import Generator, Track
from PIL import Image

from genboard.core.files import sha256
from genboard.core.serialization import canonical_json

pytestmark = pytest.mark.usefixtures("quick_intervals")

Run = Callable[..., tuple[int, str, str]]

RESULT_KEYS = {
    "suspicion",
    "schema",
    "id",
    "status",
    "track",
    "generator",
    "sampling",
    "metrics",
    "specification",
    "preview",
    "environment",
    "cost",
    "provenance",
    "error",
    "influences",
}
METRIC_KEYS = {
    "name",
    "version",
    "extractor",
    "value",
    "reason",
    "direction",
    "uncertainty",
    "n",
    "n_reference",
    "params",
}
UNCERTAINTY_KEYS = {"target", "se", "lo", "hi", "level", "method"}
ALL_KINDS = tuple(KINDS)
assert len(ALL_KINDS) == 5


def printed(run: Run, *arguments: object) -> Any:
    """What a command prints with --json: stdout holds that and nothing else, in canonical form."""
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    value = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert out.encode() == canonical_json(value)
    return value


ON_TRACK = {column.metric for column in find(Track, "digits").metrics}


def measurable(inputs: set[str], space: str = "") -> set[str]:
    """The metrics that can be computed from these inputs alone, in a feature space."""
    found = {name for name, m in METRICS.items() if inputs.issuperset(m.reads) and m.is_defined_in(space)}
    assert len(found) >= 6
    return found


def check_metrics(metrics: list[dict[str, Any]], names: set[str]) -> None:
    assert {m["name"] for m in metrics} == names
    for m in metrics:
        assert set(m) == METRIC_KEYS
        assert isinstance(m["value"], float) or m["reason"]
        assert m["direction"] == METRICS[m["name"]].better
        if m["uncertainty"] is None:
            assert m["reason"]
            continue
        assert set(m["uncertainty"]) == UNCERTAINTY_KEYS
        assert m["uncertainty"]["target"] in ("conditional", "population")
        assert m["uncertainty"]["lo"] <= m["value"] <= m["uncertainty"]["hi"]


@pytest.fixture
def pngs(tmp_path: Path) -> Path:
    """Forty held-out digits as PNG files."""
    folder = tmp_path / "forty"
    folder.mkdir()
    for i, pixels in enumerate(read_all(load_split("digits", "held-out").first(40)).pixels):
        Image.fromarray(pixels[:, :, 0]).save(folder / f"{i:03d}.png")
    return folder


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_list_names_every_entry_and_show_shows_it(run: Run, kind: str) -> None:
    expected = list(METRICS) if kind == "metrics" else list(entries(KINDS[kind]))
    rows = printed(run, "list", kind)
    assert [row["name"] for row in rows] == expected
    assert expected
    code, text, err = run("list", kind)
    assert (code, err) == (0, "")
    for name in expected:
        assert name in text
        entry = printed(run, "show", kind, name)
        assert entry == printed(run, "show", kind.removesuffix("s"), name)
        assert entry["name"] == name
        code, text_of_one, err = run("show", kind, name)
        assert (code, err) == (0, "")
        assert entry["title"] in text_of_one


def test_listed_generators_say_what_scripts_choose_by(run: Run) -> None:
    rows = {row["name"]: row for row in printed(run, "list", "generators")}
    for name, entry in entries(Generator).items():
        assert {"family", "task", "tracks", "baseline"} <= set(rows[name])
        assert rows[name]["family"] == entry.family
        assert rows[name]["task"] == entry.task
        assert rows[name]["baseline"] is entry.baseline
        assert rows[name]["tracks"] == list(tracks_of(entry))


def test_a_result_has_exactly_the_keys_that_scripts_rely_on(run: Run, own_home: Path) -> None:
    result = printed(run, "evaluate", "noise", "--track", "digits", "--samples", 130)
    assert set(result) == RESULT_KEYS
    assert result["schema"] == 1
    assert result["status"] == "complete"
    assert result["error"] is None
    assert result["track"] == {"name": "digits", "version": 1}
    assert result["generator"]["name"] == "noise"
    assert result["sampling"]["n"] == 130
    assert result["sampling"]["seed"] == 2026
    assert len(result["sampling"]["digest"]) == 64
    assert result["provenance"]["command"] == "genboard evaluate noise --track digits --samples 130"
    assert result["provenance"]["trusted_code"] is False
    check_metrics(result["metrics"], ON_TRACK)
    assert result["id"] == result_id(result["specification"])
    assert result["id"] == sha256(canonical_json(result["specification"]))[:12]
    path = own_home / "results" / "digits@1" / "noise" / f"{result['id']}.json"
    assert path.read_bytes() == canonical_json(result)
    assert result["preview"]["sha256"] == sha256(preview_path(path).read_bytes())


def test_a_second_evaluation_reuses_the_first(run: Run) -> None:
    command = ("evaluate", "noise", "--track", "digits", "--samples", 20, "--json")
    first, second = run(*command), run(*command)
    assert first[1] == second[1]  # to the byte, time of creation included: it was read, not measured
    assert first[2].splitlines()[-1].startswith("measured: ")
    assert second[2].splitlines()[-1].startswith("already measured: ")


def test_the_result_is_written_where_out_says(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "new" / "result.json"
    result = printed(run, "evaluate", "noise", "--track", "digits", "--samples", 20, "--out", out)
    assert out.read_bytes() == canonical_json(result)
    assert read_result(out).id == result["id"]


def test_the_text_names_generator_number_and_metrics(run: Run) -> None:
    code, out, _ = run("evaluate", "noise", "--track", "digits", "--samples", 20)
    assert code == 0
    assert out.startswith("noise on digits@1, 20 samples: partial, not ranked (the track asks for 500)\n")
    # Of the columns only this one needs more samples, and says so.
    assert "fd_debiased" in out
    assert "20 samples of 32 features, at least 128 are needed" in out
    for name in sorted(ON_TRACK):
        assert f"\n{name} " in out


@pytest.mark.parametrize("source", ["noisy.py:sample", "deeper/noisy.py:sample", "images", "some images.npy"])
def test_the_command_that_is_printed_repeats_a_run_from_anywhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "else where"
    elsewhere.mkdir()
    (here / "deeper").mkdir(parents=True)
    (here / "images").mkdir()
    pixels = np.random.default_rng(1).integers(0, 256, (20, 8, 8), np.uint8)
    np.save(here / "some images.npy", pixels)
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(here / "images" / f"{i}.png")
    text = (
        "import numpy as np\ndef sample(seeds, labels):\n"
        "    return np.stack([np.random.default_rng(s).random((1, 8, 8)) for s in seeds])\n"
    )
    for name in ("noisy.py", "deeper/noisy.py"):
        (here / name).write_text(text)
    monkeypatch.chdir(here)
    code, _, err = run("evaluate", source, "--track", "digits", "--samples", 20, "--trust-code", "--name", "mine")
    assert code == 0, err
    repeat = err.splitlines()[-1].removeprefix("to repeat it: genboard ")
    monkeypatch.chdir(elsewhere)
    code, _, err = run(*shlex.split(repeat))
    assert code == 0, err
    assert "already measured: " in err


def test_a_folder_of_images_is_measured(run: Run, pngs: Path) -> None:
    result = printed(run, "evaluate", pngs, "--track", "digits")
    assert result["generator"]["name"] == "forty"
    assert result["generator"]["kind"] == "images"
    assert result["sampling"]["n"] == 40
    assert result["sampling"]["seed"] is None
    assert [m["name"] for m in result["metrics"] if m["value"] is None] == ["fd_debiased"]
    named = printed(run, "evaluate", pngs, "--track", "digits", "--name", "mine")
    assert named["generator"]["name"] == "mine"
    assert named["id"] != result["id"]
    assert named["metrics"] == result["metrics"]


def test_of_more_images_than_are_asked_for_the_first_are_measured_and_that_is_said(run: Run, pngs: Path) -> None:
    code, out, err = run("evaluate", pngs, "--track", "digits", "--samples", 10, "--json")
    assert code == 0
    assert json.loads(out)["sampling"]["n"] == 10
    assert f"{pngs} holds 40 images; the first 10 were measured" in err


def test_a_registered_generators_samples_measure_the_same_as_images(run: Run, tmp_path: Path) -> None:
    drawn = printed(run, "sample", "vae", "--track", "digits", "--samples", 150, "--out", tmp_path / "samples")
    direct = printed(run, "evaluate", "vae", "--track", "digits", "--samples", 150)
    as_images = printed(run, "evaluate", tmp_path / "samples", "--track", "digits")
    assert drawn["digest"] == direct["sampling"]["digest"] == as_images["sampling"]["digest"]
    assert direct["metrics"] == as_images["metrics"]


def test_a_users_function_is_measured_and_the_result_says_that_its_code_was_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "def grey(seeds, labels):\n"
        "    assert labels is None\n"
        "    return np.stack([np.random.default_rng(s).random((1, 8, 8), np.float32) for s in seeds])\n"
    )
    source = f"{tmp_path / 'mine.py'}:grey"
    command = ("evaluate", source, "--track", "digits", "--samples", 40, "--trust-code")
    result = printed(run, *command)
    assert result["generator"]["name"] == "grey"
    assert result["generator"]["kind"] == "function"
    assert result["provenance"]["trusted_code"] is True
    assert result["specification"]["generator"]["code"] == sha256((tmp_path / "mine.py").read_bytes())
    assert str(tmp_path) not in json.dumps(result)  # no path of the user's is published
    batched = run(*command, "--batch-size", 7, "--results", tmp_path / "other", "--json")[1]
    assert json.loads(batched)["sampling"]["digest"] == result["sampling"]["digest"]


def test_a_result_with_another_number_of_samples_is_recorded_and_not_ranked(run: Run, own_home: Path) -> None:
    results = own_home / "results"
    few = printed(run, "evaluate", "vae", "--track", "digits", "--samples", 100)
    full = printed(run, "evaluate", "vae", "--track", "digits")
    floor = printed(run, "evaluate", "held-out", "--track", "digits")
    reason = "measured with 100 samples, the track asks for 500"
    board = printed(run, "rank", "--track", "digits", "--results", results)
    assert set(board) >= {"track", "primary", "better", "rows", "left_out"}
    assert board["left_out"] == [{"generator": "vae", "id": few["id"], "reason": reason}]
    assert [row["id"] for row in board["rows"]] == [floor["id"], full["id"]]
    assert [row["rank"] for row in board["rows"]] == [None, [1, 1]]
    for row in board["rows"]:
        assert board["primary"] in row["metrics"]
        check_metrics(list(row["metrics"].values()), ON_TRACK)
    code, out, _ = run("rank", "--track", "digits", "--results", results)
    assert code == 0
    assert f"not ranked: vae ({few['id']}): {reason}" in out
    assert "noise floor" in out


def arrays() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    stream = np.random.default_rng(5)
    return stream.normal(size=(60, 4)).astype(np.float32), stream.normal(0.5, 1, (50, 4)).astype(np.float32)


def save(path: Path, array: np.ndarray[Any, Any]) -> Path:
    match path.suffix:
        case ".npy":
            np.save(path, array)
        case ".npz":
            np.savez(path, features=array, labels=np.zeros(len(array)))
        case _:
            path.write_bytes(safetensors.numpy.save({"features": array}))
    return path


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors"])
def test_compare_reads_every_kind_of_array(run: Run, tmp_path: Path, suffix: str) -> None:
    real, fake = arrays()
    pair = save(tmp_path / f"real{suffix}", real), save(tmp_path / f"fake{suffix}", fake)
    found = printed(run, "compare", *pair)
    assert set(found) == {"n_real", "n_fake", "dim", "metrics"}
    assert (found["n_real"], found["n_fake"], found["dim"]) == (60, 50, 4)
    check_metrics(found["metrics"], measurable({"real.moments", "real.features", "fake.features"}))
    real_cov, fake_cov = np.cov(real.T.astype(float)), np.cov(fake.T.astype(float))
    cross = np.sqrt(np.linalg.eigvals(real_cov @ fake_cov).real).sum()
    gap = real.mean(0, dtype=float) - fake.mean(0, dtype=float)
    expected = gap @ gap + np.trace(real_cov) + np.trace(fake_cov) - 2 * cross
    assert next(m["value"] for m in found["metrics"] if m["name"] == "fd") == pytest.approx(expected, rel=1e-6)
    only = printed(run, "compare", *pair, "--metrics", "kid")
    assert only["metrics"] == [m for m in found["metrics"] if m["name"] == "kid"]
    code, out, err = run("compare", *pair)
    assert (code, err) == (0, "")
    assert out.startswith("60 real and 50 generated samples of 4 features\n")


def test_compare_takes_a_number_of_neighbours(run: Run, tmp_path: Path) -> None:
    real, fake = arrays()
    pair = save(tmp_path / "real.npy", real), save(tmp_path / "fake.npy", fake)
    usual = {m["name"]: m for m in printed(run, "compare", *pair)["metrics"]}
    more = {m["name"]: m for m in printed(run, "compare", *pair, "--k", 9)["metrics"]}
    assert {name for name, m in more.items() if m["params"].get("k") == 9} >= {"precision", "recall", "coverage"}
    assert more["precision"]["value"] > usual["precision"]["value"]
    assert more["fd"] == usual["fd"]
    too_many = printed(run, "compare", *pair, "--k", 50, "--metrics", "recall")["metrics"][0]
    assert too_many["value"] is None
    assert too_many["reason"] == "k = 50 needs more than 50 images on each side"


def test_compare_measures_images_in_a_feature_space(run: Run, tmp_path: Path, pngs: Path) -> None:
    np.save(tmp_path / "noise.npy", np.random.default_rng(6).integers(0, 256, (30, 8, 8), np.uint8))
    found = printed(run, "compare", pngs, tmp_path / "noise.npy", "--extractor", "digits-cnn")
    assert (found["n_real"], found["n_fake"], found["dim"]) == (40, 30, 32)
    check_metrics(
        found["metrics"],
        measurable({"real.moments", "real.features", "fake.features", "fake.logits"}, "digits-cnn"),
    )
    same = printed(run, "compare", pngs, pngs, "--extractor", "digits-cnn", "--metrics", "fd")
    assert same["metrics"][0]["value"] == pytest.approx(0, abs=1e-6)
    assert found["metrics"][0]["value"] > 1


def test_reference_list_build_and_verify(run: Run, tmp_path: Path) -> None:
    stored = printed(run, "reference", "list")
    names = [s["name"] for s in stored]
    own = [f"digits/{name}.digits-cnn" for name in ("held-out-500", "reference-500", "train-797")]
    assert names == sorted([*own, "digits/reference-500.pixels", "digits/train-797.pixels"])
    for s in stored:
        assert Path(s["path"]).is_file()
        assert s["recipe"]["dataset"] == "digits"
    code, out, _ = run("reference", "build", "--track", "digits", "--out", tmp_path)
    assert code == 0
    assert sorted(out.splitlines()) == [str(tmp_path / f"{name}.safetensors") for name in own]
    assert all(Path(line).is_file() for line in out.splitlines())
    code, out, err = run("reference", "verify", names[0])
    assert code == 0
    assert names[0] in out
    assert names[1] not in out
    assert err.startswith("all within ")


def test_statistics_that_a_user_built_are_listed_after_the_committed_ones(run: Run, own_home: Path) -> None:
    assert run("reference", "build", "--track", "digits")[0] == 0
    paths = [Path(s["path"]) for s in printed(run, "reference", "list")]
    assert [path.is_relative_to(own_home) for path in paths] == [False] * 5 + [True] * 3


def test_sample_prints_the_manifest(run: Run, tmp_path: Path) -> None:
    manifest = printed(run, "sample", "noise", "--track", "digits", "--samples", 130, "--out", tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_bytes()) == manifest
    assert manifest["n"] == sum(shard["count"] for shard in manifest["shards"]) == 130
    code, out, err = run("sample", "noise", "--track", "digits", "--samples", 130, "--out", tmp_path)
    assert (code, err) == (0, "")
    assert manifest["digest"] in out
