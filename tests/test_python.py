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


CONSTANTS = ("COMMITTED", "METRICS", "__version__")


def test_every_name_is_listed_and_explained_by_its_docstring():
    assert dir(genboard) == sorted(genboard.__all__)
    lines = {}
    for name in genboard.__all__:
        found = getattr(genboard, name)
        if inspect.isclass(found) or inspect.isfunction(found):
            lines[name] = inspect.cleandoc(found.__doc__ or "").partition("\n")[0]
    assert {*lines, *CONSTANTS} == {*genboard.__all__}
    assert len(lines) > 20
    assert all(line.endswith((".", ":")) for line in lines.values()), lines
    # A dataclass without a docstring has one made of its fields.
    assert not [name for name, line in lines.items() if line.startswith(f"{name}(")]
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    assert ".. automodule:: genboard\n   :members:" in page
    assert [name for name in CONSTANTS if f"`{name}`" not in page] == []  # they have no docstring


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
        lambda a: a.astype(">f8"),
        lambda a: torch.nn.Parameter(torch.from_numpy(a)),
        lambda a: torch.from_numpy(a.repeat(2, axis=1))[:, ::2],
    ],
    ids="tensor autograd read-only by-columns turned big-endian parameter strided".split(),
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
        (REAL[:, :3], "the real images have 3 features, the samples 5"),
        (np.where(REAL > 2, np.nan, REAL), "real: row"),
        (np.where(REAL > 2, -np.inf, REAL), "real: row"),
        (REAL[None], "real: torch.float64 of shape (1, 60, 5)"),
        (np.float64(3), "real: a float64"),
        (np.array(3.0), "real: torch.float64 of shape ()"),
        (REAL[:0], "real: shape (0, 5)"),
        (REAL[:, :0], "real: shape (60, 0)"),
        (REAL > 0, "real: torch.bool"),
        (REAL.astype(complex), "real: torch.complex128"),
        (REAL.astype("M8[s]"), "real: datetime64[s] of shape (60, 5)"),
        (np.zeros(60, [("a", "f8")]), "real: [('a', '<f8')] of shape (60,)"),
        (np.ma.masked_array(REAL, REAL > 2), "real: a masked array"),
        (REAL * 1e200, "real: the largest value is"),
        (REAL * 1e-200, "real: the largest value is"),
        (Path("features.npy"), f"real: a {type(Path()).__name__}"),
        ("features.npy", "real: a str"),
        (torch.from_numpy(REAL).to_sparse(), "real: a tensor of layout torch.sparse_coo"),
        (torch.from_numpy(REAL).to("meta"), "real: a tensor of layout torch.strided on meta"),
        (torch.from_numpy(REAL).to(torch.float8_e4m3fn), "real: torch.float8_e4m3fn"),
        (torch.from_numpy(REAL).int(), "real: torch.int32"),
        (torch.tensor(1.0), "real: torch.float32 of shape ()"),
    ],
)
def test_features_that_cannot_be_compared_are_refused(given: Any, fact: str):
    with pytest.raises(genboard.GenboardError) as caught:
        genboard.compare_features(given, FAKE)
    assert caught.value.fact.startswith(fact)


@pytest.mark.parametrize("k", [0, -1, "5", 1.5, True, [5], float("nan")])
def test_numbers_of_neighbours_that_cannot_be_are_refused(k: Any):
    with pytest.raises(genboard.GenboardError, match="k = "):
        genboard.compare_features(REAL, FAKE, k=k)
    with pytest.raises(genboard.GenboardError, match="k = "):
        genboard.compare_images(np.stack(GREY), np.stack(GREY), "pixels", ["precision"], k=k)


@pytest.mark.parametrize("metrics", [[], ["nosuch"], [3], [None], 3, {"fd": 1, 2: 3}])
def test_metrics_that_there_are_not_are_refused(metrics: Any):
    with pytest.raises(genboard.GenboardError, match="no metric named"):
        genboard.compare_features(REAL, FAKE, metrics)


def test_metrics_may_be_given_in_any_collection():
    for given in (["fd", "kid"], ("fd", "kid"), dict.fromkeys(["fd", "kid"]), (name for name in ["fd", "kid"])):
        assert [m.name for m in genboard.compare_features(REAL, FAKE, given).metrics] == ["fd", "kid"]  # type: ignore[arg-type]
    assert [m.name for m in genboard.compare_features(REAL, FAKE, "fd", k=np.int64(3)).metrics] == ["fd"]  # type: ignore[arg-type]


def test_images_may_be_an_array(tmp_path: Path, own_home: object):
    for i, image in enumerate(GREY):
        (tmp_path / f"{i:02d}.png").write_bytes(png(image))
    expected = genboard.compare_images(tmp_path, str(tmp_path), "pixels", ["fd"])
    assert genboard.compare_images(np.stack(GREY), tmp_path, "pixels", ["fd"]) == expected
    assert genboard.compare_images(tmp_path, np.stack(GREY), "pixels", ["fd"]) == expected
    tensor = torch.from_numpy(np.stack(GREY))
    assert genboard.compare_images(tensor, tensor, "pixels", "fd", conversions="resize-8") == expected  # type: ignore[arg-type]


PIXELS = np.zeros((5, 8, 8, 3), np.uint8)
NO_IMAGES = {
    "float64 of shape": REAL,
    "float64 of shape (5, 8, 8, 3)": PIXELS / 255,
    "int64 of shape": PIXELS.astype(int),
    "object of shape": PIXELS.astype(object),
    "uint8 of shape (5, 3, 8, 8)": PIXELS.transpose(0, 3, 1, 2),
    "uint8 of shape (5,)": PIXELS[:, 0, 0, 0],
    "shape (0, 8, 8)": np.zeros((0, 8, 8), np.uint8),
    "shape (5, 0, 8, 3)": PIXELS[:, :0],
    "shape ()": np.zeros((), np.uint8),
    "a masked array": np.ma.masked_array(PIXELS),
    "a list, where images are needed": [1, 2],
    "a NoneType, where": None,
    "a int, where": 3,
    "a bytes, where": b"images",
    "a tensor of torch.float32": torch.zeros(5, 8, 8, 3),
    "a tensor of torch.uint8, torch.sparse_coo": torch.from_numpy(PIXELS).to_sparse(),
    "a tensor of torch.uint8, torch.strided on meta": torch.from_numpy(PIXELS).to("meta"),
}


@pytest.mark.parametrize("fact", NO_IMAGES)
def test_arrays_that_are_no_images_are_refused_on_either_side(fact: str, own_home: object):
    for side in ("real", "fake"):
        sets = {"real": np.stack(GREY), "fake": np.stack(GREY), side: NO_IMAGES[fact]}
        with pytest.raises(genboard.GenboardError) as caught:
            genboard.compare_images(**sets, extractor="pixels", metrics=["fd"])  # type: ignore[arg-type]
        assert caught.value.fact.startswith(f"{side}: {fact}")


@pytest.mark.parametrize("path", ["", "no/such/folder", "a" * 5000, "a\0b"])
def test_paths_to_nothing_are_refused_on_either_side(path: str, own_home: object):
    for sets in ((path, np.stack(GREY)), (np.stack(GREY), path)):
        with pytest.raises(genboard.GenboardError, match="no such file or folder"):
            genboard.compare_images(*sets, "pixels", ["fd"])


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        ({"extractor": None}, "no extractor named 'None'"),
        ({"extractor": "../pixels"}, "no extractor named"),
        ({"conversions": [3]}, "no conversion named '3'"),
        ({"conversions": "nosuch"}, "no conversion named 'nosuch'"),
        ({"precision": "fp8"}, "no precision named 'fp8'"),
        ({"device": None}, "device 'None' is not available"),
    ],
)
def test_options_that_there_are_not_are_refused(options: dict[str, Any], fact: str, own_home: object):
    with pytest.raises(genboard.GenboardError) as caught:
        genboard.compare_images(np.stack(GREY), np.stack(GREY), **{"extractor": "pixels", "metrics": ["fd"], **options})
    assert caught.value.fact.startswith(fact)
