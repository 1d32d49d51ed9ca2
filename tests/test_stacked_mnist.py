"""Stacks of three grey images: whose they are, in what class, and what a network makes of each channel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from cached import cached_test_split, skip_without
from genboard.registry.catalog import find
from genboard.registry.datasets import content_digest_of, load_part, load_split, record, verify
from genboard.registry.datasets.stacked import chosen
from genboard.registry.extractors import LiveExtractor, lenet, load_extractor, stacked_lenet
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.generators.zoo.dcgan import packed
from genboard.registry.images import Images, read_all
from genboard.registry.schema import Dataset, Extractor, Stacked
from sets import entry, images_of, own_set

from genboard.core.errors import BadEntry, BadImages

DIGITS = Images(images_of(40).pixels[..., :1], images_of(40).labels)
SPLITS = {"train": 20, "reference": 10, "held-out": 10}
STACKS = {"train": 50, "reference": 30, "held-out": 20}


def stack(home: Path, seed: int = 7, of: str = "mine", **options: object) -> None:
    """A data set of stacks of the images of a small one."""
    source = f'kind = "stacked"\ndataset = "{of}"\nseed = {seed}\nsplits = {json.dumps({s: s for s in STACKS})}'
    source = source.replace('":', '" =')
    options.setdefault("classes", [f"{i:03d}" for i in range(27)])
    entry(home, "stacks", source, STACKS, {s: (s, n) for s, n in STACKS.items()}, shape=(8, 6, 3), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("split", STACKS)
def test_every_channel_is_an_image_of_its_split_and_the_label_says_which(split, own_home: Path) -> None:
    own_set(own_home, DIGITS, shape=(8, 6, 1))
    stack(own_home)
    known = {
        pixels.tobytes(): int(label)
        for pixels, label in zip(*(lambda i: (i.pixels, i.labels))(read_all(load_split("mine", split))), strict=True)
    }
    assert len(known) == SPLITS[split]
    images = read_all(load_split("stacks", split))
    assert images.labels is not None
    assert len(images) == STACKS[split]
    for pixels, label in zip(images.pixels, images.labels, strict=True):
        a, b, c = (known[np.ascontiguousarray(pixels[..., channel]).tobytes()] for channel in range(3))
        assert label == 9 * a + 3 * b + c


def test_the_seed_and_nothing_else_says_which(own_home: Path) -> None:
    own_set(own_home, DIGITS, shape=(8, 6, 1))
    stack(own_home)
    part = load_part("stacks", "reference")
    whole = read_all(part)
    np.testing.assert_array_equal(part.read(11, 17).pixels, whole.pixels[11:17])
    record("stacks")
    assert verify("stacks") == content_digest_of("stacks")


def test_choices_are_even_and_those_of_a_seed_and_a_part():
    found = chosen(2026, 0, 40_000, 10)
    np.testing.assert_array_equal(found[:3], chosen(2026, 0, 3, 10))
    assert (found != chosen(2027, 0, 40_000, 10)).mean() == pytest.approx(0.9, abs=0.01)
    assert (found != chosen(2026, 1, 40_000, 10)).mean() == pytest.approx(0.9, abs=0.01)
    triples = np.bincount(found @ [100, 10, 1], minlength=1000)
    # Chi-square of 999 degrees of freedom: 999 with a standard deviation of 45.
    assert float(((triples - 40) ** 2 / 40).sum()) == pytest.approx(999, abs=180)
    # What the digest of every stacked set hangs on, whatever the version of NumPy.
    assert found[0].tolist() == [7, 8, 2]


def test_without_classes_there_are_no_labels(own_home: Path) -> None:
    own_set(own_home, DIGITS, shape=(8, 6, 1))
    stack(own_home, classes=())
    assert read_all(load_split("stacks", "train")).labels is None


def test_colour_images_are_not_stacked(own_home: Path) -> None:
    own_set(own_home, images_of(40))
    stack(own_home)
    with pytest.raises(BadEntry, match="images of 'mine' are not grey"):
        load_split("stacks", "train")


def test_classes_that_stacks_do_not_have_are_refused(own_home: Path) -> None:
    own_set(own_home, DIGITS, shape=(8, 6, 1))
    stack(own_home, classes=("a", "b"))
    with pytest.raises(BadEntry, match="2 classes, where stacks of 3 have 27"):
        load_split("stacks", "train")


def test_the_images_that_are_missing_are_named(own_home: Path, run) -> None:
    path = own_set(own_home, DIGITS, shape=(8, 6, 1))
    stack(own_home)
    path.unlink()
    with pytest.raises(BadImages, match=r"'stacks' is made of 'mine', which cannot be read: .*mine\.parquet"):
        load_split("stacks", "train")


def test_without_mnist_the_error_says_what_to_fetch(own_home: Path, tmp_path: Path, monkeypatch, run) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    code, _, err = run("dataset", "verify", "stacked-mnist")
    assert code == 1
    assert "'stacked-mnist' is made of 'mnist', which cannot be read" in err
    assert "hint:" in err
    assert "mnist/train-00000-of-00001.parquet" in err


def test_the_entry_takes_each_split_from_one_of_its_own():
    e = find(Dataset, "stacked-mnist")
    assert isinstance(e.source, Stacked)
    mnist = find(Dataset, e.source.dataset)
    assert e.source.splits == {split: split for split in mnist.splits}
    assert e.classes[123] == "123"
    assert {split: s.count for split, s in e.splits.items()} == {split: s.count for split, s in mnist.splits.items()}


def random_lenet() -> lenet.LeNet:
    torch.manual_seed(3)
    network = lenet.LeNet().eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.requires_grad_(False)


def live(name: str, network: torch.nn.Module) -> LiveExtractor:
    e = find(Extractor, name)
    return LiveExtractor(e, find_mode(e.preprocessing), network, torch.device("cpu"))


def test_each_channel_is_seen_as_a_grey_image_is():
    images = Images(np.random.default_rng(1).integers(0, 256, (7, 28, 28, 3), np.uint8))
    network = random_lenet()
    features, logits = live("lenet-mnist-stacked", stacked_lenet.StackedLeNet(network)).compute(images, "stacks")
    assert features.shape == (7, 252)
    assert logits is not None
    chances = []
    for c in range(3):
        grey = Images(np.ascontiguousarray(images.pixels[..., c : c + 1]))
        alone, of_digits = live("lenet-mnist", network).compute(grey, "a channel")
        torch.testing.assert_close(features[:, 84 * c : 84 * (c + 1)], alone, atol=1e-4, rtol=1e-4)
        assert of_digits is not None
        chances.append(of_digits.double().softmax(dim=1))
    expected = torch.einsum("na,nb,nc->nabc", *chances).flatten(1)
    torch.testing.assert_close(logits.double().exp(), expected, atol=1e-4, rtol=1e-4)
    assert float(logits.exp().sum(dim=1).sub(1).abs().max()) < 1e-4


@pytest.mark.slow
def test_the_stacks_are_those_of_the_entry_and_classified_as_what_they_are():
    cached_test_split("mnist", 1)
    assert verify("stacked-mnist") == find(Dataset, "stacked-mnist").content_digest
    skip_without(Extractor, "lenet-mnist-stacked")
    extractor, images = load_extractor("lenet-mnist-stacked"), load_split("stacked-mnist", "held-out").read(0, 250)
    _, logits = extractor.compute(images, "held-out")
    assert logits is not None
    # Three digits that are right 99 times in 100 each.
    assert (logits.argmax(dim=1).numpy() == images.labels).mean() > 0.94


def test_packing_puts_images_in_a_row_into_one():
    x = torch.randn(6, 3, 4, 5)
    pairs = packed(x, 2)
    assert pairs.shape == (3, 6, 4, 5)
    for i, pair in enumerate(pairs):
        assert torch.equal(pair, torch.cat([x[2 * i], x[2 * i + 1]]))
    assert torch.equal(packed(x, 1), x)
