"""Statistics that come from elsewhere and go elsewhere, and samples compared with stored ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks.compare import compare_images
from genboard.benchmarks.metrics.frechet import distance
from genboard.reference_stats import store
from genboard.reference_stats.build import build
from genboard.reference_stats.export_npz import npz
from genboard.reference_stats.moments import Moments
from genboard.reference_stats.statistics import ImportedStatistics, make_recipe
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.images import read_all
from genboard.registry.schema import Extractor
from refusals import Run, hint, png, refused

from genboard.core.files import sha256

NAME = "digits/reference-500.digits-cnn"
X = np.random.default_rng(7).normal(size=(400, 5)) @ np.random.default_rng(8).normal(size=(5, 5))
MU, SIGMA = X.mean(0), np.cov(X, rowvar=False)


def ok(run: Run, *arguments: object) -> str:
    code, out, err = run(*arguments)
    assert code == 0, err
    return out


def imported(run: Run, *arguments: object) -> ImportedStatistics:
    found = store.load_any(Path(ok(run, "reference", "import", *arguments).strip()))
    assert isinstance(found, ImportedStatistics)
    return found


@pytest.fixture
def held_out(tmp_path: Path) -> Path:
    path = tmp_path / "held-out.npy"
    np.save(path, read_all(load_split("digits", "held-out")).pixels)
    return path


def values(found: dict[str, Any]) -> dict[str, float]:
    return {m["name"]: m["value"] for m in found["metrics"]}


@pytest.mark.filterwarnings("ignore:The `disp` argument is deprecated:DeprecationWarning")  # of the peer
def test_pytorch_fid_reads_an_export_and_finds_the_same_distance(run: Run, tmp_path: Path) -> None:
    from pytorch_fid.fid_score import calculate_frechet_distance, compute_statistics_of_path

    other = build(make_recipe("digits", "held-out", "digits-cnn", 500))
    store.save(other, store.built_by_user())
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    for name, path in zip([NAME, other.recipe.name], files, strict=True):
        assert ok(run, "reference", "export", name, "--out", path) == f"{path}\n"
    (mu, sigma), (mu2, sigma2) = (compute_statistics_of_path(str(p), None, 1, 32, "cpu") for p in files)
    assert {a.dtype for a in (mu, sigma)} == {np.dtype(np.float64)}
    real = store.load(store.COMMITTED / f"{NAME}.safetensors")
    expected = distance(real.moments, other.moments, other.features)
    assert expected > 0
    assert calculate_frechet_distance(mu, sigma, mu2, sigma2) == pytest.approx(expected, rel=1e-6)


def test_an_export_says_what_it_is_without_pickles(run: Run, tmp_path: Path) -> None:
    ok(run, "reference", "export", NAME, "--out", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as f:
        assert sorted(f) == ["card", "mu", "sigma"]
        card = json.loads(f["card"].item())
    assert card == store.read_card(store.COMMITTED / f"{NAME}.safetensors").model_dump(mode="json")
    first = (tmp_path / "a.npz").read_bytes()
    ok(run, "reference", "export", store.COMMITTED / f"{NAME}.safetensors", "--out", tmp_path / "b.npz")
    assert (tmp_path / "b.npz").read_bytes() == first
    assert "exported as .npz" in refused(run, "reference", "export", NAME, "--out", tmp_path / "a.csv")
    assert "no reference statistics named" in refused(run, "reference", "export", "nobody", "--out", tmp_path / "a.npz")


def test_what_was_exported_comes_back_to_the_bit(run: Run, tmp_path: Path) -> None:
    ok(run, "reference", "export", NAME, "--out", tmp_path / "a.npz")
    found = imported(run, tmp_path / "a.npz", "--extractor", "digits-cnn", "--count", 500)
    real = store.load(store.COMMITTED / f"{NAME}.safetensors")
    assert torch.equal(found.gaussian.mean, real.moments.mean)
    assert torch.equal(found.gaussian.cov, real.moments.cov)
    torch.testing.assert_close(found.gaussian.root, real.moments.root, rtol=1e-9, atol=1e-9)
    assert found.origin.left == ("card",)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_an_imported_file_says_what_nobody_knows(run: Run, tmp_path: Path, kind: type) -> None:
    path = tmp_path / "Stats of CIFAR.npz"
    np.savez(path, mu=MU.astype(kind), sigma=SIGMA.astype(kind))
    found = imported(run, path)
    origin = found.origin
    assert (origin.name, origin.file, origin.file_sha256) == ("stats-of-cifar", path.name, sha256(path.read_bytes()))
    assert (origin.dataset, origin.split, origin.extractor, origin.count) == (None, None, None, None)
    assert set(origin.unknown) >= {"dataset", "split", "extractor", "count", "revision", "preprocessing"}
    assert found.image_digest is None
    np.testing.assert_array_equal(found.gaussian.cov, SIGMA.astype(kind))
    (row,) = [entry for entry in json.loads(ok(run, "reference", "list", "--json")) if entry["made"] == "imported"]
    assert row["name"] == "imported/stats-of-cifar"
    assert row["origin"]["unknown"] == list(origin.unknown)
    line = next(line for line in ok(run, "reference", "list").splitlines() if "stats-of-cifar" in line)
    assert "unknown" in line


def test_what_the_user_says_is_kept_as_said(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", mu=np.zeros(64), sigma=np.eye(64))
    said = ("--dataset", "digits", "--split", "train", "--extractor", "pixels", "--count", 797, "--name", "mine")
    origin = imported(run, tmp_path / "x.npz", *said).origin
    assert (origin.dataset, origin.split, origin.count, origin.name) == ("digits", "train", 797, "mine")
    assert origin.extractor == find(Extractor, "pixels").identity()
    assert not {"dataset", "split", "extractor", "count"} & set(origin.unknown)
    assert {"revision", "images", "preprocessing"} <= set(origin.unknown)


def test_samples_are_compared_with_imported_statistics(run: Run, tmp_path: Path, held_out: Path) -> None:
    ok(run, "reference", "export", NAME, "--out", tmp_path / "a.npz")
    ok(run, "reference", "import", tmp_path / "a.npz", "--extractor", "digits-cnn")
    arguments = ("compare", "imported/a", held_out, "--extractor", "digits-cnn")
    found = json.loads(ok(run, *arguments, "--json"))
    own = json.loads(ok(run, "compare", NAME, held_out, "--extractor", "digits-cnn", "--json"))
    assert set(values(found)) < set(values(own))
    assert {"fd", "fd_debiased", "is", "vendi"} <= set(values(found))
    for name, value in values(found).items():
        assert value == pytest.approx(values(own)[name], rel=1e-9), name
    assert found["n_real"] is None
    assert all(m["n_reference"] is None for m in found["metrics"])
    (kid,) = json.loads(ok(run, *arguments, "--metrics", "kid", "--json"))["metrics"]
    assert (kid["value"], kid["reason"]) == (None, "kid needs real.features")
    assert "an unknown number of real and 500 generated samples of 32 features" in ok(run, *arguments)


def test_a_count_that_was_said_is_the_number_of_real_images(run: Run, tmp_path: Path, held_out: Path) -> None:
    ok(run, "reference", "export", NAME, "--out", tmp_path / "a.npz")
    ok(run, "reference", "import", tmp_path / "a.npz", "--extractor", "digits-cnn", "--count", 500)
    arguments = ("compare", "imported/a", held_out, "--extractor", "digits-cnn", "--metrics", "fd,is")
    found = json.loads(ok(run, *arguments, "--json"))
    assert found["n_real"] == 500
    assert {m["name"]: m["n_reference"] for m in found["metrics"]} == {"fd": 500, "is": None}


def test_comparing_with_stored_statistics_is_comparing_with_their_images(
    run: Run, tmp_path: Path, held_out: Path
) -> None:
    np.save(tmp_path / "real.npy", read_all(load_split("digits", "reference")).pixels)
    names = "fd,kid,precision,recall,density,coverage"
    outs = [
        json.loads(ok(run, "compare", real, held_out, "--extractor", "digits-cnn", "--metrics", names, "--json"))
        for real in (NAME, store.COMMITTED / f"{NAME}.safetensors", tmp_path / "real.npy")
    ]
    assert [out["n_real"] for out in outs] == [500] * 3
    assert values(outs[0]) == values(outs[1])
    for name, value in values(outs[0]).items():
        assert value == pytest.approx(values(outs[2])[name], rel=1e-3, abs=1e-3), name


def test_fewer_features_than_images_count_for_its_own_metrics(run: Run, held_out: Path) -> None:
    store.save(build(make_recipe("digits", "train", "digits-cnn", 300)), store.built_by_user())
    name = "digits/train-300.digits-cnn"
    found = json.loads(ok(run, "compare", name, held_out, "--extractor", "digits-cnn", "--metrics", "fd,kid", "--json"))
    assert {m["name"]: m["n_reference"] for m in found["metrics"]} == {"fd": 797, "kid": 300}


def test_a_batch_of_guided_diffusion_gives_what_is_asked_for(run: Run, tmp_path: Path) -> None:
    pixels = read_all(load_split("digits", "reference")).pixels[:60].repeat(3, axis=3)
    spatial = SIGMA[:3, :3] * 2
    np.savez(tmp_path / "b.npz", arr_0=pixels, mu=MU, sigma=SIGMA, mu_s=MU[:3], sigma_s=spatial)
    pool = imported(run, tmp_path / "b.npz", "--name", "pool")
    assert pool.origin.taken == "moments"
    assert pool.origin.left == ("arr_0", "mu_s", "sigma_s")
    assert pool.features is None
    space = imported(run, tmp_path / "b.npz", "--name", "space", "--take", "spatial")
    np.testing.assert_array_equal(space.gaussian.cov, spatial)
    images = imported(run, tmp_path / "b.npz", "--name", "images", "--take", "images", "--extractor", "pixels")
    assert images.origin.count == 60
    assert images.features is not None
    expected = pixels.reshape(60, -1) / np.float32(255)
    np.testing.assert_allclose(images.features.sum(1), expected.sum(1), rtol=1e-5)
    np.testing.assert_allclose(images.gaussian.cov.trace(), np.cov(expected, rowvar=False).trace(), rtol=1e-5)
    assert images.image_digest is not None
    assert images.origin.unknown == ("dataset", "split", "revision")
    np.savez(tmp_path / "only.npz", pixels)
    assert refused(run, "reference", "import", tmp_path / "only.npz").endswith("images need a feature space")
    assert "--extractor" in hint(run, "reference", "import", tmp_path / "only.npz")


def test_the_features_of_clean_fid_are_read(run: Run, tmp_path: Path) -> None:
    features = X.astype(np.float32)
    np.savez_compressed(tmp_path / "f.npz", feats=features)
    found = imported(run, tmp_path / "f.npz")
    assert found.origin.count == 400
    assert found.features is not None
    np.testing.assert_array_equal(found.features, features)
    np.testing.assert_allclose(found.gaussian.cov, np.cov(features.astype(np.float64), rowvar=False), rtol=1e-10)
    fact = refused(run, "reference", "import", tmp_path / "f.npz", "--count", 5)
    assert fact.endswith("count: the file says 400, but --count says 5")


def test_a_name_is_not_taken_twice_for_different_things(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", mu=MU, sigma=SIGMA)
    first = ok(run, "reference", "import", tmp_path / "x.npz")
    assert ok(run, "reference", "import", tmp_path / "x.npz") == first
    np.savez(tmp_path / "x.npz", mu=MU + 1, sigma=SIGMA)
    assert refused(run, "reference", "import", tmp_path / "x.npz").endswith("already exists with other contents")
    assert ok(run, "reference", "import", tmp_path / "x.npz", "--name", "y") != first


def test_imported_statistics_are_never_a_tracks(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", mu=MU, sigma=SIGMA)
    ok(run, "reference", "import", tmp_path / "x.npz")
    code, out, err = run("reference", "verify")
    assert code == 0
    assert "skipped: imported/x was imported and cannot be rebuilt" in err
    assert "imported" not in out
    assert "its origin cannot be checked" in refused(run, "reference", "verify", "imported/x")


def test_conversions_and_precision_reach_both_sides(run: Run, tmp_path: Path, held_out: Path) -> None:
    rgba = np.random.default_rng(3).integers(0, 256, (6, 8, 8, 4), np.uint8)
    for i, pixels in enumerate(rgba):
        (tmp_path / "icons").mkdir(exist_ok=True)
        (tmp_path / "icons" / f"{i}.png").write_bytes(png(pixels))
    refused(run, "compare", tmp_path / "icons", tmp_path / "icons", "--extractor", "pixels")
    arguments = ("compare", tmp_path / "icons", tmp_path / "icons", "--extractor", "pixels", "--metrics", "kid")
    found = json.loads(ok(run, *arguments, "--convert", "rgba-over-white,rgb-to-grey", "--json"))
    assert found["dim"] == 64
    halved = compare_images(held_out, held_out, "digits-cnn", ["kid"], precision="bf16")
    exact = compare_images(held_out, held_out, "digits-cnn", ["kid"])
    assert halved.metrics[0].value != exact.metrics[0].value
    assert halved.metrics[0].value == pytest.approx(exact.metrics[0].value, rel=0.2)
    features = tmp_path / "f.npy"
    np.save(features, X)
    for option in (("--convert", "resize-8"), ("--precision", "bf16")):
        assert run("compare", features, features, *option)[0] == 2


def test_an_npz_of_ours_holds_what_numpy_reads(tmp_path: Path) -> None:
    arrays = {"mu": MU, "sigma": SIGMA, "text": np.array("ä card"), "wide": np.asfortranarray(SIGMA)}
    (tmp_path / "x.npz").write_bytes(npz(arrays))
    with np.load(tmp_path / "x.npz", allow_pickle=False) as f:
        assert sorted(f) == sorted(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(f[name], array)


def test_a_root_of_what_float32_left_of_a_singular_covariance(run: Run, tmp_path: Path) -> None:
    thin = np.random.default_rng(1).normal(size=(20, 60))
    sigma = np.cov(thin, rowvar=False).astype(np.float32)
    assert np.linalg.eigvalsh(sigma.astype(np.float64)).min() < -1e-12
    np.savez(tmp_path / "x.npz", mu=np.zeros(60), sigma=sigma)
    root = imported(run, tmp_path / "x.npz").gaussian.root
    np.testing.assert_allclose(root @ root, sigma, atol=1e-5)
    assert Moments.of(torch.from_numpy(thin)).cov.shape == root.shape


def test_bf16_statistics_are_another_space(run: Run, held_out: Path) -> None:
    recipe = make_recipe("digits", "reference", "digits-cnn", 50, precision="bf16")
    path = store.save(build(recipe), store.built_by_user())
    assert path.name == "reference-50.digits-cnn+bf16.safetensors"
    fact = refused(run, "compare", recipe.name, held_out, "--extractor", "digits-cnn")
    assert fact.endswith("its extractor's precision is 'bf16', but None is needed")
    found = json.loads(
        ok(run, "compare", recipe.name, held_out, "--extractor", "digits-cnn", "--precision", "bf16", "--json")
    )
    assert found["n_real"] == 500
    assert load_extractor("digits-cnn").precision == "float32"
