"""The embedded track: its splits, its classifier, and that training them again gives the same figures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.reference_stats.features import measure
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_part, load_split, split_size
from genboard.registry.datasets.index import as_rows
from genboard.registry.datasets.splits import stratified_split
from genboard.registry.extractors import LiveExtractor, load_extractor
from genboard.registry.images import Images, content_digest, example_digests, read_all, sequence_digest
from genboard.registry.schema import Dataset, Extractor, Generator
from genboard.registry.train import with_digest
from hypothesis import given
from hypothesis import strategies as st

DIGITS = find(Dataset, "digits")
# Of each split in order: results and reference statistics of the track were measured on these very images.
ORDERS = {
    "train": "9f25700a671eebcd1e15517b2d90607f4f43bc53204e5af1096e4f2d4e8e3e6c",
    "reference": "bbd092ca3a6d2f4824188c9ada681536926fd2505bd30b18e519b07d4cf8e867",
    "held-out": "78fc380c3b55e6017ce13f26cd084b7d511f188d44dc09e1669bf27b28b1db67",
}


def whole_set() -> Images:
    return read_all(load_part("digits", "all"))


@pytest.mark.parametrize("split", ORDERS)
def test_a_split_is_the_same_images_in_the_same_order(split: str) -> None:
    assert sequence_digest(load_split("digits", split).runs()) == ORDERS[split]


def test_grey_levels_are_rounded_half_up():
    assert sorted(np.unique(whole_set().pixels)) == [int(v * 255 / 16 + 0.5) for v in range(17)]


def test_splits_are_disjoint_stratified_and_cover_the_set():
    whole = whole_set()
    parts = {name: read_all(load_split("digits", name)) for name in DIGITS.splits}
    assert {name: len(images) for name, images in parts.items()} == {"train": 797, "reference": 500, "held-out": 500}
    digests = [d for images in parts.values() for d in example_digests(images)]
    assert sorted(digests) == sorted(example_digests(whole))
    assert len(set(digests)) == len(digests)
    assert whole.labels is not None
    shares = np.bincount(whole.labels) / len(whole)
    for images in parts.values():
        assert images.labels is not None
        assert np.abs(np.bincount(images.labels) - shares * len(images)).max() <= 1


def test_neither_the_digest_nor_the_splits_depend_on_the_order():
    whole = whole_set()
    shuffled = whole.take(np.random.default_rng(1).permutation(len(whole)))
    assert content_digest(shuffled) == DIGITS.content_digest
    chosen = stratified_split(
        as_rows(example_digests(shuffled)),
        shuffled.labels,
        {name: split.count for name, split in DIGITS.splits.items()},
    )
    again = shuffled.take(chosen["reference"])
    np.testing.assert_array_equal(again.pixels, read_all(load_split("digits", "reference")).pixels)


@given(
    labels=st.lists(st.integers(0, 4), min_size=3, max_size=60),
    share=st.tuples(st.floats(0.05, 0.4), st.floats(0.05, 0.4)),
)
def test_any_set_is_split_in_proportion(labels, share):
    n = len(labels)
    sizes = {"a": int(share[0] * n), "b": int(share[1] * n)}
    sizes["rest"] = n - sum(sizes.values())
    digests = np.arange(n, dtype=np.uint8)[:, None]
    chosen = stratified_split(digests, np.array(labels), sizes)
    assert sorted(i for part in chosen.values() for i in part) == list(range(n))
    assert {name: len(part) for name, part in chosen.items()} == sizes


def test_one_changed_pixel_changes_the_digest():
    whole = whole_set()
    pixels = whole.pixels.copy()
    pixels[3, 4, 4, 0] ^= 1
    assert content_digest(Images(pixels, whole.labels)) != DIGITS.content_digest


def accuracy(extractor: LiveExtractor, split: str) -> float:
    measured = measure(load_split("digits", split), extractor)
    assert measured.logits is not None
    assert measured.labels is not None
    return float((measured.logits.argmax(1) == measured.labels).double().mean())


def test_the_classifier_generalises_and_no_feature_is_dead():
    extractor = load_extractor("digits-cnn")
    assert extractor.entry.trained_on == ("digits/train",)
    assert accuracy(extractor, "held-out") >= 0.98
    assert accuracy(extractor, "reference") >= 0.98
    spread = measure(load_split("digits", "held-out"), extractor).features.std(dim=0)
    assert spread.shape == (32,)
    assert float(spread.min()) > 0.25 * float(spread.max())


def test_weights_are_small_and_known_by_their_digest():
    everything: list[Extractor | Generator] = [*entries(Extractor).values(), *entries(Generator).values()]
    with_weights = [entry for entry in everything if entry.weights and entry.weights.file]
    assert len(with_weights) >= 4
    for entry in with_weights:
        assert entry.trained_on, f"{entry.name} says not what it has seen"
        for seen in entry.trained_on:
            dataset, _, split = seen.partition("/")
            assert split_size(find(Dataset, dataset), split)


def test_training_writes_its_digest_into_the_entry():
    before, after, other = "0" * 64, "ab" * 32, "cd" * 32
    text = f'sha256 = "{before}"\n\n[source.back]\nsha256 = "{other}"\n'
    assert with_digest(text, before, after) == text.replace(before, after)
    for wrong, count in ((text.replace(before, after), 0), (2 * text, 2)):
        with pytest.raises(ValueError, match=f"{count} lines with the digest 000000000000"):
            with_digest(wrong, before, after)


@pytest.mark.slow
def test_training_the_classifier_again_gives_the_same_network():
    from genboard.registry.extractors import digits_cnn
    from genboard.registry.extractors.preprocessing import unit
    from genboard.registry.weights import read_weights

    committed = find(Extractor, "digits-cnn")
    assert committed.weights is not None
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trained = digits_cnn.train(read_all(load_split("digits", "train")))
    finally:
        torch.set_num_threads(threads)
    held_out = read_all(load_split("digits", "held-out"))
    with torch.inference_mode():
        logits = digits_cnn.load(trained)(unit(torch.from_numpy(held_out.pixels)))[1]
    assert float((logits.argmax(1).numpy() == held_out.labels).mean()) >= 0.98
    assert set(trained) == set(read_weights(committed.weights))
