"""Feature spaces from outside the package: what each kind of network gives, and every way in which it is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from genboard.registry.catalog import find, parse
from genboard.registry.extractors import LiveExtractor, load_extractor
from genboard.registry.extractors.preprocessing import find_mode
from genboard.registry.hub import HubFile
from genboard.registry.images import Images
from genboard.registry.schema import Extractor
from genboard.registry.trust import code_is_trusted, trusting_code
from refusals import Run, hint, refused
from safetensors.torch import save_file
from torch import Tensor, nn

from genboard.core.errors import BadEntry, BadFeatures, BadWeights, GenboardError, NotTrusted
from genboard.core.files import sha256

HEAD = """title = "Mine"
version = 1
layer = "hidden"
input = [4, 4, 1]
block = 5
licence = "none"
"""
PYTHON = 'dim = 16\nclasses = 2\npreprocessing = "unit"\n[source]\nkind = "python"\nfunction = "mine.py:load"\n'
GREY = Images(np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1), np.uint8))
COLOUR = Images(np.random.default_rng(0).integers(0, 256, (5, 40, 50, 3), np.uint8))
GOOD = "return {'features': x.flatten(1), 'logits': x.flatten(1)[:, :2]}"


def entry(home: Path, rest: str, head: str = HEAD) -> Path:
    path = home / "entries" / "extractors" / "mine.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + rest, "utf-8")
    return path


def code(home: Path, body: str) -> None:
    """A network whose call is `body`, of images `x`."""
    (home / "mine.py").write_text(
        f"import torch\ndef load(weights):\n    def network(x):\n        {body}\n    return network\n",
        "utf-8",
    )


def file(home: Path, name: str) -> str:
    return f'local = "{name}"\nsha256 = "{sha256((home / name).read_bytes())}"\n'


def loaded() -> LiveExtractor:
    with trusting_code():
        return load_extractor("mine")


def test_code_runs_with_leave_and_no_longer(own_home: Path) -> None:
    entry(own_home, PYTHON)
    code(own_home, GOOD)
    with pytest.raises(
        NotTrusted, match=r"extractor 'mine': mine\.py:load is code, which genboard does not run unasked"
    ):
        load_extractor("mine")
    features, logits = loaded().compute(GREY, "x")
    np.testing.assert_allclose(features.numpy(), GREY.pixels.reshape(5, -1) / 255, rtol=1e-6)
    assert logits is not None
    assert logits.shape == (5, 2)
    assert not code_is_trusted()
    assert find(Extractor, "mine").identity()["code"] == sha256((own_home / "mine.py").read_bytes())


@pytest.mark.parametrize(
    "command",
    [
        "compare a.npy a.npy --extractor mine",
        "reference build --dataset digits --split reference --extractor mine",
        "reference import a.npz --extractor mine --take images",
    ],
)
def test_every_command_that_loads_it_needs_leave(run: Run, own_home: Path, tmp_path: Path, command: str) -> None:
    entry(own_home, PYTHON.replace("dim = 16", "dim = 64"), HEAD.replace("[4, 4, 1]", "[8, 8, 1]"))
    code(own_home, GOOD)
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8), np.uint8)
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "a.npz", images)
    words = [str(tmp_path / word) if word.startswith("a.np") else word for word in command.split()]
    assert "mine.py:load is code" in refused(run, *words)
    assert "--trust-code" in hint(run, *words)
    done, _, err = run(*words, "--trust-code")
    assert done == 0, err


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            "return {'features': x.flatten(1)[:, :3], 'logits': x.flatten(1)[:, :2]}",
            r"gives features \(5, 3\) and logits",
        ),
        ("return {'features': x.flatten(1), 'logits': x.flatten(1)}", r"logits \(5, 16\), where .* logits \(5, 2\)"),
        ("return {'features': x.flatten(1)}", r"gives features \(5, 16\), where its entry asks for features \(5, 16\)"),
        ("return {'pooled': x.flatten(1)}", r"gives pooled \(5, 16\)"),
        ("return x.flatten(1)", r"gives \(5, 16\), where"),
        ("return {'features': x.flatten(1)[:3], 'logits': x.flatten(1)[:3, :2]}", r"features \(3, 16\)"),
        ("return {'features': x.flatten(1).long(), 'logits': x.flatten(1)[:, :2]}", r"\(5, 16\) of int64"),
        ("return {'features': x.flatten(1) / 0, 'logits': x.flatten(1)[:, :2]}", "NaN or infinite features"),
        ("return {'features': x.flatten(1), 'logits': x.flatten(1)[:, :2] / 0}", "NaN or infinite logits"),
        ("x = x - x.mean(); " + GOOD, "change by .* with the images beside it"),
        ("x = torch.rand_like(x); " + GOOD, "change by .* from one time to the next"),
        ("raise ValueError('no')", r"its network raised ValueError: no, for images of shape \(5, 1, 4, 4\)"),
        ("raise SystemExit", "its network raised SystemExit"),
    ],
)
def test_what_breaks_the_contract_is_refused_at_once(own_home: Path, body: str, why: str) -> None:
    entry(own_home, PYTHON)
    code(own_home, body)
    with pytest.raises(BadFeatures, match=f"(?s)extractor 'mine'.*{why}|^mine gives {why}") as e:
        loaded()
    assert e.value.hint or "NaN" in why or "infinite" in why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, r"extractor 'mine': mine\.py:load: no such file in your data folder"),
        ("load = 1", "the module has no function 'load'"),
        ("raise ValueError('no')", "cannot be imported: ValueError: no"),
        ("def load(", "cannot be imported: SyntaxError"),
        ("def load(): pass", r"mine\.py:load raised TypeError: load\(\) takes 0 positional"),
        ("def load(weights): return weights", "gives dict, where a function or module is needed"),
    ],
)
def test_code_that_gives_no_network_is_named(own_home: Path, text: str | None, why: str) -> None:
    entry(own_home, PYTHON)
    if text is not None:
        (own_home / "mine.py").write_text(text, "utf-8")
    with pytest.raises(BadWeights, match=why) as e:
        loaded()
    assert e.value.hint


def test_code_that_was_pinned_is_no_other(own_home: Path) -> None:
    code(own_home, GOOD)
    digest = sha256((own_home / "mine.py").read_bytes())
    entry(own_home, f'{PYTHON}sha256 = "{digest}"\n')
    assert loaded().entry.identity()["code"] == digest
    code(own_home, f"{GOOD}  # changed")
    with pytest.raises(BadWeights) as e:
        loaded()
    assert digest in e.value.fact
    assert sha256((own_home / "mine.py").read_bytes()) in e.value.fact
    (own_home / "mine.py").unlink()
    assert find(Extractor, "mine").identity()["code"] == digest  # so boards need no file


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        (PYTHON.replace("mine.py:load", "mine:load"), "source.python.function: String should match"),
        (PYTHON.replace("dim = 16\n", ""), "add dim, the number of features"),
        (f'loader = "pixels:load"\n{PYTHON}', "give exactly one network: loader, or"),
        ('dim = 1\npreprocessing = "unit"\n', "give exactly one network"),
        (PYTHON.replace('"python"', '"pickle"'), "source: Input tag 'pickle'"),
        (PYTHON.replace('"unit"', '{ resize = { filter = "cubic", size = 8 } }'), "resize.filter: Input should be"),
        (PYTHON.replace('"unit"', "{ range = [1, 0] }"), "the first number is not below the second"),
        (PYTHON.replace('"unit"', "{ range = [0, inf] }"), "Infinity is not a number"),
        (PYTHON.replace('"unit"', "{ mean = [0.5, 0.5], std = [1.0, 1.0] }"), "mean has 2 numbers, std 2"),
        (PYTHON.replace('"unit"', "{ mean = [0.5] }"), "mean has 1 numbers, std 0"),
        (PYTHON.replace('"unit"', "{ mean = [0.5], std = [0.0] }"), "standard deviations are above 0"),
        (
            PYTHON.replace('"unit"', '{ resize = { filter = "bilinear", size = 8 }, crop = 9 }'),
            "crop = 9 is larger than the resize to 8",
        ),
        (
            'dim = 1\npreprocessing = "unit"\n[source]\nkind = "timm"\nmodel = "resnet18"\n',
            r"a model by its name needs \[weights\]",
        ),
        (
            'dim = 1\npreprocessing = "unit"\n[source]\nkind = "timm"\nmodel = "hf_hub:x/y"\n',
            "source.timm.model: String should match",
        ),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(tmp_path: Path, rest: str, why: str) -> None:
    with pytest.raises(BadEntry, match=why):
        parse(Extractor, tmp_path / "mine.toml", HEAD + rest)


def test_a_crop_larger_than_the_images_is_refused() -> None:
    crop = find_mode(find_described("crop = 6"))
    with pytest.raises(GenboardError, match="images of 4x4 cannot be cropped to 6x6"):
        crop(torch.from_numpy(GREY.pixels))


def find_described(table: str) -> Any:
    text = f'{HEAD}dim = 1\nloader = "pixels:load"\n[preprocessing]\n{table}\n'
    return parse(Extractor, Path("mine.toml"), text).preprocessing


class Net(nn.Module):
    def __init__(self, name: str = "features") -> None:
        super().__init__()
        self.name = name
        self.hidden, self.classify = nn.Linear(16, 6), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.hidden(x.flatten(1))
        return {"logits": self.classify(features), self.name: features}


class One(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)


def exported(path: Path, network: nn.Module, count: int = 5) -> Path:
    torch.export.save(torch.export.export(network.eval(), (torch.zeros(count, 1, 4, 4),)), path)
    return path


PROGRAM = 'dim = 6\nclasses = 2\npreprocessing = "unit"\n[source]\nkind = "exported"\n{more}[source.program]\n'


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    exported(folder / "named.pt2", Net("pooled"))
    exported(folder / "one.pt2", One())
    return folder


def of_program(home: Path, programs: Path, name: str, text: str = PROGRAM, more: str = "", head: str = HEAD) -> Path:
    (home / name).write_bytes((programs / name).read_bytes())
    return entry(home, text.format(more=more) + file(home, name), head)


def test_outputs_of_a_program_are_told_by_name(own_home: Path, programs: Path) -> None:
    of_program(own_home, programs, "named.pt2", more='features = "pooled"\n')
    features, logits = load_extractor("mine").compute(GREY, "x")
    assert logits is not None
    assert (features.shape, logits.shape) == ((5, 6), (5, 2))


def test_one_output_needs_no_name(own_home: Path, programs: Path) -> None:
    of_program(own_home, programs, "one.pt2", PROGRAM.replace("dim = 6\nclasses = 2", "dim = 16"))
    features, logits = load_extractor("mine").compute(GREY, "x")
    np.testing.assert_allclose(features.numpy(), GREY.pixels.reshape(5, -1) / 255, rtol=1e-6)
    assert logits is None


@pytest.mark.parametrize(
    ("name", "text", "head", "why"),
    [
        ("named.pt2", PROGRAM, HEAD, "source.features: 'features', but its program gives 'logits', 'pooled'"),
        ("named.pt2", PROGRAM, HEAD.replace("block = 5", "block = 6"), "block: 6, but its program takes 5 images"),
        ("one.pt2", PROGRAM.replace("dim = 6\nclasses = 2", "dim = 6"), HEAD, r"gives features \(5, 16\), where"),
        (
            "one.pt2",
            PROGRAM.replace("dim = 6\nclasses = 2", "dim = 16"),
            HEAD.replace("[4, 4, 1]", "[4, 5, 1]"),
            r"its program takes images \(1, 4, 4\), but gets \(1, 4, 5\)",
        ),
    ],
)
def test_a_program_that_is_not_what_its_entry_says(
    own_home: Path, programs: Path, name: str, text: str, head: str, why: str
) -> None:
    of_program(own_home, programs, name, text, head=head)
    with pytest.raises((BadEntry, BadFeatures), match=why) as e:
        load_extractor("mine")
    assert e.value.hint


def test_a_program_that_is_pickled_or_exchanged_is_refused(own_home: Path, programs: Path) -> None:
    path = of_program(own_home, programs, "one.pt2")
    digest = sha256((own_home / "one.pt2").read_bytes())
    torch.save(One(), own_home / "one.pt2")
    other = sha256((own_home / "one.pt2").read_bytes())
    with pytest.raises(BadWeights, match=f"has SHA-256 {other}, but its entry says {digest}"):
        load_extractor("mine")
    path.write_text(path.read_text("utf-8").replace(digest, other), "utf-8")
    again = parse(Extractor, path, path.read_bytes())
    from genboard.registry.extractors.opening import open_network

    with pytest.raises(BadWeights, match="0 programs, but exactly one is needed"):
        open_network(again)


def test_a_model_in_onnx(own_home: Path) -> None:
    import onnx
    from onnx import parser

    text = """<ir_version: 8, opset_import: ["": 18]>
    own (float[n, 1, 4, 4] x) => (float[n, 16] features, float[n, 1] logits) {
        features = Flatten (x)
        logits = ReduceMax <keepdims = 1> (features, axes)
    }"""
    model = parser.parse_model(text)
    axes = onnx.numpy_helper.from_array(np.array([1], np.int64), "axes")
    model.graph.initializer.append(axes)
    onnx.save(model, own_home / "m.onnx")
    text = PROGRAM.replace("dim = 6\nclasses = 2", "dim = 16\nclasses = 1").replace("exported", "onnx").format(more="")
    entry(own_home, text + file(own_home, "m.onnx"))
    features, logits = load_extractor("mine").compute(GREY, "x")
    np.testing.assert_allclose(features.numpy(), GREY.pixels.reshape(5, -1) / 255, rtol=1e-6)
    assert logits is not None
    np.testing.assert_allclose(logits[:, 0].numpy(), GREY.pixels.reshape(5, -1).max(1) / 255, rtol=1e-6)
    with pytest.raises(BadFeatures, match="computes in float32"):
        load_extractor("mine", precision="bf16")


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
