"""Feature spaces: what they take and refuse, that batch and threads do not matter, and weights that do not fit."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from cached import cached_test_split, skip_without
from genboard.registry.catalog import entries, find, parse
from genboard.registry.extractors import (
    LiveExtractor,
    find_device,
    inception,
    lenet,
    load_extractor,
    opening,
    resnet20,
    vgg,
)
from genboard.registry.extractors.fitting import Arrays
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.images import Images
from genboard.registry.resolve import function
from genboard.registry.schema import Extractor, Precision
from torch import nn

from genboard.core.errors import BadEntry, BadFeatures, BadImages, BadWeights, GenboardError
from genboard.core.serialization import canonical_json

ENTRIES = entries(Extractor)


def random_arrays(network: nn.Module, seed: int = 0) -> dict[str, np.ndarray]:
    """Weights that keep the size of activations, and batch statistics that are not those of a new network."""
    random = np.random.default_rng(seed)
    arrays = {}
    for key, value in network.state_dict().items():
        shape = tuple(value.shape)
        if len(shape) > 1:
            arrays[key] = random.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
        elif key.endswith(("running_var", "bn.weight")):
            arrays[key] = random.uniform(0.5, 1.5, shape).astype(np.float32)
        elif shape:
            arrays[key] = random.normal(0, 0.1, shape).astype(np.float32)
    return arrays


def inception_arrays() -> dict[str, np.ndarray]:
    from torchvision.models import Inception3

    with torch.device("meta"):
        network = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    return random_arrays(network)


def live(name: str, network: nn.Module, precision: Precision = "float32") -> LiveExtractor:
    entry = find(Extractor, name)
    return LiveExtractor(entry, find_mode(entry.preprocessing), network, torch.device("cpu"), precision)


def colour(n: int, height: int = 20, width: int = 24) -> Images:
    return Images(np.random.default_rng(5).integers(0, 256, (n, height, width, 3), np.uint8))


def grey(n: int) -> Images:
    return Images(np.random.default_rng(6).integers(0, 256, (n, 28, 28, 1), np.uint8))


def test_every_entry_can_be_loaded_when_its_weights_are_there():
    assert len(ENTRIES) >= 14
    for entry in ENTRIES.values():
        assert callable(function(entry.loader, under="registry.extractors")), entry.name
        assert callable(find_mode(entry.preprocessing)), entry.name
        assert entry.dim is not None or entry.input == "any", entry.name


def test_spaces_that_differ_are_known_apart():
    identities = [str(entry.identity()) for entry in ENTRIES.values()]
    assert len(set(identities)) == len(ENTRIES)
    entry = ENTRIES["digits-cnn"]
    assert "precision" not in entry.identity()
    assert entry.identity("bf16") == {**entry.identity(), "precision": "bf16"}


def test_identities_of_committed_results_are_those_of_their_entries():
    """References and columns are known by them: a change would part every result from its board."""
    recorded: dict[str, list[object]] = {}
    for path in (Path(__file__).parents[1] / "leaderboard" / "results").glob("*/*/*.json"):
        for column in json.loads(path.read_text("utf-8"))["specification"]["metrics"]:
            recorded.setdefault(column["extractor"]["name"], []).append(column["extractor"])
    assert len(recorded) >= 3
    for name, spaces in recorded.items():
        assert json.loads(canonical_json(ENTRIES[name].identity())) in spaces, name
    known = {"name", "version", "weights", "wrapped", "prefix", "preprocessing", "layer"}
    assert all(set(entry.identity()) <= known for entry in ENTRIES.values())


def test_a_block_is_whole_sub_batches(tmp_path):
    text = Path(sys.modules["genboard.registry"].__path__[0], "entries/extractors/vgg16-fc2.toml").read_text("utf-8")
    with pytest.raises(BadEntry, match="a block of 32 is not a multiple of the sub-batch of 7"):
        parse(Extractor, tmp_path / "x.toml", text.replace("sub_batch = 8", "sub_batch = 7"))
    older = parse(Extractor, tmp_path / "vgg16-fc2.toml", text.replace("sub_batch = 8", "lane = 8"))
    assert older.sub_batch == 8


def test_pixels_are_their_own_features():
    extractor, images = load_extractor("pixels"), colour(3, 2, 5)
    features, logits = extractor.compute(images, "x")
    assert logits is None
    assert extractor.dim(images.shape) == 30 == features.shape[1]
    np.testing.assert_allclose(features.numpy() * 255, images.pixels.reshape(3, -1), atol=1e-4)


def flat(prepared: torch.Tensor) -> tuple[torch.Tensor, None]:
    return prepared.flatten(1), None


class Dropping(nn.Module):
    """Flat features that a module in training would make different every time."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, prepared: torch.Tensor) -> tuple[torch.Tensor, None]:
        return flat(self.drop(prepared))


@pytest.mark.parametrize("given", [flat, Dropping()], ids=["function", "module"])
def test_a_loader_may_give_a_function_or_a_module(monkeypatch, given):
    monkeypatch.setattr(opening, "function", lambda *_, **__: lambda weights: given)
    found = load_extractor("pixels").compute(colour(3, 2, 5), "x")[0]
    wanted = colour(3, 2, 5).pixels.transpose(0, 3, 1, 2).reshape(3, -1)
    np.testing.assert_allclose(found.numpy() * 255, wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda x: x.flatten(1), r"gives \(256, 30\)"),
        (lambda x: (x, None), r"gives \(256, 3, 2, 5\) and NoneType"),
        (lambda x: (x.flatten(1), x), r"gives \(256, 30\) and \(256, 3, 2, 5\)"),
        (lambda x: (x.flatten(1)[:3], None), r"gives \(3, 30\)"),
        (lambda x: (x.flatten(1).numpy(), None), "gives ndarray and NoneType"),
        (lambda x: None, "gives NoneType"),
        (lambda x: (), "gives nothing"),
    ],
)
def test_what_a_network_gives_is_held_against_its_entry(monkeypatch, given, said):
    monkeypatch.setattr(opening, "function", lambda *_, **__: lambda weights: given)
    extractor = load_extractor("pixels")
    with pytest.raises(BadFeatures, match=said):
        extractor.compute(colour(3, 2, 5), "x")


def test_a_loader_that_gives_no_function_is_named(monkeypatch):
    monkeypatch.setattr(opening, "function", lambda *_, **__: lambda weights: weights)
    with pytest.raises(BadWeights, match="gives dict, where a function or module is needed"):
        load_extractor("pixels")


@pytest.fixture(scope="module")
def stem() -> LiveExtractor:
    return live("inception-v3-tf2015-64", inception.load_64(inception_arrays()))


def test_neither_threads_nor_batch_nor_place_change_a_bit(stem):
    images = colour(33)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = stem.compute(images, "x")[0]
        torch.set_num_threads(2)
        two = stem.compute(images, "x")[0]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert torch.equal(one, two)
    for i in (0, 15, 32):
        alone = stem.compute(images.take(slice(i, i + 1)), "x")[0]
        assert float((alone[0] - one[i]).norm() / one[i].norm()) < 1e-5
    assert float(one.std(dim=0).min()) > 0


@pytest.mark.parametrize(
    ("name", "module", "kind", "shape"),
    [
        ("lenet-mnist", lenet, lenet.LeNet, (28, 28, 1)),
        ("resnet20-cifar10", resnet20, resnet20.ResNet20, (32, 32, 3)),
    ],
    ids=["lenet", "resnet20"],
)
def test_threads_do_not_change_a_bit_of_small_networks(name, module, kind, shape):
    extractor = live(name, module.load(random_arrays(kind())))
    images = Images(np.random.default_rng(7).integers(0, 256, (130, *shape), np.uint8))
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(extractor.compute(images, "x"))
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)
        assert float(one.std(dim=0).max()) > 0


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_pooling_of_lenet_is_that_of_torch(channels_last):
    x = torch.randn(3, 6, 10, 8, generator=torch.Generator().manual_seed(0))
    x = x.contiguous(memory_format=torch.channels_last) if channels_last else x
    x[0, 0, 0, 0] = torch.nan
    torch.testing.assert_close(lenet.pooled(x), nn.functional.max_pool2d(x, 2), rtol=0, atol=0, equal_nan=True)


def test_grey_images_are_refused_where_colour_is_needed(stem):
    with pytest.raises(BadImages, match="images of 28x28 grey, where inception-v3-tf2015-64 needs RGB") as e:
        stem.compute(grey(2), "folder")
    assert "grey-to-rgb" in (e.value.hint or "")


def test_one_shape_and_no_other():
    extractor = live("lenet-mnist", lenet.load(random_arrays(lenet.LeNet())))
    assert extractor.dim((28, 28, 1)) == 84
    with pytest.raises(BadImages, match="images of 24x20 RGB, but 28x28 grey is needed"):
        extractor.compute(colour(2), "folder")


def test_a_feature_that_is_no_number_is_refused():
    arrays = random_arrays(lenet.LeNet())
    arrays["fc.f6.bias"][3] = np.nan
    with pytest.raises(BadFeatures, match="lenet-mnist gives NaN or infinite features for folder"):
        live("lenet-mnist", lenet.load(arrays)).compute(grey(2), "folder")


def without(arrays: Arrays) -> Arrays:
    return {k: v for k, v in arrays.items() if k != "fc.f7.bias"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (without, "'fc.f7.bias' is missing"),
        (lambda a: {**a, "fc.f7.bias": np.zeros(11, np.float32)}, r"'fc.f7.bias' is \(11,\), the network's \(10,\)"),
        (lambda a: {**a, "fc.f7.bias": np.zeros(10, np.int8)}, "'fc.f7.bias' is torch.int8"),
        (lambda a: {**a, "fc.f8.bias": np.zeros(1, np.float32)}, "the network has no 'fc.f8.bias'"),
    ],
    ids=["missing", "shape", "whole numbers", "stray"],
)
def test_weights_that_do_not_fit(change, problem):
    with pytest.raises(BadWeights, match=f"(the weights do not fit the network: )?{problem}"):
        lenet.load(change(random_arrays(lenet.LeNet())))


@pytest.mark.parametrize(
    ("name", "library"), [("inception-v3-tf2015", "torchvision.models"), ("dinov2-vitl14", "transformers")]
)
def test_a_missing_library_is_named_with_its_extra(name, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(GenboardError, match=f"this needs {library.partition('.')[0]}") as e:
        function(find(Extractor, name).loader, under="registry.extractors")({})
    assert e.value.hint == 'pip install "genboard[networks]"'


def test_bf16_is_close_to_float32_and_not_the_same():
    weights = random_arrays(lenet.LeNet())
    exact = live("lenet-mnist", lenet.load(weights)).compute(grey(8), "x")[0]
    rough, logits = live("lenet-mnist", lenet.load(weights), "bf16").compute(grey(8), "x")
    assert rough.dtype == torch.float32
    assert logits is not None
    assert logits.dtype == torch.float32
    gap = float((rough - exact).norm() / exact.norm())
    assert 1e-4 < gap < 2e-2


@pytest.mark.slow
def test_bf16_moves_inception_by_half_a_percent():
    weights = inception_arrays()
    images = colour(4)
    exact = live("inception-v3-tf2015", inception.load(weights)).compute(images, "x")[0]
    rough = live("inception-v3-tf2015", inception.load(weights), "bf16").compute(images, "x")[0]
    assert 2e-3 < float((rough - exact).norm() / exact.norm()) < 1e-2


def test_the_random_vgg_is_the_same_on_every_machine():
    with torch.device("meta"):
        network = nn.Sequential(nn.Conv2d(3, 64, 3), nn.Linear(40, 30))
    arrays = vgg.random_weights(network)
    assert list(arrays) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert not arrays["0.bias"].any()
    assert abs(arrays["1.weight"]).max() < np.sqrt(6 / 40)
    np.testing.assert_allclose(arrays["0.weight"].std(), np.sqrt(2 / 27), rtol=0.05)
    digest = hashlib.sha256(b"".join(a.astype("<f4").tobytes() for a in arrays.values())).hexdigest()
    assert digest[:16] == "06830749e8913438"


def test_a_device_that_is_not_there():
    with pytest.raises(GenboardError, match="device 'nowhere' is not available"):
        find_device("nowhere")


@pytest.mark.parametrize(
    ("name", "dataset", "expected"), [("lenet-mnist", "mnist", 9908), ("fashion-cnn", "fashion-mnist", 9079)]
)
def test_classifiers_know_as_many_test_images_as_measured(name, dataset, expected):
    images = cached_test_split(dataset)
    skip_without(Extractor, name)
    extractor = load_extractor(name)
    assert images.labels is not None
    right = 0
    for start in range(0, len(images), extractor.entry.block):
        run = images.take(slice(start, start + extractor.entry.block))
        logits = extractor.compute(run, dataset)[1]
        assert logits is not None
        right += int((logits.argmax(1).numpy() == run.labels).sum())
    assert len(images) == 10_000
    assert right == expected


def test_resnet20_equals_torchvisions_blocks_with_the_same_weights():
    from torchvision.models.resnet import BasicBlock

    class Shortcut(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            zeros = torch.zeros_like(x[:, : x.shape[1] // 2, ::2, ::2])
            return torch.cat([zeros, x[:, :, ::2, ::2], zeros], dim=1)

    class Theirs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
            self.layer1 = nn.Sequential(*(BasicBlock(16, 16) for _ in range(3)))
            self.layer2 = nn.Sequential(BasicBlock(16, 32, 2, Shortcut()), BasicBlock(32, 32), BasicBlock(32, 32))
            self.layer3 = nn.Sequential(BasicBlock(32, 64, 2, Shortcut()), BasicBlock(64, 64), BasicBlock(64, 64))
            self.linear = nn.Linear(64, 10)

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)).relu())))
            features = nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)
            return features, self.linear(features)

    theirs = Theirs()
    weights = random_arrays(theirs)
    theirs.load_state_dict({k: torch.from_numpy(v) for k, v in weights.items()}, strict=False)
    theirs.eval()
    x = find_mode("unit-imagenet")(torch.from_numpy(colour(3, 32, 32).pixels))
    with torch.inference_mode():
        for ours, expected in zip(resnet20.load(weights)(x), theirs(x), strict=True):
            torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def test_the_published_resnet20_fits_its_network():
    skip_without(Extractor, "resnet20-cifar10")
    extractor = load_extractor("resnet20-cifar10")
    features, logits = extractor.compute(colour(5, 32, 32), "noise")
    assert features.shape == (5, 64)
    assert logits is not None
    assert logits.shape == (5, 10)
