"""Names and entries that a user gets wrong, through the real command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from genboard.leaderboard.storage.records import COMMITTED
from genboard.registry.catalog import entries
from genboard.registry.metrics import METRICS
from genboard.registry.weights import ROOT as REGISTRY
from refusals import (
    DIGITS,
    FUNCTION,
    Run,
    features,
    folder,
    hint,
    measure,
    module,
    refused,
)
from safetensors.numpy import load_file, save_file

from genboard.core.files import read_bytes, sha256


@pytest.mark.parametrize(
    ("arguments", "fact", "near"),
    [
        ("evaluate nois --track digits", "no generator named 'nois'", "noise"),
        ("sample nois --track digits --out OUT", "no generator named 'nois'", "noise"),
        ("evaluate noise --track digit", "no track named 'digit'", "digits"),
        ("sample noise --track digit --out OUT", "no track named 'digit'", "digits"),
        ("rank --track digit", "no track named 'digit'", "digits"),
        ("reference build --track digit", "no track named 'digit'", "digits"),
        (
            "reference verify digits/reference-500.digits",
            "no reference statistics named",
            "digits/reference-500.digits-cnn",
        ),
        ("compare REAL REAL --metrics fd,kidd", "no metric named 'kidd'", "kid"),
        ("compare IMAGES IMAGES --extractor digits-cn", "no extractor named 'digits-cn'", "digits-cnn"),
        ("list generatorz", "no kind of entry named 'generatorz'", "generators"),
        ("show trak digits", "no kind of entry named 'trak'", "tracks"),
        ("show generator vaee", "no generator named 'vaee'", "vae"),
        ("show extractor digit-cnn", "no extractor named 'digit-cnn'", "digits-cnn"),
        ("show dataset digit", "no data set named 'digit'", "digits"),
        ("show metric nnratio", "no metric named 'nnratio'", "nn_ratio"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    run: Run, tmp_path: Path, arguments: str, fact: str, near: str
) -> None:
    places = {"OUT": tmp_path / "out", "REAL": features(tmp_path), "IMAGES": folder(tmp_path)}
    words = [places.get(word, word) for word in arguments.split()]
    assert fact in refused(run, *words)
    assert hint(run, *words) == f"did you mean {near!r}?"


def test_a_name_near_to_none_is_answered_with_all(run: Run) -> None:
    assert hint(run, "show", "metric", "zzzzzz") == f"known: {', '.join(sorted(METRICS))}"


@pytest.mark.parametrize(
    "arguments",
    [
        "evaluate noise",
        "evaluate noise --track digits --samples 0",
        "evaluate noise --track digits --batch-size 0",
        "evaluate noise --track digits --nosuch",
        "sample noise --track digits",
        "compare one.npy",
        "nosuch",
        "reference nosuch",
        "list",
    ],
)
def test_wrong_usage_is_exit_2(run: Run, arguments: str) -> None:
    code, out, err = run(*arguments.split())
    assert (code, out) == (2, "")
    assert "Usage" in err


ENTRY = """title = "Mine"
version = 1
family = "gan"
source = { kind = "built-in", loader = "baselines:noise" }
origin = "me"
licence = "none"
"""


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("mine", ENTRY + "colour = 1\n", "colour: Extra inputs are not permitted"),
        ("mine", ENTRY.replace("version = 1\n", ""), "version: Field required"),
        ("mine", ENTRY.replace("1", '"one"'), "version: Input should be a valid integer"),
        ("mine", ENTRY + 'task = "painting"\n', "task: Input should be"),
        ("mine", ENTRY + "[", "not valid TOML"),
        ("Mine", ENTRY, "name: String should match"),
        ("noise", ENTRY, "name: two generators are named 'noise'"),
        ("mine", ENTRY + 'aliases = ["vae"]\n', "aliases: 'vae' is taken"),
        ("mine", ENTRY.replace("version = 1", f"version = {10**30}"), "version: an integer beyond 64 bits"),
        ("mine", ENTRY + "arguments = { truncation = nan }\n", "arguments.truncation: NaN is not a number"),
        ("mine", ENTRY + f"arguments = {'[' * 2000}\n", "not valid TOML"),
        ("mine", ENTRY + "licence = \\ud800\n", "not valid TOML"),
        ("mine", ENTRY.encode() + b'notes = "\xff"\n', "not UTF-8: invalid start byte"),
        ("mine", ENTRY.encode("utf-16-le"), "not valid TOML"),
        ("con", ENTRY, "name: 'con' is a name that Windows keeps for itself"),
    ],
)
def test_a_bad_entry_of_the_user_is_named_with_its_field_and_takes_nothing_else_down(
    run: Run, own_home: Path, name: str, text: str | bytes, why: str
) -> None:
    path = own_home / "entries" / "generators" / f"{name}.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, out, err = run("list", "generators", "--json")
    assert code == 0
    assert {row["name"] for row in json.loads(out)} == set(entries("generators"))
    assert err.startswith(f"left out: {path}: {why}"), err
    if name != "noise":
        assert refused(run, "show", "generator", name).startswith(f"{path}: {why}")


def test_an_unreadable_entry_is_a_remark_of_every_command_and_an_error_of_check(run: Run, own_home: Path) -> None:
    path = own_home / "entries" / "tracks" / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_text("[", "utf-8")
    code, out, err = run("rank", "--track", "digits", "--json")
    assert (code, len(json.loads(out)["rows"]) > 10, err.count(f"left out: {path}: ")) == (0, True, 1)
    code, _, err = measure(run)
    assert (code, err.count(f"left out: {path}: ")) == (0, 1)
    code, out, err = run("check", COMMITTED / "digits@1" / "kde")
    assert (code, out, err.count(f"left out: {path}: ")) == (1, "", 1)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_an_entry_with_a_byte_order_mark_is_read(run: Run, own_home: Path, encoding: str) -> None:
    path = own_home / "entries" / "generators" / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(ENTRY.replace("\n", "\r\n").encode(encoding))
    assert json.loads(run("show", "generator", "mine", "--json")[1])["title"] == "Mine"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes")
def test_a_pipe_among_entries_is_not_waited_for(run: Run, own_home: Path) -> None:
    path = own_home / "entries" / "generators" / "mine.toml"
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert run("list", "generators")[2] == f"left out: {path}: cannot be read: it is a named pipe, not a file\n"


@pytest.mark.parametrize("name", ["con", "nul", "aux.v2", "com1", "lpt9.tar", "prn", "vae."])
@pytest.mark.parametrize(
    "command",
    [
        "evaluate IMAGES --track digits --name NAME",
        "evaluate FUNCTION --trust-code --track digits --name NAME",
        "submit IMAGES --track digits --name NAME --out OUT",
        "reference import STATISTICS --name NAME",
        "reference pull org/repo digits/NAME",
    ],
)
def test_a_name_that_windows_cannot_have_as_a_file_is_refused(
    run: Run, tmp_path: Path, command: str, name: str
) -> None:
    np.savez(tmp_path / "statistics.npz", mu=np.zeros(2), sigma=np.eye(2))
    places = {
        "IMAGES": folder(tmp_path),
        "FUNCTION": module(tmp_path, FUNCTION + "return np.zeros((n, 1, 8, 8))"),
        "STATISTICS": tmp_path / "statistics.npz",
        "OUT": tmp_path / "out",
    }
    words = [places.get(word, word.replace("NAME", name)) for word in command.split()]
    fact = refused(run, *words)
    assert repr(name) in fact or f"digits/{name}" in fact
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda a: {k: v for k, v in a.items() if k != "0.bias"}, 'Missing key(s) in state_dict: "0.bias".'),
        (lambda a: {k: v for k, v in a.items() if k != "0.weight"}, "'0.weight' is missing"),
        (lambda a: {k: np.float32(1) for k in a}, "not enough values to unpack"),
        (lambda a: {**a, "0.bias": a["0.bias"][1:]}, "size mismatch for 0.bias"),
        (lambda a: {**a, "9.bias": a["0.bias"]}, 'Unexpected key(s) in state_dict: "9.bias".'),
        (lambda a: {k: v.astype(np.int8) for k, v in a.items()}, "is torch.int8, the network's torch.float32"),
        (lambda a: {k: v > 0 for k, v in a.items()}, "is torch.bool, the network's torch.float32"),
        (lambda a: {k: v.astype(np.complex64) for k, v in a.items()}, "is complex64"),
    ],
    ids="missing first scalar shape stray int8 bool complex".split(),
)
def test_an_entry_whose_weights_do_not_fit_is_named(
    run: Run, own_home: Path, change: Callable[[dict[str, Any]], dict[str, Any]], problem: str
) -> None:
    entry = own_home / "entries" / "generators" / "mine.toml"
    entry.parent.mkdir(parents=True)
    arrays = load_file(REGISTRY / "generators/zoo/weights/vae.safetensors")
    save_file({k: np.asarray(v) for k, v in change(arrays).items()}, own_home / "mine.safetensors")
    source = f"""source.kind = "torch-weights"
source.architecture = "zoo.vae:load"
source.weights = {{ local = "mine.safetensors", sha256 = "{sha256(read_bytes(own_home / "mine.safetensors"))}" }}
"""
    entry.write_text("".join(line + "\n" for line in ENTRY.splitlines() if "source" not in line) + source, "utf-8")
    fact = refused(run, *"evaluate mine --track digits".split())
    assert problem in fact
    assert "generator 'mine': its weights do not fit zoo.vae:load" in fact or "mine.safetensors" in fact


@pytest.mark.parametrize("loader", ["nosuchmodule:load", "baselines:nosuch", "baselines", "../up:load"])
def test_an_entry_whose_loader_is_not_there_is_named(run: Run, own_home: Path, loader: str) -> None:
    path = own_home / "entries" / "generators" / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_text(ENTRY.replace("baselines:noise", loader), "utf-8")
    assert loader in refused(run, "evaluate", "mine", "--track", "digits")


@pytest.mark.parametrize(
    ("kind", "old", "new", "command", "named"),
    [
        ("generators", 'licence = "none"', 'licence = "none"\nblock = 0', "evaluate mine --track digits", "block"),
        ("generators", 'licence = "none"', 'licence = "none"\nblock = -3', "evaluate mine --track digits", "block"),
        ("tracks", 'metric = "kid"', 'metric = "kidd"', "evaluate noise --track mine", "kidd"),
        ("tracks", 'dataset = "digits"', 'dataset = "digit"', "evaluate noise --track mine", "digit"),
        ("tracks", 'train = "train"', 'train = "nosuch"', "evaluate noise --track mine", "nosuch"),
        ("tracks", 'metric = "kid"', 'metric = "kid"\nparams = { degre = 3 }', "evaluate noise --track mine", "degre"),
        ("tracks", 'primary = "fd', 'primary = "nn_ratio', "rank --track mine --results RESULTS", "nn_ratio"),
    ],
)
def test_an_entry_that_cannot_work_is_refused_with_what_is_wrong(
    run: Run, own_home: Path, kind: str, old: str, new: str, command: str, named: str
) -> None:
    text = ENTRY if kind == "generators" else DIGITS.read_text("utf-8")
    path = own_home / "entries" / kind / "mine.toml"
    path.parent.mkdir(parents=True)
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    (own_home / "results").mkdir()
    assert named in refused(run, *[own_home / "results" if w == "RESULTS" else w for w in command.split()])
