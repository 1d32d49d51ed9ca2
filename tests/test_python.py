"""The Python interface: every name at the top, typed and explained, and errors of ours for what cannot be."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from refusals import GREY, png
from tiny_models import ROOT

import genboard

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(60, 5)), RNG.normal(0.2, 1, size=(50, 5))


CONSTANTS = {
    "COMMITTED": "The folder of the results that come with the package.",
    "METRICS": "Every metric by name, with its direction, range and version.",
    "__version__": "The package's version.",
}


def test_every_name_is_listed_and_explained_by_its_docstring():
    assert dir(genboard) == sorted(genboard.__all__)
    lines = {}
    for name in genboard.__all__:
        found = getattr(genboard, name)
        documented = inspect.isclass(found) or inspect.isfunction(found)
        lines[name] = inspect.cleandoc(found.__doc__ or "").partition("\n")[0] if documented else CONSTANTS[name]
    assert len(lines) > len(CONSTANTS) + 20
    assert all(line.endswith((".", ":")) for line in lines.values()), lines
    # A dataclass without a docstring has one made of its fields.
    assert not [name for name, line in lines.items() if line.startswith(f"{name}(")]
    table = "\n".join(f"| `{name}` | {line} |" for name, line in lines.items())
    assert table in (ROOT / "docs" / "python.md").read_text("utf-8"), table


def test_the_example_in_the_document_runs(own_home: object, monkeypatch: pytest.MonkeyPatch):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, {})


def test_the_types_of_all_names_are_known_to_static_tools():
    source = (ROOT / "genboard" / "__init__.py").read_text("utf-8")
    typed, _, _ = source.partition("__all__")
    assert not [name for name in genboard.__all__ if name not in typed]


def test_the_version_is_the_packages():
    assert genboard.__version__ == version("genboard")


def test_the_import_is_light():
    code = "import sys, genboard; genboard.track('digits'); assert not {'torch', 'scipy', 'pandas'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_entries_are_found_by_the_name_of_their_kind():
    assert genboard.find("tracks", "digits") == genboard.find(genboard.Track, "digits") == genboard.track("digits")
    assert genboard.entries("generators") == genboard.entries(genboard.Generator)
    assert genboard.find("metrics", "fd") is genboard.METRICS["fd"]
    assert genboard.entries("metrics") == genboard.METRICS


@pytest.mark.parametrize(
    ("call", "fact", "hint"),
    [
        (lambda: genboard.track("digit"), "no track named 'digit'", "'digits'"),
        (lambda: genboard.find("tracks", "digit"), "no track named 'digit'", "'digits'"),
        (lambda: genboard.find("metrics", "kidd"), "no metric named 'kidd'", "'kid'"),
        (lambda: genboard.find("track", "digits"), "no kind of entry named 'track'", "'tracks'"),
        (lambda: genboard.find(dict, "digits"), "no kind of entry named 'dict'", "known"),
        (lambda: genboard.find(None, "digits"), "no kind of entry named 'None'", "known"),
        (lambda: genboard.find("tracks", None), "no track named 'None'", "known"),
        (lambda: genboard.find("tracks", ["digits"]), "no track named", "'digits'"),
        (lambda: genboard.entries("trucks"), "no kind of entry named 'trucks'", "'tracks'"),
        (lambda: genboard.evaluate("vea", "digits"), "no generator named 'vea'", "'vae'"),
        (lambda: genboard.evaluate("vae", "digit"), "no track named 'digit'", "'digits'"),
    ],
)
def test_a_name_that_is_not_there_is_named_with_the_nearest(call: Any, fact: str, hint: str):
    with pytest.raises(genboard.GenboardError) as caught:
        call()
    assert caught.value.fact.startswith(fact)
    assert hint in (caught.value.hint or "")


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.setflags(write=False)
    return array


@pytest.mark.parametrize(
    "given",
    [
        torch.from_numpy,
        lambda a: torch.from_numpy(a).requires_grad_(),
        read_only,
        np.asfortranarray,
        lambda a: a[::-1][::-1].copy()[::-1][::-1],
    ],
    ids=["tensor", "with autograd", "read-only", "by columns", "turned"],
)
def test_features_may_be_arrays_or_tensors(given: Any):
    expected = genboard.compare_features(REAL, FAKE, ["fd", "kid", "precision"])
    assert [m.name for m in expected.metrics] == ["fd", "kid", "precision"]
    assert genboard.compare_features(given(REAL), given(FAKE), ["fd", "kid", "precision"]) == expected
    assert genboard.compare_features(REAL, FAKE, "fd").metrics == expected.metrics[:1]


@pytest.mark.parametrize(
    ("given", "fact"),
    [
        (REAL.tolist(), "real: a list, where an array is needed"),
        (None, "real: a NoneType"),
        (REAL.astype(int), "real: torch.int64 of shape (60, 5)"),
        (REAL.astype(object), "real: object of shape (60, 5)"),
        (np.array(["a", "b"]), "real: <U1 of shape (2,)"),
        (REAL[0], "real: torch.float64 of shape (5,)"),
        (REAL[:, :3], "the real features are 3 wide, the fake ones 5"),
        (np.where(REAL > 2, np.nan, REAL), "real: row"),
    ],
)
def test_features_that_cannot_be_compared_are_refused(given: Any, fact: str):
    with pytest.raises(genboard.GenboardError) as caught:
        genboard.compare_features(given, FAKE)
    assert caught.value.fact.startswith(fact)


@pytest.mark.parametrize("k", [0, -1, "5", 1.5])
def test_numbers_of_neighbours_that_cannot_be_are_refused(k: Any):
    with pytest.raises(genboard.GenboardError, match="k = "):
        genboard.compare_features(REAL, FAKE, k=k)


def test_images_may_be_an_array(tmp_path: Path, own_home: object):
    for i, image in enumerate(GREY):
        (tmp_path / f"{i:02d}.png").write_bytes(png(image))
    expected = genboard.compare_images(tmp_path, str(tmp_path), "pixels", ["fd"])
    assert genboard.compare_images(np.stack(GREY), tmp_path, "pixels", ["fd"]) == expected
    assert genboard.compare_images(tmp_path, np.stack(GREY), "pixels", ["fd"]) == expected


@pytest.mark.parametrize(
    ("given", "fact"),
    [
        (REAL, "fake: float64 of shape"),
        (np.zeros((0, 8, 8), np.uint8), "fake: shape (0, 8, 8)"),
        (np.zeros((), np.uint8), "fake: shape ()"),
        ([1, 2], "fake: a list, where images are needed"),
    ],
)
def test_arrays_that_are_no_images_are_refused(given: Any, fact: str, own_home: object):
    with pytest.raises(genboard.GenboardError) as caught:
        genboard.compare_images(np.stack(GREY), given, "pixels", ["fd"])
    assert caught.value.fact.startswith(fact)
