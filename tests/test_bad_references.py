"""Files of statistics that cannot be trusted, through the real command line: each refused with what is wrong."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.torch
import torch
from genboard.reference_stats.store import COMMITTED, array_digest
from genboard.registry.datasets import load_split
from genboard.registry.images import read_all
from refusals import FEATURES, GREY, REFERENCE, Run, cut, hint, refused

D = 4
MU, SIGMA = FEATURES.mean(0, dtype=np.float64), np.cov(FEATURES, rowvar=False)
NAME = REFERENCE.removesuffix(".safetensors")


def edited(array: np.ndarray[Any, Any], index: tuple[int, ...], value: float) -> np.ndarray[Any, Any]:
    array = array.copy()
    array[index] = value
    return array


def sprung(path: Path) -> object:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
            return Path.touch, (path,)

    return Trap()


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        pytest.param({"mu": MU}, ": nothing to import among its arrays ['mu']", id="no sigma"),
        pytest.param({"a": MU}, ": nothing to import among its arrays ['a']", id="neither"),
        pytest.param({"mu": MU, "sigma": SIGMA[:3, :3]}, ": sigma: shape (3, 3), but mu has 4 values", id="unlike"),
        pytest.param({"mu": MU, "sigma": SIGMA[:3]}, ": sigma: shape (3, 4), but mu has 4 values", id="not square"),
        pytest.param({"mu": MU[None], "sigma": SIGMA}, ": mu: shape (1, 4), but (d,) is needed", id="mu 2-d"),
        pytest.param({"mu": MU[:0], "sigma": SIGMA[:0, :0]}, ": mu: shape (0,), but (d,) is needed", id="empty"),
        pytest.param({"mu": MU, "sigma": SIGMA.astype(int)}, ": sigma: int64, but float32 or float64", id="integers"),
        pytest.param({"mu": MU, "sigma": SIGMA + 0j}, ": sigma: complex128, but float32 or float64", id="complex"),
        pytest.param(
            {"mu": MU, "sigma": SIGMA.astype(np.float16)}, ": sigma: float16, but float32 or float64", id="half"
        ),
        pytest.param({"mu": edited(MU, (2,), np.nan), "sigma": SIGMA}, ": mu: holds NaN or infinity", id="NaN"),
        pytest.param({"mu": MU, "sigma": edited(SIGMA, (1, 1), np.inf)}, ": sigma: holds NaN or infinity", id="inf"),
        pytest.param(
            {"mu": MU, "sigma": edited(SIGMA, (0, 1), 0.5)}, ": sigma: not symmetric: entries differ by", id="lopsided"
        ),
        pytest.param(
            {"mu": MU, "sigma": SIGMA - 2 * np.eye(D)},
            ": sigma: not a covariance matrix: an eigenvalue is -1.",
            id="PSD",
        ),
        pytest.param({"feats": FEATURES[0]}, ": feats: float32 of shape (4,), but float32 (n, d)", id="feats 1-d"),
        pytest.param({"feats": FEATURES[:1]}, ": feats: float32 of shape (1, 4), but float32 (n, d)", id="one feature"),
        pytest.param({"feats": edited(FEATURES, (3, 1), np.nan)}, ": feats: holds NaN or infinity", id="feats NaN"),
        pytest.param({"feats": FEATURES.astype(np.float64)}, ": feats: float64 of shape (20, 4), but", id="feats wide"),
    ],
)
def test_arrays_that_are_no_statistics_are_refused(run: Run, tmp_path: Path, own_home: Path, arrays, why) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    fact = refused(run, "reference", "import", path)
    assert fact.startswith(f"{path}{why}"), fact
    assert not (own_home / "references").exists()


def test_nothing_imported_is_unpickled(run: Run, tmp_path: Path) -> None:
    trap = np.array([sprung(tmp_path / "sprung")], object)
    np.savez(tmp_path / "x.npz", mu=MU, sigma=trap, allow_pickle=True)
    fact = refused(run, "reference", "import", tmp_path / "x.npz")
    assert fact.endswith("sigma: shape (1,), but mu has 4 values")
    np.savez(tmp_path / "y.npz", mu=np.array([sprung(tmp_path / "sprung")] * D, object), sigma=SIGMA, allow_pickle=True)
    assert refused(run, "reference", "import", tmp_path / "y.npz").endswith("mu: pickled objects are never opened")
    # What is beside the arrays that are taken is not looked into.
    np.savez(tmp_path / "z.npz", mu=MU, sigma=SIGMA, hparams=trap, allow_pickle=True)
    assert run("reference", "import", tmp_path / "z.npz")[0] == 0
    assert not (tmp_path / "sprung").exists()


def damaged_member(path: Path) -> None:
    """An npz whose mu promises four values and holds two."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in (("mu", MU), ("sigma", SIGMA)):
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, array)
            data = buffer.getvalue()
            archive.writestr(f"{name}.npy", data[:-16] if name == "mu" else data)


def claiming(shape: tuple[int, ...]) -> Callable[[Path], None]:
    """An npz whose arrays claim a size that they do not have: a bomb, if it is believed."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, claimed in (("mu", shape[:1]), ("sigma", shape)):
                buffer = io.BytesIO()
                np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": claimed})
                archive.writestr(f"{name}.npy", buffer.getvalue() + bytes(64))

    return write


def whole(path: Path) -> None:
    np.savez(path, mu=MU, sigma=SIGMA)


@pytest.mark.parametrize(
    ("write", "why"),
    [
        pytest.param(lambda p: p.write_bytes(b""), "cannot be read", id="empty"),
        pytest.param(lambda p: p.write_bytes(b"mu, sigma"), "cannot be read", id="text"),
        pytest.param(damaged_member, "cannot be read", id="short member"),
        pytest.param(lambda p: zipfile.ZipFile(p, "w").close(), "nothing to import among its arrays []", id="bare zip"),
        pytest.param(Path.mkdir, "no such file", id="a folder"),
        pytest.param(lambda p: None, "no such file", id="not there"),
    ],
)
def test_files_that_are_no_npz_are_refused(run: Run, tmp_path: Path, write: Callable[[Path], Any], why: str) -> None:
    path = tmp_path / "x.npz"
    write(path)
    fact = refused(run, "reference", "import", path)
    assert fact.startswith(f"{path}: {why}"), fact


def test_a_truncated_npz_is_refused(run: Run, tmp_path: Path) -> None:
    path = cut("x.npz", whole)(tmp_path)
    assert refused(run, "reference", "import", path).startswith(f"{path}: cannot be read")


def test_a_size_that_would_not_fit_is_refused_unread(run: Run, tmp_path: Path) -> None:
    claiming((10**6, 10**6))(tmp_path / "x.npz")
    assert "1,000,000 wide" in refused(run, "reference", "import", tmp_path / "x.npz")


@pytest.mark.parametrize("name", ["", "../up", "A B", "x" * 81, "a/b"])
def test_a_name_that_is_none_is_refused(run: Run, tmp_path: Path, own_home: Path, name: str) -> None:
    whole(tmp_path / "x.npz")
    assert refused(run, "reference", "import", tmp_path / "x.npz", "--name", name).endswith("is none")
    assert not list(own_home.rglob("*.safetensors"))


def test_names_that_nobody_knows_are_refused(run: Run, tmp_path: Path) -> None:
    whole(tmp_path / "x.npz")
    assert "no extractor named" in refused(run, "reference", "import", tmp_path / "x.npz", "--extractor", "digitscnn")
    assert "no mu_s and sigma_s among" in refused(run, "reference", "import", tmp_path / "x.npz", "--take", "spatial")
    assert run("reference", "import", tmp_path / "x.npz", "--take", "everything")[0] == 2


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    np.save(tmp_path / "samples.npy", read_all(load_split("digits", "held-out").first(60)).pixels)
    return tmp_path / "samples.npy"


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A copy of a committed file, to be spoiled."""
    return Path(shutil.copy(COMMITTED / REFERENCE, tmp_path / "reference.safetensors"))


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, torch.Tensor]], None], honest: bool = True) -> None:
    """Change a file's card and arrays; honest: with a digest to match."""
    with safetensors.safe_open(path, framework="pt") as f:
        arrays = {name: f.get_tensor(name) for name in f.keys()}
        card = json.loads(f.metadata()["card"])
    change(card, arrays)
    if honest:
        card["array_digest"] = array_digest(arrays)
    path.write_bytes(safetensors.torch.save(arrays, metadata={"card": json.dumps(card)}))


def put(name: str, make: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[Path], None]:
    return lambda path: rewrite(path, lambda card, arrays: arrays.update({name: make(arrays[name]).contiguous()}))


def on_card(**fields: Any) -> Callable[[Path], None]:
    return lambda path: rewrite(path, lambda card, arrays: card.update(fields))


def without(path: Path) -> None:
    rewrite(path, lambda card, arrays: arrays.pop("root"))


def nan(array: torch.Tensor) -> torch.Tensor:
    array = array.clone()
    array.view(-1)[3] = torch.nan
    return array


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda p: p.write_bytes(p.read_bytes()[:-1]), ": not a file of reference statistics", id="cut"),
        pytest.param(lambda p: p.write_bytes(b""), ": not a file of reference statistics", id="empty"),
        pytest.param(lambda p: p.write_bytes(b"\xff" * 64), ": not a file of reference statistics", id="absurd header"),
        pytest.param(
            lambda p: p.write_bytes(safetensors.torch.save({"features": torch.zeros(3, 4)})),
            ": not a file of",
            id="bare",
        ),
        pytest.param(on_card(format=4), ": card.format: 4, but this version reads 3", id="newer"),
        pytest.param(on_card(format=2), ": card.format: 2, but this version reads 3", id="older"),
        pytest.param(on_card(format="3"), ": card.format: '3', but this version reads 3", id="a format in words"),
        pytest.param(on_card(extra=1), ": card.extra: ", id="unknown field"),
        pytest.param(on_card(image_digest=None), ": card: a card holds a recipe and the digest", id="no image digest"),
        pytest.param(
            lambda p: rewrite(p, lambda c, a: a["mean"].add_(1), honest=False), ": array_digest: the arrays", id="moved"
        ),
        pytest.param(without, ": root: the array is missing", id="no root"),
        pytest.param(put("mean", nan), ": mean: holds NaN or infinity", id="NaN"),
        pytest.param(put("mean", lambda a: a[:3]), ": root: torch.float64 (32, 32), but torch.float64 (3, 3)", id="d"),
        pytest.param(put("scatter", lambda a: a[:3]), ": scatter: torch.float64 (3, 32), but", id="shape"),
        pytest.param(put("root", lambda a: a.float()), ": root: torch.float32 (32, 32), but", id="type"),
        pytest.param(put("features", lambda a: a[:9]), ": features: torch.float32 (9, 32), but", id="too few features"),
        pytest.param(put("logits", lambda a: a[:9]), ": logits: torch.float32 (9, 10), but", id="short logits"),
        pytest.param(put("labels", lambda a: a[:9]), ": labels: torch.int64 (9,), but", id="short labels"),
        pytest.param(put("keys", lambda a: a[:9]), ": keys: torch.int64 (9,), but", id="short keys"),
        pytest.param(put("centres", lambda a: a[:2]), ": centres: torch.float64 (2, 32), but", id="two centres"),
        pytest.param(put("count", lambda a: a + 1), ": count: 501, but the card says 500", id="count"),
    ],
)
def test_spoiled_statistics_are_refused(
    run: Run, reference: Path, samples: Path, spoil: Callable[[Path], Any], why: str
) -> None:
    spoil(reference)
    fact = refused(run, "compare", reference, samples, "--extractor", "digits-cnn")
    assert fact.startswith(f"{reference}{why}"), fact


def test_what_to_do_about_another_version_is_said(run: Run, reference: Path, samples: Path) -> None:
    arguments = ("compare", reference, samples, "--extractor", "digits-cnn")
    on_card(format=4)(reference)
    assert hint(run, *arguments) == "install a newer genboard: pip install --upgrade genboard"
    on_card(format=2)(reference)
    assert "rebuild it" in hint(run, *arguments)


def test_statistics_of_another_space_are_refused_with_both_values(run: Run, samples: Path, tmp_path: Path) -> None:
    fact = refused(run, "compare", NAME, samples, "--extractor", "pixels")
    assert fact.endswith("its extractor's name is 'digits-cnn', but 'pixels' is needed")
    fact = refused(run, "compare", NAME, samples, "--extractor", "digits-cnn", "--precision", "bf16")
    assert fact.endswith("its extractor's precision is None, but 'bf16' is needed")
    fact = refused(run, "compare", NAME, samples, "--extractor", "digits-cnn", "--convert", "resize-8")
    assert fact.endswith("its images were converted by nothing, but the samples by resize-8")
    whole(tmp_path / "x.npz")
    assert run("reference", "import", tmp_path / "x.npz")[0] == 0
    fact = refused(run, "compare", "imported/x", samples, "--extractor", "digits-cnn")
    assert fact.endswith("its feature space is unknown, but 'digits-cnn' is needed")
    assert run("reference", "import", tmp_path / "x.npz", "--name", "said", "--extractor", "digits-cnn")[0] == 0
    fact = refused(run, "compare", "imported/said", samples, "--extractor", "digits-cnn")
    assert fact == "the real images have 4 features, the samples 32"


@pytest.mark.parametrize("field", ["weights", "preprocessing", "layer", "version"])
def test_an_extractor_that_changed_is_refused_with_both_values(
    run: Run, reference: Path, samples: Path, field: str
) -> None:
    kept = {}

    def change(card: dict[str, Any], arrays: dict[str, torch.Tensor]) -> None:
        kept["right"] = card["recipe"]["extractor"][field]
        card["recipe"]["extractor"][field] = "older"

    rewrite(reference, change)
    fact = refused(run, "compare", reference, samples, "--extractor", "digits-cnn")
    assert fact == f"{reference}: its extractor's {field} is 'older', but {kept['right']!r} is needed"


def test_a_reference_that_is_not_there_is_refused_with_the_nearest(run: Run, samples: Path) -> None:
    arguments = ("compare", NAME[:-1], samples, "--extractor", "digits-cnn")
    assert refused(run, *arguments) == f"{NAME[:-1]}: no such file or folder, and no reference statistics of that name"
    assert hint(run, *arguments) == f"did you mean {NAME!r}?"


def test_the_samples_are_images(run: Run, samples: Path, reference: Path) -> None:
    fact = refused(run, "compare", samples, reference, "--extractor", "digits-cnn")
    assert fact.startswith(f"{reference}: .safetensors cannot be read as images")
    wrong = samples.with_name("wrong.npy")
    np.save(wrong, np.concatenate([GREY, GREY], axis=1))
    assert refused(run, "compare", NAME, wrong, "--extractor", "digits-cnn").startswith(f"{wrong}: ")


def test_statistics_are_not_read_as_bare_features(run: Run, reference: Path, samples: Path) -> None:
    np.save(samples.with_name("f.npy"), np.ones((9, 32), np.float32))
    fact = refused(run, "compare", reference, samples.with_name("f.npy"))
    assert fact == f"{reference}: reference statistics belong to a feature space"


def test_one_damaged_file_of_the_user_leaves_the_others_listed(run: Run, own_home: Path) -> None:
    path = own_home / "references" / "digits" / "mine.digits-cnn.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff" * 64)
    code, out, err = run("reference", "list", "--json")
    assert code == 0
    assert NAME in {stored["name"] for stored in json.loads(out)}
    assert err.startswith(f"left out: {path}: not a file of reference statistics")
    assert refused(run, "reference", "verify", "digits/mine.digits-cnn").startswith(f"{path}: not a file of")
