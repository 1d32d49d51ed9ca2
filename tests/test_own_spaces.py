"""Feature spaces of the user's own code: run with leave alone, held to the contract, and described by entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find, parse
from genboard.registry.extractors import LiveExtractor, load_extractor
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.schema import Extractor
from genboard.registry.trust import code_is_trusted, trusting_code
from own_spaces import GREY, HEAD, entry
from refusals import Run, hint, refused

from genboard.core.errors import BadEntry, BadFeatures, BadWeights, GenboardError, NotTrusted
from genboard.core.files import sha256

PYTHON = 'dim = 16\nclasses = 2\npreprocessing = "unit"\n[source]\nkind = "python"\nfunction = "mine.py:load"\n'
GOOD = "return {'features': x.flatten(1), 'logits': x.flatten(1)[:, :2]}"


def code(home: Path, body: str) -> None:
    """A network whose call is `body`, of images `x`."""
    (home / "mine.py").write_text(
        f"import torch\ndef load(weights):\n    def network(x):\n        {body}\n    return network\n",
        "utf-8",
    )


def loaded() -> LiveExtractor:
    with trusting_code():
        return load_extractor("mine")


def test_code_runs_with_leave_and_no_longer(own_home: Path) -> None:
    entry(own_home, PYTHON)
    code(own_home, GOOD)
    with pytest.raises(
        NotTrusted, match=r"extractor 'mine': mine\.py:load is code, which genboard does not run unasked"
    ):
        load_extractor("mine")
    features, logits = loaded().compute(GREY, "x")
    np.testing.assert_allclose(features.numpy(), GREY.pixels.reshape(5, -1) / 255, rtol=1e-6)
    assert logits is not None
    assert logits.shape == (5, 2)
    assert not code_is_trusted()
    assert find(Extractor, "mine").identity()["code"] == sha256((own_home / "mine.py").read_bytes())


@pytest.mark.parametrize(
    "command",
    [
        "compare a.npy a.npy --extractor mine",
        "reference build --dataset digits --split reference --extractor mine",
        "reference import a.npz --extractor mine --take images",
    ],
)
def test_every_command_that_loads_it_needs_leave(run: Run, own_home: Path, tmp_path: Path, command: str) -> None:
    entry(own_home, PYTHON.replace("dim = 16", "dim = 64"), HEAD.replace("[4, 4, 1]", "[8, 8, 1]"))
    code(own_home, GOOD)
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8), np.uint8)
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "a.npz", images)
    words = [str(tmp_path / word) if word.startswith("a.np") else word for word in command.split()]
    assert "mine.py:load is code" in refused(run, *words)
    assert "--trust-code" in hint(run, *words)
    done, _, err = run(*words, "--trust-code")
    assert done == 0, err


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            "return {'features': x.flatten(1)[:, :3], 'logits': x.flatten(1)[:, :2]}",
            r"gives features \(5, 3\) and logits",
        ),
        ("return {'features': x.flatten(1), 'logits': x.flatten(1)}", r"logits \(5, 16\), where .* logits \(5, 2\)"),
        ("return {'features': x.flatten(1)}", r"gives features \(5, 16\), where its entry asks for features \(5, 16\)"),
        ("return {'pooled': x.flatten(1)}", r"gives pooled \(5, 16\)"),
        ("return x.flatten(1)", r"gives \(5, 16\), where"),
        ("return {'features': x.flatten(1)[:3], 'logits': x.flatten(1)[:3, :2]}", r"features \(3, 16\)"),
        ("return {'features': x.flatten(1).long(), 'logits': x.flatten(1)[:, :2]}", r"\(5, 16\) of int64"),
        ("return {'features': x.flatten(1) / 0, 'logits': x.flatten(1)[:, :2]}", "NaN or infinite features"),
        ("return {'features': x.flatten(1), 'logits': x.flatten(1)[:, :2] / 0}", "NaN or infinite logits"),
        ("x = x - x.mean(); " + GOOD, "change by .* with the images beside it"),
        ("x = torch.rand_like(x); " + GOOD, "change by .* from one time to the next"),
        ("raise ValueError('no')", r"its network raised ValueError: no, for images of shape \(5, 1, 4, 4\)"),
        ("raise SystemExit", "its network raised SystemExit"),
    ],
)
def test_what_breaks_the_contract_is_refused_at_once(own_home: Path, body: str, why: str) -> None:
    entry(own_home, PYTHON)
    code(own_home, body)
    with pytest.raises(BadFeatures, match=f"(?s)extractor 'mine'.*{why}|^mine gives {why}") as e:
        loaded()
    assert e.value.hint or "NaN" in why or "infinite" in why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, r"extractor 'mine': mine\.py:load: no such file in your data folder"),
        ("load = 1", "the module has no function 'load'"),
        ("raise ValueError('no')", "cannot be imported: ValueError: no"),
        ("def load(", "cannot be imported: SyntaxError"),
        ("def load(): pass", r"mine\.py:load raised TypeError: load\(\) takes 0 positional"),
        ("def load(weights): return weights", "gives dict, where a function or module is needed"),
    ],
)
def test_code_that_gives_no_network_is_named(own_home: Path, text: str | None, why: str) -> None:
    entry(own_home, PYTHON)
    if text is not None:
        (own_home / "mine.py").write_text(text, "utf-8")
    with pytest.raises(BadWeights, match=why) as e:
        loaded()
    assert e.value.hint


def test_code_that_was_pinned_is_no_other(own_home: Path) -> None:
    code(own_home, GOOD)
    digest = sha256((own_home / "mine.py").read_bytes())
    entry(own_home, f'{PYTHON}sha256 = "{digest}"\n')
    assert loaded().entry.identity()["code"] == digest
    code(own_home, f"{GOOD}  # changed")
    with pytest.raises(BadWeights) as e:
        loaded()
    assert digest in e.value.fact
    assert sha256((own_home / "mine.py").read_bytes()) in e.value.fact
    (own_home / "mine.py").unlink()
    assert find(Extractor, "mine").identity()["code"] == digest  # so boards need no file


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        (PYTHON.replace("mine.py:load", "mine:load"), "source.python.function: String should match"),
        (PYTHON.replace("dim = 16\n", ""), "add dim, the number of features"),
        (f'loader = "pixels:load"\n{PYTHON}', "give exactly one network: loader, or"),
        ('dim = 1\npreprocessing = "unit"\n', "give exactly one network"),
        (PYTHON.replace('"python"', '"pickle"'), "source: Input tag 'pickle'"),
        (PYTHON.replace('"unit"', '{ resize = { filter = "cubic", size = 8 } }'), "resize.filter: Input should be"),
        (PYTHON.replace('"unit"', "{ range = [1, 0] }"), "the first number is not below the second"),
        (PYTHON.replace('"unit"', "{ range = [0, inf] }"), "Infinity is not a number"),
        (PYTHON.replace('"unit"', "{ mean = [0.5, 0.5], std = [1.0, 1.0] }"), "mean has 2 numbers, std 2"),
        (PYTHON.replace('"unit"', "{ mean = [0.5] }"), "mean has 1 numbers, std 0"),
        (PYTHON.replace('"unit"', "{ mean = [0.5], std = [0.0] }"), "standard deviations are above 0"),
        (
            PYTHON.replace('"unit"', '{ resize = { filter = "bilinear", size = 8 }, crop = 9 }'),
            "crop = 9 is larger than the resize to 8",
        ),
        (
            'dim = 1\npreprocessing = "unit"\n[source]\nkind = "timm"\nmodel = "resnet18"\n',
            r"a model by its name needs \[weights\]",
        ),
        (
            'dim = 1\npreprocessing = "unit"\n[source]\nkind = "timm"\nmodel = "hf_hub:x/y"\n',
            "source.timm.model: String should match",
        ),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(tmp_path: Path, rest: str, why: str) -> None:
    with pytest.raises(BadEntry, match=why):
        parse(Extractor, tmp_path / "mine.toml", HEAD + rest)


def test_a_crop_larger_than_the_images_is_refused() -> None:
    crop = find_mode(find_described("crop = 6"))
    with pytest.raises(GenboardError, match="images of 4x4 cannot be cropped to 6x6"):
        crop(torch.from_numpy(GREY.pixels))


def find_described(table: str) -> Any:
    text = f'{HEAD}dim = 1\nloader = "pixels:load"\n[preprocessing]\n{table}\n'
    return parse(Extractor, Path("mine.toml"), text).preprocessing
