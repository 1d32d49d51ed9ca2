"""Reference statistics: moments, the one pass, the store, and the committed files."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
import torch
from genboard.reference_stats import store
from genboard.reference_stats.build import TOLERANCE, build, obtain, recipes_of, verify
from genboard.reference_stats.features import Pass, measure
from genboard.reference_stats.moments import Accumulator, Moments
from genboard.reference_stats.statistics import refuse_mismatch
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_split
from genboard.registry.extractors import load_extractor
from genboard.registry.images import Images, ImageSource, Positions, records, source_of
from genboard.registry.schema import Track
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from genboard.core.errors import BadFeatures, BadImages, ReferenceMismatch

TRACKS = [track for track in entries(Track).values() if (store.COMMITTED / track.dataset).is_dir()]
RECIPES = [recipe for track in TRACKS for recipe in recipes_of(track).values()]


def test_there_are_references():
    assert len(RECIPES) >= 2


@given(
    x=arrays(np.float64, st.tuples(st.integers(2, 30), st.just(3)), elements=st.floats(-1e3, 1e3)),
    cuts=st.lists(st.integers(1, 29), max_size=4),
    offset=st.sampled_from([0.0, 1e6]),
)
def test_moments_merge_to_those_of_the_whole(x, cuts, offset):
    features = torch.from_numpy(x + offset)
    merged = Moments.empty(3)
    for part in torch.tensor_split(features, sorted(cuts)):
        if len(part):
            merged = merged.merge(Moments.of(part))
    slack = 1e-12 * (1 + float(np.square(x).sum())) + 1e-9 * offset / 1e6
    np.testing.assert_allclose(merged.cov, np.cov(x, rowvar=False), atol=slack, rtol=1e-9)
    np.testing.assert_allclose(merged.mean, features.mean(0), rtol=1e-12, atol=1e-9)
    assert merged.n == len(x)


@given(
    x=arrays(np.float64, st.tuples(st.integers(2, 30), st.just(3)), elements=st.floats(-1e3, 1e3)),
    cuts=st.lists(st.integers(1, 29), max_size=4),
    offset=st.sampled_from([0.0, 1e6]),
)
def test_moments_added_up_in_place_are_those_of_the_whole(x, cuts, offset):
    features = torch.from_numpy(x + offset)
    accumulator = Accumulator(3)
    for part in torch.tensor_split(features, sorted(cuts)):
        if len(part):
            accumulator.add(part)
    slack = 1e-12 * (1 + float(np.square(x).sum())) + 1e-9 * offset / 1e6
    np.testing.assert_allclose(accumulator.moments.cov, np.cov(x, rowvar=False), atol=slack, rtol=1e-9)
    np.testing.assert_allclose(accumulator.moments.mean, features.mean(0), rtol=1e-12, atol=1e-9)
    assert accumulator.moments.n == len(x)


def test_one_feature_has_no_covariance():
    with pytest.raises(BadFeatures, match="here are 1"):
        _ = Moments.of(torch.zeros(1, 3)).cov


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.name)
def test_committed_statistics_are_what_building_them_gives(recipe):
    stored = store.load(store.COMMITTED / (recipe.name + store.SUFFIX))
    refuse_mismatch(stored.recipe, recipe, recipe.name)
    verified = verify(stored)
    assert verified.ok, verified
    logits = {"logits"} if stored.logits is not None else set()
    assert set(verified.differences) == {"mean", "covariance", "root", "features", "centres"} | logits


def test_verify_sees_a_small_change():
    stored = store.load(store.COMMITTED / (RECIPES[0].name + store.SUFFIX))
    moved = stored.features.clone()
    moved[7, 3] += 3 * TOLERANCE * float(moved.abs().max())
    changed = dataclasses.replace(stored, features=moved)
    assert not verify(changed).ok
    assert verify(changed).differences["features"] == pytest.approx(3 * TOLERANCE, rel=0.01)


def test_verify_sees_the_key_of_another_image():
    stored = store.load(store.COMMITTED / (RECIPES[0].name + store.SUFFIX))
    assert stored.keys is not None
    keys = stored.keys.clone()
    keys[7] += 1
    assert not verify(dataclasses.replace(stored, keys=keys)).same_images


def test_statistics_come_back_from_disk_as_they_were(tmp_path):
    built = build(RECIPES[0])
    again = store.load(store.save(built, tmp_path))
    assert again.recipe == built.recipe
    assert again.image_digest == built.image_digest
    pairs = [(getattr(again, name), getattr(built, name)) for name in ("features", "keys", "centres")]
    for a, b in [*pairs, (again.moments.root, built.moments.root)]:
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    first = store.save(built, tmp_path / "b").read_bytes()
    assert first == store.save(built, tmp_path / "c").read_bytes()


def test_an_outdated_file_of_the_user_is_built_again(monkeypatch, tmp_path, own_home):
    monkeypatch.setattr(store, "COMMITTED", tmp_path)
    recipe = RECIPES[0]
    old = build(recipe)
    wrong = recipe.model_copy(update={"revision": "older"})
    store.save(dataclasses.replace(old, recipe=wrong), own_home / "references")
    assert store.find_statistics(recipe) is None
    assert obtain(recipe).recipe == recipe
    found = store.find_statistics(recipe)
    assert found is not None
    assert found.recipe == recipe


def test_a_mismatch_names_both_values():
    wrong = RECIPES[0].model_copy(update={"count": 7})
    with pytest.raises(ReferenceMismatch, match=rf"count is 7, but {RECIPES[0].count} is needed"):
        refuse_mismatch(wrong, RECIPES[0], "x")


def test_features_do_not_depend_on_how_many_images_there_are():
    extractor = load_extractor("digits-cnn")
    source = dataclasses.replace(load_split("digits", "reference"), walk=None)
    whole = measure(source, extractor)
    few = measure(source.first(130), extractor)
    torch.testing.assert_close(few.features, whole.features[:130], rtol=0, atol=0)
    kept = measure(source, extractor, keep=10)
    assert len(kept.features) == len(kept.labels) == len(kept.logits) == 10  # type: ignore[arg-type]
    torch.testing.assert_close(kept.moments.cov, whole.moments.cov, rtol=0, atol=0)
    assert whole.digest == few_at_a_time(source)


def few_at_a_time(source: ImageSource) -> str:
    """SHA-256 over the digests of all images in their fixed order, the long way round."""
    one = [hashlib.sha256(next(records(source.read(i, i + 1)))).digest() for i in range(source.count)]
    return hashlib.sha256(b"".join(one)).hexdigest()


def test_the_order_in_which_images_are_read_changes_no_position_and_no_digest():
    extractor = load_extractor("digits-cnn")
    source = load_split("digits", "reference")

    def backwards(start: int, stop: int) -> tuple[Positions, Images]:
        first, last = source.count - stop, source.count - start
        return np.arange(first, last)[::-1], source.read(first, last).take(np.arange(last - first)[::-1])

    there = measure(source, extractor, keep=200)
    back = measure(dataclasses.replace(source, walk=backwards), extractor, keep=200)
    assert back.digest == there.digest
    assert torch.equal(back.labels, there.labels)  # type: ignore[arg-type]
    torch.testing.assert_close(back.features, there.features, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(back.moments.cov, there.moments.cov, rtol=1e-5, atol=1e-6)  # type: ignore[union-attr]


def test_images_of_which_some_are_not_given_are_refused():
    source = load_split("digits", "reference")
    run = Pass("x", source.count, load_extractor("digits-cnn"))
    run.take(*source.stretch(0, 125))
    with pytest.raises(BadImages, match="gave 125 images, but 500 were expected"):
        run.finish()


def test_infinite_features_are_refused(monkeypatch):
    extractor = load_extractor("digits-cnn")
    infinite = torch.full((125, 32), torch.inf), torch.zeros(125, 10)
    broken = dataclasses.replace(extractor, network=lambda x: infinite)
    with pytest.raises(BadFeatures, match="NaN or infinite"):
        measure(source_of("x", Images(np.zeros((3, 8, 8, 1), np.uint8))), broken)


def test_every_track_names_what_exists():
    assert TRACKS
    for track in TRACKS:
        assert find(Track, track.name).extractors
        assert {r.split for r in recipes_of(track).values()} == {track.reference, track.train}
