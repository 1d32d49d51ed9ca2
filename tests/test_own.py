"""The page on a feature space and a data set of one's own: what it shows is written down, and its commands are run."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from genboard.registry.catalog import entries, parse
from genboard.registry.schema import Dataset, Entry, Extractor, Track
from PIL import Image
from refusals import Run, refused

from genboard.core.files import sha256

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "own.md").read_text("utf-8")
ENTRIES = dict(re.findall(r"```toml\n# entries/([a-z]+/[a-z0-9-]+)\.toml\n(.*?)```", PAGE, re.DOTALL))
CODE, SAVING = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.search(r"```console\n(.*?)```", PAGE, re.DOTALL)
KINDS: dict[str, type[Entry]] = {"datasets": Dataset, "extractors": Extractor, "tracks": Track}


def pictures(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True)
    for i, pixels in enumerate(np.random.default_rng(seed).integers(0, 256, (count, 16, 20, 3), np.uint8)):
        Image.fromarray(pixels if "cat" in folder.name else pixels // 2).save(folder / f"{i}.png")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the page's script writes, run as a user would."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "mynet.py").write_bytes(CODE.encode())
    (folder / "save.py").write_text(SAVING, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        with torch.random.fork_rng(devices=[]):
            runpy.run_path("save.py")
        del sys.modules["mynet"]
    return folder


@pytest.fixture
def home(own_home: Path, models: Path) -> Path:
    """A data folder as the page describes it."""
    (own_home / "models").symlink_to(models, target_is_directory=True)
    for i, name in enumerate(("cat", "dog")):
        pictures(own_home / "pictures" / name, 30, i)
    for name, text in ENTRIES.items():
        named = re.search(r'local = "(.*)"', text)
        path = own_home / "entries" / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = sha256((own_home / named[1]).read_bytes()) if named else "0" * 64
        path.write_text(text.replace("0" * 64, digest), "utf-8")
    return own_home


def commands(folder: Path) -> list[list[str]]:
    assert COMMANDS
    lines = [line.removeprefix("genboard ").split() for line in COMMANDS[1].strip().splitlines()]
    own = {"my-samples": str(folder / "my-samples"), '"$GENBOARD_HOME/results"': str(folder / "results")}
    found = [[own.get(word, word) for word in line] for line in lines]
    return [[*line[:-1], str(folder / "site")] if line[0] == "site" else line for line in found]


def test_every_entry_of_the_page_parses() -> None:
    found = [parse(KINDS[name.partition("/")[0]], Path(f"{name}.toml"), text) for name, text in ENTRIES.items()]
    kinds = [entry.source.kind for entry in found if isinstance(entry, Extractor) and entry.source]
    assert sorted(kinds) == ["exported", "python", "timm", "transformers"]


def test_the_commands_of_the_page_run(run: Run, home: Path) -> None:
    pictures(home / "my-samples", 20, 7)
    for path in (home / "my-samples").iterdir():
        Image.open(path).crop((2, 0, 18, 16)).save(path)
    done = commands(home)
    assert [line[0] for line in done] == ["dataset", "reference", "evaluate", "evaluate", "rank", "site"]
    for line in done[:-1]:
        code, out, err = run(*line)
        assert code == 0, (line, err)
    assert "my-samples" in out
    results = [json.loads(path.read_text("utf-8")) for path in sorted((home / "results").rglob("*.json"))]
    assert {r["generator"]["name"] for r in results} == {"noise", "my-samples"}
    for result in results:
        assert result["provenance"]["trusted_code"] is True
        assert "--trust-code" in result["provenance"]["command"]
        assert all(m["value"] is not None for m in result["metrics"])
        space = result["specification"]["metrics"][0]["extractor"]
        assert space["code"] == sha256(CODE.encode())
        assert space["weights"] == sha256((home / "models" / "mynet.safetensors").read_bytes())
        assert space["preprocessing"] == {"range": [-1.0, 1.0]}


def test_a_check_knows_that_the_code_of_a_feature_space_ran(run: Run, home: Path) -> None:
    for line in commands(home)[:3]:
        assert run(*line)[0] == 0
    (result,) = (home / "results").rglob("*.json")
    assert "0 errors" in run("check", result)[2]
    text = result.read_text("utf-8")
    result.write_text(text.replace('"trusted_code": true', '"trusted_code": false'), "utf-8")
    code, out, _ = run("check", result)
    assert code == 1
    assert "R209 error: provenance.trusted_code: False, but a function was run" in out


def test_code_and_program_give_the_same_features_and_are_two_spaces(home: Path) -> None:
    from genboard.registry.extractors import load_extractor
    from genboard.registry.images import Images
    from genboard.registry.trust import trusting_code

    images = Images(np.random.default_rng(1).integers(0, 256, (7, 16, 16, 3), np.uint8))
    with trusting_code():
        code = load_extractor("my-net")
    program = load_extractor("my-program")
    for a, b in zip(code.compute(images, "x"), program.compute(images, "x"), strict=True):
        assert a is not None
        assert b is not None
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)
    known = [entries(Extractor)[name].identity() for name in ("my-net", "my-program")]
    assert known[0] != {**known[1], "name": "my-net"}
    assert known[1]["program"] == sha256((home / "models" / "mynet.pt2").read_bytes())


def test_another_machine_verifies_with_the_files_and_refuses_others(run: Run, home: Path) -> None:
    for line in commands(home)[:3]:
        assert run(*line)[0] == 0
    (result,) = (home / "results").rglob("*.json")
    assert "is code" in refused(run, "verify", result, "--by", "me")
    code, out, err = run("verify", result, "--by", "me", "--trust-code")
    assert code == 0, err
    assert "level: reproduced" in out
    (home / "models").unlink()
    (home / "models").mkdir()
    (home / "models" / "mynet.py").write_bytes(f"{CODE}# changed\n".encode())
    fact = refused(run, "verify", result, "--by", "me", "--trust-code")
    assert sha256(CODE.encode()) in fact
    assert sha256(f"{CODE}# changed\n".encode()) in fact


@pytest.mark.slow
def test_the_site_of_the_page_is_built(run: Run, home: Path) -> None:
    lines = commands(home)
    for line in [*lines[:3], lines[-1]]:
        code, _, err = run(*line)
        assert code == 0, err
    assert "my-net" in (home / "site" / "tracks" / "my-track.html").read_text("utf-8")
    assert sha256(CODE.encode()) in (home / "site" / "extractors.html").read_text("utf-8")
