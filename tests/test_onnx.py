"""Models in ONNX through the real loader: what they compute, and what is refused before anything of them runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import onnx
import onnx.parser
import pytest
import torch
from genboard.registry.generators import onnx_program
from genboard.registry.generators.onnx_program import read_onnx
from onnx import TensorProto, helper
from refusals import Run, hint, refused
from tiny_models import decoder, entry, export_onnx, program_source

from genboard.core.errors import BadWeights, GenboardError
from genboard.core.files import sha256

EVALUATE = "evaluate mine --track digits".split()
HEAD = '<ir_version: 10, opset_import: ["" : 20, "com.microsoft" : 1, "other" : 1]>\n'
IN, OUT = "float[16, 64] z", "float[16, 1, 8, 8] image"
AS_IMAGE = "shape = Constant<value_ints = [16, 1, 8, 8]>() image = Reshape(y, shape)"


def model(body: str, takes: str = IN, gives: str = OUT, more: str = "") -> onnx.ModelProto:
    """A model in ONNX's own notation; `body` makes y out of z."""
    return onnx.parser.parse_model(f"{HEAD}generator ({takes}) => ({gives}) {{ {body} {AS_IMAGE} }}\n{more}")


def written(path: Path, made: onnx.ModelProto) -> Path:
    path.write_bytes(made.SerializeToString())
    return path


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("onnx")
    export_onnx(folder / "any.onnx", decoder(labelled=True), (4, 8), 4, any_batch=True)
    written(folder / "plain.onnx", model("y = Tanh(z)"))
    return folder


def test_an_exported_model_gives_what_torch_gives(programs: Path) -> None:
    z, labels = torch.randn(7, 8, generator=torch.Generator().manual_seed(1)), torch.arange(7) % 10
    program = read_onnx(programs / "any.onnx")
    assert [(i.dtype, i.shape) for i in program.inputs] == [(torch.float32, (None, 8)), (torch.int64, (None,))]
    with torch.no_grad():
        expected = decoder(labelled=True)(z, labels)
    assert expected.std() > 0.1
    torch.testing.assert_close(program.run(z, labels), expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(program.run(z, labels), read_onnx(programs / "any.onnx").run(z, labels))


@pytest.mark.parametrize(("name", "more"), [("plain", ""), ("any", 'task = "class"\nblock = 8')])
def test_a_model_is_evaluated(run: Run, own_home: Path, programs: Path, name: str, more: str) -> None:
    path = programs / f"{name}.onnx"
    digest = sha256(path.read_bytes())
    entry(own_home, program_source(path, digest, kind="onnx"), more=more)
    code, out, err = run(*EVALUATE, "--samples", 40, "--json")
    assert code == 0, err
    found = json.loads(out)["specification"]
    assert (found["generator"]["program"], found["generator"]["range"]) == (digest, [-1, 1])
    assert found["sampling"]["block"] == (16 if name == "plain" else 8)
    assert json.loads(out)["environment"]["runtime"] == f"onnxruntime {version('onnxruntime')}"
    measured = run("evaluate", "noise", *EVALUATE[2:], "--samples", 20, "--json")[1]
    assert "runtime" not in json.loads(measured)["environment"]  # imported by now, and not what ran it


BRANCH = "{name} = {letter} () => (float[16, 64] {letter}1) {{ {letter}1 = Neg(z) }}"
BRANCHES = ", ".join(BRANCH.format(name=f"{name}_branch", letter=name[0]) for name in ("then", "else"))
OWN = '<domain: "other", opset_import: ["" : 20]> Own (x) => (w) { w = Neg(x) }'


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: model("y = com.microsoft.Gelu(z)"), "calls com.microsoft.Gelu"),
        (lambda: model("y = other.Anything(z)"), "calls other.Anything"),
        (lambda: model("noise = RandomNormalLike(z) y = Add(z, noise)"), "with RandomNormalLike"),
        (lambda: model("t = Constant<value_int = 1>() y = Dropout(z, z, t)"), "holds Dropout in training mode"),
        (
            lambda: model(f"yes = Constant<value = bool {{1}}>() y = If(yes) <{BRANCHES}>"),
            "holds If, which runs",
        ),
        (lambda: model("y = other.Own(z)", more=OWN), "brings functions of its own"),
        (lambda: model("y = Tanh(z)", gives=f"{OUT}, float[16, 64] y"), "where one tensor of images is needed"),
        (lambda: model("w = Cast<to = 1>(z) y = Tanh(w)", takes="double[16, 64] z"), "takes tensor(double)"),
        (lambda: model("y = NoSuchThing(z)"), "not an ONNX model: No Op registered for NoSuchThing"),
        (lambda: model("y = Tanh(nothing)"), "not an ONNX model"),
    ],
)
def test_models_that_are_more_than_arithmetic_are_refused(
    run: Run, own_home: Path, tmp_path: Path, made: Callable[[], onnx.ModelProto], why: str
) -> None:
    path = written(tmp_path / "p.onnx", made())
    entry(own_home, program_source(path, sha256(path.read_bytes()), kind="onnx"))
    fact = refused(run, *EVALUATE)
    assert fact.startswith(str(path))
    assert why in fact


def elsewhere(place: str) -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[64], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=place)
    return tensor


@pytest.mark.parametrize("place", ["weights.bin", "../weights.bin", "/etc/hostname"])
@pytest.mark.parametrize("where", ["initializer", "constant"])
def test_numbers_in_another_file_are_refused(tmp_path: Path, place: str, where: str) -> None:
    made = model("y = Tanh(z)")
    if where == "initializer":
        made.graph.initializer.append(elsewhere(place))
    else:
        made.graph.node.insert(0, helper.make_node("Constant", [], ["w"], value=elsewhere(place)))
    (tmp_path / "weights.bin").write_bytes(bytes(256))
    with pytest.raises(BadWeights, match="w lies in another file"):
        read_onnx(written(tmp_path / "p.onnx", made))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 nothing", b"\0\0\0\0ORTM" + bytes(64)])
def test_a_file_that_is_no_model_is_refused(run: Run, own_home: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.onnx").write_bytes(content)
    entry(own_home, program_source(tmp_path / "p.onnx", sha256(content), kind="onnx"))
    assert f"{tmp_path / 'p.onnx'}: not an ONNX model" in refused(run, *EVALUATE)
    assert "torch.onnx.export" in hint(run, *EVALUATE)


def test_a_file_that_is_cut_anywhere_is_refused(programs: Path, tmp_path: Path) -> None:
    whole = (programs / "any.onnx").read_bytes()
    cuts = range(1, len(whole) - 1, len(whole) // 40)
    assert len(cuts) > 30
    for cut in cuts:
        (tmp_path / "p.onnx").write_bytes(whole[:cut])
        with pytest.raises(BadWeights):
            read_onnx(tmp_path / "p.onnx")


def test_too_large_a_file_is_refused_unread(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_program, "LIMIT", 100)
    with pytest.raises(BadWeights, match="100 at most are read"):
        read_onnx(programs / "plain.onnx")


def test_what_does_not_fit_at_run_time_is_named(programs: Path) -> None:
    with pytest.raises(BadWeights, match=r"plain\.onnx: running it failed"):
        read_onnx(programs / "plain.onnx").run(torch.zeros(16, 5))


def test_without_the_library_the_command_that_installs_it_is_shown(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(GenboardError, match=r'pip install "genboard\[onnx\]"'):
        read_onnx(programs / "plain.onnx")


def test_a_model_on_the_command_line_asks_for_an_entry(run: Run, programs: Path) -> None:
    assert "weights and programs need an entry" in refused(
        run, "evaluate", programs / "plain.onnx", "--track", "digits"
    )
