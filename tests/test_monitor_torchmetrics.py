"""Objects of torchmetrics give this package's values, and those of torchmetrics' own on the same features."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.images import Images, read_all
from monitored import samples
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

import genboard
import genboard.torchmetrics as objects
from genboard.core.errors import BadFeatures, BadImages, UnknownName

SPACE = "digits-cnn"
N = 200


@pytest.fixture(scope="module")
def real() -> Tensor:
    pixels = read_all(load_split("digits", "reference")).pixels[:N]
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


class Features(nn.Module):
    """The same feature space, as torchmetrics' own metrics take it."""

    num_features = 32

    def forward(self, images: Tensor) -> Tensor:
        space = load_extractor(SPACE)
        blocks = images.permute(0, 2, 3, 1).contiguous().split(space.entry.block)
        return torch.cat([space.compute(Images(block.numpy()), "images")[0] for block in blocks])


def fed(metric: Metric, real: Tensor, size: int = N) -> Metric:
    for images, kind in ((real, True), (samples()[:N], False)):
        for some in images.split(size):
            metric.update(some, real=kind)
    return metric


@pytest.mark.parametrize("name", ["fd", "kid", "is", "vendi"])
def test_they_give_what_compare_gives(real: Tensor, name: str):
    metric = fed(objects.metric_class(name)(SPACE), real, size=37)
    pixels = [np.ascontiguousarray(x.permute(0, 2, 3, 1).numpy()) for x in (real, samples()[:N])]
    (wanted,) = genboard.compare_images(pixels[0], pixels[1], SPACE, [name]).metrics
    assert wanted.value == pytest.approx(float(metric.compute()), rel=1e-9)
    record = metric.estimate()
    assert record.uncertainty is not None
    assert wanted.uncertainty is not None
    assert (record.uncertainty.lo, record.n) == (pytest.approx(wanted.uncertainty.lo, rel=1e-9), N)
    assert metric.higher_is_better == {"higher": True, "lower": False, None: None}[wanted.direction]


def test_a_frechet_distance_is_that_of_torchmetrics(real: Tensor):
    theirs = fed(FrechetInceptionDistance(Features(), input_img_size=(1, 8, 8)).set_dtype(torch.float64), real)
    assert float(fed(objects.FrechetDistance(SPACE), real).compute()) == pytest.approx(
        float(theirs.compute()), rel=1e-6
    )


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
def test_a_kernel_distance_is_that_of_torchmetrics_on_all_images_at_once(real: Tensor):
    theirs = fed(KernelInceptionDistance(Features(), subsets=1, subset_size=N), real)
    assert float(fed(objects.KernelDistance(SPACE), real).compute()) == pytest.approx(
        float(theirs.compute()[0]), rel=1e-4
    )


def test_real_images_may_be_kept(real: Tensor):
    kept, forgotten = (fed(objects.FrechetDistance(SPACE, reset_real_features=keep), real) for keep in (False, True))
    before = kept.compute()
    for metric in (kept, forgotten):
        metric.reset()
        metric.update(samples()[:N], real=False)
    assert kept.compute() == before
    with pytest.raises(BadFeatures, match="real"):
        forgotten.compute()


def test_floats_are_taken_where_they_are_declared(real: Tensor):
    unit = objects.FrechetDistance(SPACE, normalize=True)
    unit.update(real / 255, real=True)
    unit.update(samples()[:N] / 255, real=False)
    assert unit.compute() == fed(objects.FrechetDistance(SPACE), real).compute()
    with pytest.raises(BadImages, match="uint8 with normalize=True"):
        unit.update(real, real=True)
    with pytest.raises(BadImages, match="outside the declared range"):
        unit.update(real / 127.5 - 1, real=True)


def test_what_two_ranks_gather_gives_what_one_gives(real: Tensor):
    # torchmetrics joins the states of ranks one after another; here, of two objects.
    whole, parts = fed(objects.FrechetDistance(SPACE), real), [objects.FrechetDistance(SPACE) for _ in range(2)]
    for part, cut in zip(parts, (slice(0, 70), slice(70, N)), strict=True):
        part.update(real[cut], real=True)
        part.update(samples()[:N][cut], real=False)
    joined = parts[0]
    for name in joined._defaults:
        setattr(joined, name, [x for part in parts for x in getattr(part, name)])
    assert float(joined.compute()) == pytest.approx(float(whole.compute()), rel=1e-5)  # other compute blocks


def test_they_live_in_collections_and_files(real: Tensor):
    collection = MetricCollection([objects.FrechetDistance(SPACE), objects.InceptionScore(SPACE)])
    collection.update(real, real=True)
    collection.update(samples()[:N], real=False)
    assert set(collection.compute()) == {"FrechetDistance", "InceptionScore"}
    metric = fed(objects.FrechetDistance(SPACE), real)
    assert pickle.loads(pickle.dumps(metric)).compute() == metric.compute()


def test_what_is_missing_is_told(real: Tensor):
    metric = objects.Precision(SPACE, params={"k": 3})
    with pytest.raises(BadFeatures, match="no generated images"):
        metric.estimate()
    metric.update(samples()[:5], real=False)
    assert metric.estimate().reason == "precision needs real.features"
    with pytest.raises(BadFeatures, match=r"precision needs real.features"):
        metric.compute()
    with pytest.raises(BadFeatures, match="no parameter 'j'"):
        objects.Precision(SPACE, params={"j": 3})
    with pytest.raises(UnknownName, match="fdd"):
        objects.metric_class("fdd")


def test_every_object_is_a_metric_of_the_table():
    classes = [getattr(objects, name) for name in objects.__all__]
    named = [c.name for c in classes if isinstance(c, type) and c is not objects.FeatureMetric]
    assert len(named) == len(set(named)) == len(objects.__all__) - 2
    assert genboard.torchmetrics is objects


def test_without_torchmetrics_the_error_says_how_to_get_it():
    code = "import sys; sys.modules['torchmetrics'] = None\nimport genboard\ngenboard.torchmetrics"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'hint: pip install "genboard[torchmetrics]"' in done.stderr
