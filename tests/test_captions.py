"""Metrics of captions: their laws, their intervals in simulation, and what they say of real images."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.captions import by_attribute, caption_accuracy, caption_diversity
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.scoring import score
from genboard.benchmarks.uncertainty import wilson
from genboard.reference_stats.features import measure
from genboard.registry.datasets.shapes import load
from genboard.registry.extractors import load_extractor
from genboard.registry.images import Images, source_of
from genboard.registry.metrics import METRICS, find_metric
from genboard.registry.shapes.captions import parsed
from genboard.registry.shapes.coding import encoded
from genboard.registry.shapes.judge import seen
from genboard.registry.shapes.making import Dice, is_novel, some_caption, some_scene
from hypothesis import given
from hypothesis import strategies as st

from genboard.core.errors import BadFeatures, BadSamples

CAPTIONED = [metric for metric in METRICS.values() if "fake.captions" in metric.reads]
every_metric = pytest.mark.parametrize("metric", CAPTIONED, ids=lambda m: m.name)
REPEATS = 2


def asked(n: int, features: np.ndarray, captions: tuple[str, ...]) -> MetricInputs:
    return MetricInputs(FeatureSet(torch.from_numpy(features[:n].copy()), captions=captions[:n]))


@pytest.fixture(scope="module")
def held_out() -> Images:
    return load()["held-out"].take(slice(0, 200))


@pytest.fixture(scope="module")
def features(held_out: Images) -> np.ndarray:
    """The scenes of half the images under their own captions, and of half under others'."""
    rows = encoded(seen(held_out.pixels))
    return np.concatenate([rows[:100], np.roll(rows[100:], 7, axis=0)])


def texts(images: Images) -> tuple[str, ...]:
    assert images.captions is not None
    return images.captions


def test_there_are_metrics_of_captions() -> None:
    assert {metric.name for metric in CAPTIONED} >= {"caption_accuracy", "caption_diversity"}


@every_metric
def test_a_record_keeps_the_laws(metric, held_out, features):
    record = score(metric, asked(200, features, texts(held_out))).record
    assert record.value is not None
    assert record.uncertainty is not None
    assert metric.range[0] <= record.value <= metric.range[1]
    assert record.uncertainty.lo <= record.value <= record.uncertainty.hi
    assert record.uncertainty.target == metric.interval
    assert re.fullmatch(metric.methods, record.uncertainty.method)


@every_metric
def test_neither_order_nor_a_last_bit_matters(metric, held_out, features):
    captions, rng = texts(held_out), np.random.default_rng(1)
    before = metric.fn(asked(200, features, captions))
    order = rng.permutation(200)
    shuffled = metric.fn(asked(200, features[order], tuple(captions[i] for i in order)))
    assert shuffled.value == pytest.approx(before.value, rel=1e-12)
    nudged = np.nextafter(
        features, np.where(rng.integers(2, size=features.shape) == 1, np.inf, -np.inf), dtype=np.float32
    )
    assert abs(metric.fn(asked(200, nudged, captions)).value - before.value) <= 1e-4 * before.uncertainty.se


@every_metric
def test_without_captions_or_features_it_is_null_with_a_reason(metric, held_out, features):
    bare = score(metric, MetricInputs(FeatureSet(torch.from_numpy(features)))).record
    assert (bare.value, bare.reason) == (None, f"{metric.name} needs fake.captions")
    blind = score(metric, MetricInputs(FeatureSet(logits=torch.zeros(200, 2), captions=texts(held_out)))).record
    assert (blind.value, blind.reason) == (None, f"{metric.name} needs fake.features")


def test_real_images_are_right_and_those_under_other_captions_hardly_ever(held_out, features):
    captions = texts(held_out)
    own = measure(source_of("real", held_out), load_extractor("shapes-judge")).features.numpy()
    assert caption_accuracy(asked(200, own, captions)).value == 1
    other = caption_accuracy(asked(100, features[100:], captions[100:]))
    assert other.value < 0.05
    half = caption_accuracy(asked(200, features, captions))
    assert half.value == pytest.approx((1 + other.value) / 2)
    assert half.influence.tolist() == [1.0] * 100 + other.influence.tolist()


def test_the_parts_are_shares_among_the_captions_that_speak_of_them(held_out, features):
    captions = texts(held_out)
    parts = {part.name: part for part in by_attribute(asked(200, features, captions))}
    assert tuple(parts) == find_metric("caption_accuracy").parts
    assert set(parts) == {"object", "colour", "count", "size", "position", "relation", "seen", "novel"}
    meaning = [parsed(caption) for caption in captions]
    sizes = {
        "object": 200,
        "relation": sum(c.relation is not None for c in meaning),
        "position": sum(c.place is not None for c in meaning),
        "size": sum(any(noun.size for noun in c.nouns) for c in meaning),
        "novel": sum(map(is_novel, meaning)),
    }
    for name, n in sizes.items():
        assert 0 < n <= 200
        assert parts[name].uncertainty == wilson(round(parts[name].value * n), n)
    whole = caption_accuracy(asked(200, features, captions)).value
    assert parts["novel"].value * sizes["novel"] + parts["seen"].value * (200 - sizes["novel"]) == pytest.approx(
        200 * whole
    )
    assert min(parts[name].value for name in ("object", "colour", "count")) >= whole
    (lacking,) = (p for p in by_attribute(asked(1, features, ("a red circle",))) if p.name == "position")
    assert (lacking.value, lacking.reason) == (None, "no caption speaks of it")


def test_an_unknown_caption_is_an_error_that_names_it(features):
    with pytest.raises(BadSamples, match="caption 'a nice picture' is not of the grammar of shapes-text"):
        caption_accuracy(asked(1, features, ("a nice picture",)))


def test_features_of_another_space_are_refused():
    with pytest.raises(BadFeatures, match="features of width 64 are no scenes, which have 66 numbers"):
        caption_accuracy(asked(1, np.zeros((1, 64), np.float32), ("a red circle",)))


def test_diversity_is_the_mean_over_pairs_then_over_captions():
    rows = np.array([[0.0], [3.0], [4.0], [10.0], [12.0], [99.0]])
    captions = ("a", "a", "a", "b", "b", "alone")
    found = caption_diversity(asked(6, rows, captions))
    assert found.value == pytest.approx(((3 + 4 + 1) / 3 + 2) / 2)
    with pytest.raises(BadFeatures, match="1 captions with more than one sample"):
        caption_diversity(asked(3, rows, captions))


@given(st.integers(2, 6), st.integers(0, 2**32))
def test_one_image_a_caption_has_no_diversity(captions: int, seed: int) -> None:
    rows = np.repeat(np.random.default_rng(seed).normal(size=(captions, 3)), REPEATS, axis=0)
    names = tuple(str(i // REPEATS) for i in range(len(rows)))
    found = caption_diversity(asked(len(rows), rows, names))
    assert (found.value, found.uncertainty.se) == (0, 0)


def held(metric, draws: int, draw) -> float:
    """The share of draws whose interval holds the mean over all draws."""
    found = [metric(draw(np.random.default_rng([3, i]))) for i in range(draws)]
    target = math.fsum(f.value for f in found) / draws
    return float(np.mean([f.uncertainty.lo <= target <= f.uncertainty.hi for f in found]))


@pytest.mark.parametrize(("chances", "at_most"), [((0.5, 0.5), 0.98), ((0.9, 0.9), 0.98), ((0.2, 0.9), 1.0)])
def test_the_interval_of_the_accuracy_holds_what_fresh_draws_give(chances, at_most):
    captions = [some_caption(Dice(21, i // REPEATS), novel=False) for i in range(80)]
    right = encoded([some_scene(Dice(22, i), caption) for i, caption in enumerate(captions)])
    chance, names = np.tile(np.repeat(chances, REPEATS), 20), tuple(map(str, captions))

    def draw(rng: np.random.Generator) -> MetricInputs:
        hits = rng.random(80) < chance
        return asked(80, right * hits[:, None].astype(np.float32), names)

    assert 0.93 <= held(caption_accuracy, 300, draw) <= at_most


@pytest.mark.parametrize(("spread", "at_most"), [(0.0, 0.98), (2.0, 1.0)])
def test_the_interval_of_the_diversity_holds_what_fresh_draws_give(spread, at_most):
    scale = np.repeat(np.exp(spread * np.random.default_rng(0).random(40)), REPEATS)[:, None]
    names = tuple(str(i // REPEATS) for i in range(80))
    assert (
        0.92 <= held(caption_diversity, 400, lambda rng: asked(80, scale * rng.normal(size=(80, 3)), names)) <= at_most
    )


def test_the_network_of_shapes_tells_things_apart(held_out):
    found = measure(source_of("real", held_out), load_extractor("shapes-cnn")).features.double()
    spread = found.std(dim=0)
    assert spread.shape == (64,)
    assert float(spread.min()) > 0.1 * float(spread.max())
    # The nearest other image in its space has the same number of things far more often than by chance, which is 0.4.
    counts = torch.tensor([len(scene) for scene in seen(held_out.pixels)])
    nearest = (torch.cdist(found, found) + 1e9 * torch.eye(len(found))).argmin(dim=1)
    assert float((counts[nearest] == counts).double().mean()) > 0.6
