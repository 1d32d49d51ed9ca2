"""Feature spaces whose network is a program of torch.export or a model in ONNX, and every way one is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from genboard.registry.catalog import parse
from genboard.registry.extractors import load_extractor
from genboard.registry.schema import Extractor
from own_spaces import GREY, HEAD, entry, file
from torch import Tensor, nn

from genboard.core.errors import BadEntry, BadFeatures, BadWeights
from genboard.core.files import sha256


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
