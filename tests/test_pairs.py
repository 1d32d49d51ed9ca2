"""Distances within pairs: against torchmetrics, NumPy and SciPy, bad pairs, intervals, and `compare --pairs`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics import nearest_pairs, pairs
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.structural import ssim
from genboard.benchmarks.scoring import score
from genboard.registry.metrics import METRICS, find_metric
from refusals import Run, hint, refused
from scipy.spatial import distance as scipy_distance
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from genboard import compare_features, compare_images
from genboard.core.errors import BadFeatures, BadImages

GREY, COLOUR = (8, 8, 1), (16, 12, 3)
every_shape = pytest.mark.parametrize("shape", [GREY, COLOUR], ids=["grey", "colour"])
OF_PAIRS = [name for name, metric in METRICS.items() if "pair.features" in metric.reads]


def images(shape: tuple[int, int, int], n: int = 30, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Pixels in [0, 1], shape (n, h, w, c), and others that resemble them."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, *shape)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy((0.7 * x + 0.3 * rng.random(x.shape)).astype(np.float32))


def of(fake: Tensor, pair: Tensor, **more: Any) -> MetricInputs:
    shape = tuple(fake.shape[1:]) if fake.ndim == 4 else None
    return MetricInputs(FeatureSet(fake.flatten(1)), pair=FeatureSet(pair.flatten(1)), shape=shape, **more)


def planes(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2).double()


@every_shape
def test_pixel_distances_are_those_of_numpy(shape):
    fake, pair = images(shape)
    gap = (fake.double() - pair.double()).numpy().reshape(len(fake), -1)
    found = of(fake, pair)
    assert pairs.pixel_distance(found).value == pytest.approx(np.abs(gap).mean(), rel=1e-12)
    assert pairs.pixel_distance(found, norm="l2").value == pytest.approx(np.sqrt((gap**2).mean(axis=1)).mean())
    assert pairs.pixel_distance(of(torch.zeros(3, *shape), torch.ones(3, *shape))).value == 1


@every_shape
def test_psnr_is_that_of_torchmetrics(shape):
    fake, pair = images(shape)
    each = {"reduction": "elementwise_mean", "dim": (1, 2, 3)}
    expected = peak_signal_noise_ratio(planes(fake), planes(pair), data_range=1.0, **each)
    assert pairs.psnr(of(fake, pair)).value == pytest.approx(float(expected), rel=1e-6)


@every_shape
@pytest.mark.parametrize(("window", "sigma"), [(11, 1.5), (7, 0.8), (5, 0.5), (1, 0.1)])
def test_ssim_is_that_of_torchmetrics(shape, window, sigma):
    fake, pair = images(shape)
    expected = structural_similarity_index_measure(planes(fake), planes(pair), sigma=sigma, data_range=1.0)
    assert 0.1 < float(expected) < 0.99
    assert ssim(of(fake, pair), window=window, sigma=sigma).value == pytest.approx(float(expected), rel=1e-6)
    assert ssim(of(fake, fake), window=window, sigma=sigma).value == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("kind", ["euclidean", "cosine"])
def test_feature_distances_are_those_of_scipy(kind):
    x, y = np.random.default_rng(1).normal(size=(2, 20, 5))
    expected = [getattr(scipy_distance, kind)(a, b) for a, b in zip(x, y, strict=True)]
    found = pairs.feature_distance(of(torch.from_numpy(x), torch.from_numpy(y)), kind=kind)
    assert found.value == pytest.approx(np.mean(expected), rel=1e-12)
    assert found.influence.numpy() == pytest.approx(expected, rel=1e-12)
    assert found.uncertainty.se == pytest.approx(np.std(expected, ddof=1) / 20**0.5)


def test_rows_are_taken_in_blocks(monkeypatch):
    x, y = map(torch.from_numpy, np.random.default_rng(1).normal(size=(2, 23, 5)))
    whole = pairs.feature_distance(of(x, y))
    monkeypatch.setattr(pairs, "NUMBERS", 20)
    assert pairs.feature_distance(of(x, y)) == whole


def test_a_mean_of_few_pairs_has_students_quantile():
    found = pairs.mean(torch.tensor([0.0, 1.0], dtype=torch.float64), None).uncertainty
    assert (found.hi - found.lo) / 2 / found.se == pytest.approx(12.706, abs=1e-3)


def test_labels_take_away_what_varies_between_classes():
    values, labels = torch.arange(40.0).double() % 10, torch.arange(40) % 10
    assert pairs.mean(values, None).uncertainty.se > 0.4
    assert pairs.mean(values, labels).uncertainty.se == 0


def test_the_intervals_of_images_hold_their_target():
    rng, shape = np.random.default_rng(7), (10, 10, 1)

    def draw(n: int) -> MetricInputs:
        x = rng.random((n, *shape))
        noise = rng.gamma(2.0, 0.05, (n, 1, 1, 1)) * rng.normal(size=x.shape)  # some pairs are far worse than others
        return of(torch.from_numpy(x), torch.from_numpy(x + noise))

    metrics = (ssim, pairs.psnr, partial(pairs.pixel_distance, norm="l2"))
    truth = [metric(draw(40_000)).value for metric in metrics]
    held = np.zeros(len(metrics))
    for _ in range(400):
        given = draw(40)
        found = [metric(given).uncertainty for metric in metrics]
        held += [u.lo <= true <= u.hi for u, true in zip(found, truth, strict=True)]
    assert (held / 400).min() >= 0.91
    assert (held / 400).max() <= 0.985


@pytest.mark.parametrize(
    ("fake", "pair", "fact"),
    [
        ((5, 4), (4, 4), "5 samples and 4 targets: row i of the one belongs to row i of the other"),
        ((5, 4), (5, 3), "the samples have 4 features, their targets 3"),
    ],
)
def test_what_is_no_pair_is_refused(fake, pair, fact):
    for name in OF_PAIRS:
        shape = (2, 2, 1)
        inputs = MetricInputs(torch.rand(fake), pair=torch.rand(pair), shape=shape)
        assert score(find_metric(name), inputs, {"window": 1} if name == "ssim" else {}).record.reason == fact


@pytest.mark.parametrize("name", OF_PAIRS)
def test_without_targets_there_is_no_value(name):
    record = score(find_metric(name), MetricInputs(torch.rand(5, 4), shape=(2, 2, 1))).record
    assert (record.value, record.reason) == (None, f"{name} needs pair.features")


def test_what_cannot_be_computed_is_refused():
    x, y = torch.rand(4, 6), torch.rand(4, 6)
    equal = torch.cat([x[:1], y[1:]])
    with pytest.raises(BadFeatures, match="1 of 4 samples equal their targets, where the ratio is infinite"):
        pairs.psnr(of(x, equal))
    with pytest.raises(BadFeatures, match="a feature is all zeros and has no direction"):
        pairs.feature_distance(of(x, torch.zeros(4, 6)), kind="cosine")
    with pytest.raises(BadFeatures, match="norm = 'l3'"):
        pairs.pixel_distance(of(x, y), norm="l3")
    with pytest.raises(BadFeatures, match="kind = 'l1'"):
        pairs.feature_distance(of(x, y), kind="l1")
    with pytest.raises(BadFeatures, match="NaN or infinity"):
        pairs.squared_distance(of(x, y / 0))
    small = of(torch.rand(4, 5, 9, 1), torch.rand(4, 5, 9, 1))
    with pytest.raises(BadFeatures, match="images of 9x5 are too small for a window of 11") as e:
        ssim(small)
    assert e.value.hint == "give the metric a smaller window"
    with pytest.raises(BadFeatures, match="window = 4"):
        ssim(small, window=4)
    with pytest.raises(BadFeatures, match="6 features are no pixels of 2x2x1"):
        ssim(MetricInputs(x, pair=y, shape=(2, 2, 1)))


def test_a_metric_keeps_to_the_spaces_that_it_is_defined_in():
    inputs = MetricInputs(torch.rand(5, 4), pair=torch.rand(5, 4))
    elsewhere = score(find_metric("lpips"), inputs, extractor="digits-cnn").record
    assert elsewhere.value is None
    assert elsewhere.reason == "lpips is defined in the feature space lpips-*, not in digits-cnn"
    assert score(find_metric("lpips"), inputs, extractor="lpips-alex").record.value is not None
    assert score(find_metric("feature_distance"), inputs, extractor="digits-cnn").record.value is not None


def test_the_nearest_training_image_is_that_of_the_feature_space():
    fake, train = images(GREY)[0], images(GREY, n=50, seed=3)[1]
    apart = torch.cdist(fake.flatten(1).double(), train.flatten(1).double())
    nearest = of(fake, train[apart.argmin(dim=1)])
    given = MetricInputs(fake.flatten(1), train=train.flatten(1), shape=GREY)
    for name in ("pixel_distance", "psnr", "feature_distance", "squared_distance"):
        assert getattr(nearest_pairs, f"nearest_{name}")(given) == getattr(pairs, name)(nearest)
    assert nearest_pairs.nearest_ssim(given) == ssim(nearest)
    assert nearest_pairs.nearest_feature_distance(given).value == pytest.approx(float(apart.min(dim=1).values.mean()))


def test_copies_of_training_images_are_at_no_distance():
    train = images(GREY)[0]
    given = MetricInputs(train[:9].flatten(1), train=train.flatten(1), shape=GREY)
    assert nearest_pairs.nearest_pixel_distance(given, norm="l2").value == 0
    assert nearest_pairs.nearest_ssim(given).value == pytest.approx(1, abs=1e-12)
    with pytest.raises(BadFeatures, match="9 of 9 samples equal"):
        nearest_pairs.nearest_psnr(given)


def grey_levels(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 12, 12, 1), np.uint8)


def test_compare_takes_pairs_of_images():
    real, fake = grey_levels(20, 1), grey_levels(20, 2)
    found = {m.name: m for m in compare_images(real, fake, "pixels", pairs=True).metrics}
    assert {"pixel_distance", "psnr", "ssim", "feature_distance", "fd"} <= found.keys()
    assert not {"lpips", "content_distance", "clip_score", "nearest_ssim"} & found.keys()
    gap = np.abs(real / 255.0 - fake / 255.0).mean()
    assert found["pixel_distance"].value == pytest.approx(gap, rel=1e-6)
    assert -1 < found["ssim"].value < 0.2
    without = {m.name for m in compare_images(real, fake, "pixels").metrics}
    assert found.keys() - without == {"pixel_distance", "psnr", "ssim", "feature_distance"}
    with pytest.raises(BadFeatures, match="20 real and 19 generated samples are no pairs"):
        compare_images(real, fake[:19], "pixels", pairs=True)
    with pytest.raises(BadImages, match="reference statistics are no pairs"):
        compare_images("digits/train-797.digits-cnn", fake, "digits-cnn", pairs=True)


def test_compare_takes_pairs_of_features(run: Run, tmp_path: Path):
    x, y = np.random.default_rng(1).normal(size=(2, 20, 5)).astype(np.float32)
    found = {m.name for m in compare_features(x, y, pairs=True).metrics}
    assert found - {m.name for m in compare_features(x, y).metrics} == {"feature_distance"}
    (asked,) = compare_features(x, y, ["lpips"], pairs=True).metrics
    assert asked.value == pytest.approx(((x - y).astype(float) ** 2).sum(axis=1).mean(), rel=1e-6)
    np.save(tmp_path / "real.npy", x)
    np.save(tmp_path / "fake.npy", y[:18])
    files = ("compare", tmp_path / "real.npy", tmp_path / "fake.npy", "--pairs")
    assert refused(run, *files) == "20 real and 18 generated samples are no pairs"
    assert hint(run, *files).startswith("with --pairs, row i of REAL is what row i of FAKE should be")
    np.save(tmp_path / "fake.npy", y)
    code, out, err = run(*files, "--metrics", "feature_distance")
    assert (code, err) == (0, "")
    assert "feature_distance" in out


def test_covariances_of_wide_features_are_computed_only_when_asked_for(run: Run, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("genboard.benchmarks.compare.WIDEST", 4)
    x, y = np.random.default_rng(1).normal(size=(2, 20, 5)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    files = ("compare", tmp_path / "x.npy", tmp_path / "y.npy")
    code, out, err = run(*files)
    assert code == 0
    assert err == "fd, fd_debiased: left out at 5 features, unless --metrics names them\n"
    assert "kid" in out
    assert "fd_debiased" not in out
    code, out, err = run(*files, "--metrics", "fd")
    assert (code, err) == (0, "")
    assert "fd" in out
    digits = np.random.default_rng(2).integers(0, 256, (20, 8, 8, 1), np.uint8)
    found = compare_images(digits, digits[::-1].copy(), "digits-cnn", pairs=True)
    assert found.left_out == ("fd, fd_debiased: left out at 32 features, unless --metrics names them",)
    assert {"lpips", "fd"}.isdisjoint(m.name for m in found.metrics)
