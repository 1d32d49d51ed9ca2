"""Feature spaces whose network is a model of transformers or timm by its name, and every way one is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find, parse
from genboard.registry.extractors import load_extractor
from genboard.registry.hub import HubFile
from genboard.registry.schema import Extractor
from own_spaces import COLOUR, GREY, HEAD, entry, file
from safetensors.torch import save_file
from torch import Tensor, nn

from genboard.core.errors import BadEntry, BadFeatures, BadWeights, GenboardError
from genboard.core.files import sha256

PHOTOS = HEAD.replace("[4, 4, 1]", '"rgb"')
PROCESSED = """[preprocessing]
resize = { filter = "pillow-bicubic", size = 32, side = "shorter" }
crop = 28
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
"""
SIZES = "hidden_size = 16, num_hidden_layers = 1, num_attention_heads = 2, image_size = 28, patch_size = 14"
DINO = f'dim = 16\n{PROCESSED}[source]\nkind = "transformers"\nmodel = "Dinov2Model"\nconfig = {{ {SIZES} }}\n'


@pytest.fixture(scope="module")
def dino() -> Any:
    import transformers

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        sizes = dict(part.split(" = ") for part in SIZES.split(", "))
        return transformers.Dinov2Model(transformers.Dinov2Config(**{k: int(v) for k, v in sizes.items()})).eval()


def of_dino(home: Path, dino: nn.Module, text: str = DINO, **more: Tensor) -> Path:
    save_file({k: v.contiguous() for k, v in dino.state_dict().items()} | more, home / "d.safetensors")
    return entry(home, f"{text}[weights]\n{file(home, 'd.safetensors')}", PHOTOS)


@pytest.mark.parametrize(
    ("more", "read"),
    [
        ("", lambda out: out.pooler_output),
        ('output = "last_hidden_state"\npool = "mean"\n', lambda out: out.last_hidden_state.mean(1)),
        ('output = "last_hidden_state"\npool = "first"\n', lambda out: out.last_hidden_state[:, 0]),
    ],
)
def test_a_model_of_transformers_by_name(own_home: Path, dino: Any, more: str, read: Any) -> None:
    of_dino(own_home, dino, DINO + more)
    live = load_extractor("mine")
    with torch.inference_mode():
        expected = read(dino(pixel_values=live.prepare(torch.from_numpy(COLOUR.pixels))))
    features, logits = live.compute(COLOUR, "x")
    assert logits is None
    np.testing.assert_allclose(features.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)
    assert live.entry.identity()["transformers"] == "Dinov2Model"


@pytest.mark.parametrize(
    ("change", "error", "why"),
    [
        (('"Dinov2Model"', '"Dinov2Modle"'), BadWeights, "has no model 'Dinov2Modle'"),
        (('"Dinov2Model"', '"AutoModel"'), BadWeights, "has no model 'AutoModel'"),
        ((SIZES, f"{SIZES}, attn_implementation = 'a/b'"), BadEntry, "source.config.attn_implementation: is not read"),
        ((SIZES, f"{SIZES}, _attn_implementation = 'a/b'"), BadEntry, "source.config._attn_implementation: is not"),
        (("hidden_size = 16", "hidden_size = 32"), BadWeights, "the weights do not fit Dinov2Model: .* is mismatched"),
        ((f"config = {{ {SIZES} }}\n", ""), BadEntry, "source.config: missing, and its weights are no file of the Hub"),
        ((f"config = {{ {SIZES} }}\n", f'config = {{ {SIZES} }}\noutput = "x"\n'), BadEntry, "gives no 'x'"),
        (("dim = 16", "dim = 17"), BadFeatures, r"gives features \(5, 16\)"),
        (
            (f"config = {{ {SIZES} }}\n", f'config = {{ {SIZES} }}\noutput = "last_hidden_state"\n'),
            BadFeatures,
            r"last_hidden_state has shape \(5, 5, 16\), with no pool",
        ),
        (
            (f"config = {{ {SIZES} }}\n", f'config = {{ {SIZES} }}\nignore = ["head."]\n'),
            BadEntry,
            "source.ignore: no weight's name begins with 'head.'",
        ),
    ],
)
def test_a_model_of_transformers_that_is_not_what_its_entry_says(
    own_home: Path, dino: Any, change: tuple[str, str], error: type[GenboardError], why: str
) -> None:
    of_dino(own_home, dino, DINO.replace(*change))
    with pytest.raises(error, match=why) as e:
        load_extractor("mine")
    assert e.value.hint


HUB = f'[weights]\nrepo = "a/b"\nrevision = "{"1" * 40}"\npath = "d.safetensors"\nsha256 = "{{}}"\n'


def test_a_configuration_lies_beside_the_weights_on_the_hub(
    own_home: Path, dino: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, str]] = []

    def fetch(file: HubFile) -> Path:
        asked.append((file.repo, file.revision, file.path))
        return own_home / file.path

    monkeypatch.setattr(HubFile, "fetch", fetch)
    of_dino(own_home, dino)
    dino.config.save_pretrained(own_home)
    text = DINO.replace(f"config = {{ {SIZES} }}\n", "") + HUB.format(sha256((own_home / "d.safetensors").read_bytes()))
    path = entry(own_home, text, PHOTOS)
    assert load_extractor("mine").compute(COLOUR, "x")[0].shape == (5, 16)
    assert sorted(asked) == [("a/b", "1" * 40, "config.json"), ("a/b", "1" * 40, "d.safetensors")]
    assert find(Extractor, "mine").identity()["revision"] == "1" * 40
    with pytest.raises(BadEntry, match="must be a commit; branches and tags can move"):
        parse(Extractor, path, PHOTOS + text.replace("1" * 40, "main"))


def test_weights_of_no_use_are_refused_unless_the_entry_leaves_them_out(own_home: Path, dino: Any) -> None:
    path = of_dino(own_home, dino, stray=torch.zeros(2))
    with pytest.raises(BadWeights, match="the weights do not fit Dinov2Model: 'stray' is unexpected"):
        load_extractor("mine")
    from genboard.registry.extractors.opening import open_network

    text = path.read_text("utf-8").replace('"Dinov2Model"\n', '"Dinov2Model"\nignore = ["stray"]\n')
    assert callable(open_network(parse(Extractor, path, text)))


class Backbone(nn.Module):
    """What every model of timm has."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(16, 6), nn.Linear(6, 2)
        self.register_buffer("order", torch.arange(16), persistent=False)

    def forward_features(self, x: Tensor) -> Tensor:
        order = self.order
        assert isinstance(order, Tensor)
        return self.body(x.flatten(1)[:, order])

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        return x if pre_logits else self.head(x)


TIMM = 'dim = 6\nclasses = 2\npreprocessing = "unit"\n[source]\nkind = "timm"\nmodel = "mine"\n{more}[weights]\n'


def test_a_model_of_timm_by_name(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def create_model(name: str, **more: Any) -> nn.Module:
        asked.append((name, more))
        return Backbone()

    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=create_model))
    network = Backbone()
    save_file(network.state_dict(), own_home / "b.safetensors")
    entry(own_home, TIMM.format(more="arguments = { depth = 2 }\n") + file(own_home, "b.safetensors"))
    features, logits = load_extractor("mine").compute(GREY, "x")
    assert asked == [("mine", {"pretrained": False, "depth": 2})]
    x = torch.from_numpy(GREY.pixels.reshape(5, 1, 4, 4) / np.float32(255))
    with torch.inference_mode():
        np.testing.assert_allclose(features.numpy(), network.forward_features(x).numpy(), rtol=1e-5, atol=1e-6)
        assert logits is not None
        expected = network.forward_head(network.forward_features(x))
        np.testing.assert_allclose(logits.numpy(), expected.numpy(), rtol=1e-5, atol=1e-6)


def test_timm_loads_no_weights_of_its_own_and_is_named_where_it_is_missing(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    save_file(Backbone().state_dict(), own_home / "b.safetensors")
    path = entry(own_home, TIMM.format(more="") + file(own_home, "b.safetensors"))
    with pytest.raises(GenboardError, match="this needs timm") as e:
        load_extractor("mine")
    assert e.value.hint == 'pip install "genboard[timm]"'
    from genboard.registry.extractors.opening import open_network

    text = TIMM.format(more='arguments = { checkpoint_path = "x" }\n') + file(own_home, "b.safetensors")
    with pytest.raises(BadEntry, match=r"source\.arguments\.checkpoint_path: not a setting of the model"):
        open_network(parse(Extractor, path, HEAD + text))
