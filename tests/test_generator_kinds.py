"""Other people's models through the real loader: programs of torch.export, and arguments that an entry may not have."""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.registry.catalog import entries, find
from genboard.registry.generators import LiveGenerator, load_generator
from genboard.registry.generators.draws import Draw, draws
from genboard.registry.generators.exported import latents_of
from genboard.registry.generators.program import read_program
from genboard.registry.schema import Generator, Track
from refusals import Run, hint, refused
from tiny_models import decoder, entry, export, program_source
from torch import Tensor, nn

from genboard.core.errors import BadWeights
from genboard.core.files import sha256

EVALUATE = "evaluate mine --track digits".split()


class Lambda(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, z: Tensor) -> Tensor:
        return self.function(z)


def as_images(z: Tensor) -> Tensor:
    return z[:, :64].reshape(-1, 1, 8, 8).sigmoid()


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    export(folder / "plain.pt2", decoder(), (16, 8))
    export(folder / "any.pt2", decoder(labelled=True), (4, 8), 4, any_batch=True)
    return folder


def live(home: Path, path: Path, span: tuple[int, int] = (-1, 1), source: str = "", **more: Any) -> LiveGenerator:
    """The generator of a program, through its entry."""
    lines = "\n".join(f"{key} = {value}" for key, value in more.items())
    entry(home, program_source(path, sha256(path.read_bytes()), span, source), more=lines)
    return load_generator(find(Generator, "mine"), find(Track, "digits"))


@pytest.mark.parametrize(("name", "n"), [("plain", 16), ("any", 7)])
def test_a_program_gives_what_torch_gives(programs: Path, name: str, n: int) -> None:
    path = programs / f"{name}.pt2"
    z = torch.randn(n, 8, generator=torch.Generator().manual_seed(1))
    given = (z,) if name == "plain" else (z, torch.arange(n) % 10)
    with torch.no_grad():
        expected = torch.export.load(path).module()(*given)
    assert expected.std() > 0.1
    assert torch.equal(read_program(path).run(*given), expected)


def test_a_program_is_evaluated(run: Run, own_home: Path, programs: Path) -> None:
    shutil.copytree(programs, own_home / "models")
    digest = sha256((programs / "plain.pt2").read_bytes())
    entry(own_home, program_source(Path("models/plain.pt2"), digest))
    code, out, err = run(*EVALUATE, "--samples", 40, "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["generator"]["kind"] == "registered"
    assert result["specification"]["generator"] == {
        "name": "mine",
        "version": 1,
        "program": digest,
        "latents": "normal",
        "range": [-1, 1],
        "arguments": {},
    }
    assert result["specification"]["sampling"]["block"] == 16
    assert all(m["value"] is not None for m in result["metrics"] if m["name"] == "fd")


def test_labels_that_are_asked_for_are_those_a_program_gets(own_home: Path, programs: Path) -> None:
    generator = live(own_home, programs / "any.pt2", task='"class"', block=12)
    drawn = generator.sample(draws(3, 0, 12))
    labels, _ = latents_of(draws(3, 0, 12), "normal", 8, classes=10)
    assert labels is not None
    assert len(set(labels.tolist())) > 3
    asked = [Draw(3, i, int(label)) for i, label in enumerate(labels)]
    np.testing.assert_array_equal(generator.sample(asked), drawn)
    other = generator.sample([Draw(3, i, (int(label) + 1) % 10) for i, label in enumerate(labels)])
    assert np.abs(other - drawn).max() > 0.01


def test_truncation_scales_and_clip_draws_again() -> None:
    tickets = draws(5, 0, 50)
    _, free = latents_of(tickets, "normal", 30)
    _, near = latents_of(tickets, "normal", 30, clip=1.0)
    assert np.abs(near).max() <= 1 < np.abs(free).max()
    np.testing.assert_array_equal(near[np.abs(free) <= 1], free[np.abs(free) <= 1])
    # Drawn again, not moved to the edge.
    assert not (np.abs(near) == 1).any()
    _, flat = latents_of(tickets, "uniform", 30)
    assert -1 <= flat.min() < -0.9 < 0.9 < flat.max() < 1


def test_arguments_reach_the_latents(own_home: Path, programs: Path) -> None:
    still = live(own_home, programs / "plain.pt2", arguments="{ truncation = 0.0 }").sample(draws(1, 0, 16))
    assert (still == still[:1]).all()


@pytest.mark.parametrize(
    ("function", "span", "why"),
    [
        (lambda z: z[:, :64].reshape(-1, 1, 8, 8), (0, 1), "its entry says [0, 1]"),
        (lambda z: as_images(z) * 255, (0, 1), "its entry says [0, 1]"),
        (as_images, (-1, 1), "its entry says [-1, 1]"),
        (lambda z: as_images(z) / 0 - as_images(z) / 0, (0, 1), "sample 0 has NaN"),
        (lambda z: as_images(z).reshape(-1, 8, 8), (0, 1), "its program returns float32 of shape (8, 8, 8)"),
        (lambda z: as_images(z)[:, :, :4], (0, 1), "(4, 8, 1)"),
        (lambda z: as_images(z)[:5], (0, 1), "(5, 8, 8, 1) for 8 samples"),
        (lambda z: as_images(z).double().long(), (0, 1), "its program returns int64"),
    ],
)
def test_images_that_are_not_what_the_entry_says_are_refused(
    run: Run, own_home: Path, tmp_path: Path, function: Callable[[Tensor], Tensor], span: tuple[int, int], why: str
) -> None:
    path = export(tmp_path / "p.pt2", Lambda(function), (8, 64))
    entry(own_home, program_source(path, sha256(path.read_bytes()), span))
    assert why in refused(run, *EVALUATE)


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda z: as_images(z + torch.randn(8, 64)), "draws its own random numbers"),
        (lambda z: as_images(nn.functional.dropout(z, training=True)), "draws its own random numbers"),
        (lambda z: (as_images(z), z), "returns user_output, user_output"),
    ],
)
def test_programs_that_are_no_generators_are_refused(
    run: Run, own_home: Path, tmp_path: Path, function: Callable[[Tensor], Tensor], why: str
) -> None:
    path = export(tmp_path / "p.pt2", Lambda(function), (8, 64))
    entry(own_home, program_source(path, sha256(path.read_bytes()), (0, 1)))
    assert why in refused(run, *EVALUATE)


def test_a_program_in_training_mode_is_refused(tmp_path: Path) -> None:
    path = export(tmp_path / "p.pt2", nn.Sequential(nn.BatchNorm1d(64), nn.Unflatten(1, (1, 8, 8))).train(), (8, 64))
    with pytest.raises(BadWeights, match=r"changes its own weights|buffer_mutation"):
        read_program(path).run(torch.randn(8, 64))


def changed(path: Path, change: Callable[[str, bytes], bytes], name: str) -> Path:
    """A copy of a program with each member as `change` makes it."""
    other = path.with_name(name)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(other, "w") as after:
        for member in before.infolist():
            after.writestr(member.filename, change(member.filename, before.read(member)))
    return other


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_a_program_with_traps_is_refused_and_nothing_of_it_runs(programs: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(Trap(sprung))

    def weights(name: str, data: bytes) -> bytes:
        return data.replace(b'"use_pickle": false', b'"use_pickle": true') if "weights_config" in name else data

    def example(name: str, data: bytes) -> bytes:
        return trap if name.endswith("sample_inputs/model.pt") or "/weight_" in name else data

    def symbol(name: str, data: bytes) -> bytes:
        evil = f"__import__('pathlib').Path({str(sprung)!r}).touch()".encode()
        return data.replace(b"Symbol('", evil + b"#('") if name.endswith("models/model.json") else data

    def target(name: str, data: bytes) -> bytes:
        return data.replace(b"torch.ops.aten.tanh.default", b"torch.os.system") if "models/" in name else data

    plain, free = programs / "plain.pt2", programs / "any.pt2"
    with pytest.raises(BadWeights, match="pickled object"):
        read_program(changed(changed(plain, example, "a.pt2"), weights, "b.pt2"))
    with pytest.raises(BadWeights, match=r"calls torch\.os\.system"):
        read_program(changed(plain, target, "c.pt2"))
    # Neither the examples nor the symbols are looked at: they change nothing.
    z, labels = torch.randn(16, 8), torch.arange(16) % 10
    examples = changed(plain, lambda n, d: trap if "sample_inputs" in n else d, "d.pt2")
    assert torch.equal(read_program(examples).run(z), read_program(plain).run(z))
    symbols = changed(free, symbol, "e.pt2")
    assert b"__import__" in symbols.read_bytes()
    assert torch.equal(read_program(symbols).run(z, labels), read_program(free).run(z, labels))
    assert not sprung.exists()
    pickle.loads(trap)
    assert sprung.exists(), "the trap is none"


def test_torchs_own_loader_would_run_a_trap(programs: Path, tmp_path: Path) -> None:
    """Why programs are read here; if this fails, torch's loader has become safe and may read them."""
    sprung = tmp_path / "sprung"
    trap = pickle.dumps(Trap(sprung))

    def change(name: str, data: bytes) -> bytes:
        if "weights_config" in name:
            return data.replace(b'"use_pickle": false', b'"use_pickle": true')
        return trap if "/weight_" in name else data

    with contextlib.suppress(Exception):
        torch.export.load(changed(programs / "plain.pt2", change, "trap.pt2"))
    assert sprung.exists()


@pytest.mark.parametrize("target", ["torch.ops.aten.from_file.default", "torch.ops.higher_order.cond", "os.system"])
def test_only_operations_on_tensors_are_called(programs: Path, target: str) -> None:
    def change(name: str, data: bytes) -> bytes:
        return data.replace(b"torch.ops.aten.tanh.default", target.encode()) if "models/" in name else data

    with pytest.raises(BadWeights, match="not an ATen operation"):
        read_program(changed(programs / "plain.pt2", change, "t.pt2"))


@pytest.mark.parametrize("content", [b"", b"PK\3\4 nothing", pickle.dumps({"weights": 1})])
def test_a_file_that_is_no_program_is_refused(run: Run, own_home: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p.pt2").write_bytes(content)
    entry(own_home, program_source(tmp_path / "p.pt2", sha256(content)))
    assert f"{tmp_path / 'p.pt2'}: not a program of torch.export" in refused(run, *EVALUATE)
    assert "torch.export.save" in hint(run, *EVALUATE)


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("plain", 'task = "class"', "task: 'class', but its program takes no labels"),
        ("any", "block = 8", "task: 'unconditional', but its program takes labels"),
        ("plain", "block = 8", "block: 8, but its program computes 16 samples at once"),
        ("any", 'task = "class"', "block: missing, although its program takes any batch size"),
        ("plain", "arguments = { trunkation = 0.5 }", "takes no argument 'trunkation'"),
        ("plain", 'arguments = { truncation = "much" }', "'much' is not a number"),
        ("plain", "arguments = { truncation = -1 }", "truncation = -1"),
    ],
)
def test_an_entry_that_says_something_else_of_its_program_is_refused(
    run: Run, own_home: Path, programs: Path, name: str, more: str, why: str
) -> None:
    path = programs / f"{name}.pt2"
    text = entry(own_home, program_source(path, sha256(path.read_bytes())), more=more)
    fact = refused(run, *EVALUATE)
    assert why in fact
    if ": " in why:
        assert fact.startswith(str(text))


@pytest.mark.parametrize(
    ("source", "loader"),
    [
        *(
            ("built-in", loader)
            for loader in (
                "baselines:__builtins__",
                "baselines:__loader__",
                "baselines:np",
                "baselines:Mapping",
                "baselines:_walk",
                "baselines:find",
                "baselines:nosuch",
                "baselines:noise:noise",
                "baselines",
                ":noise",
                "",
                "..baselines:noise",
                "../baselines:noise",
                "os:system",
                "draws:normal",
                "placed:exactly",
                "zoo.vae:VAE",
                f"{'x' * 5000}:noise",
            )
        ),
        ("torch-weights", "zoo.vae:__builtins__"),
        ("torch-weights", "zoo.vae:torch"),
    ],
)
def test_a_loader_that_loads_no_generator_is_refused(run: Run, own_home: Path, source: str, loader: str) -> None:
    digest = "0" * 64
    text = {
        "built-in": f'kind = "built-in"\nloader = "{loader}"',
        "torch-weights": f'kind = "torch-weights"\narchitecture = "{loader}"\n'
        f'[source.weights]\nlocal = "x.pth"\nsha256 = "{digest}"',
    }
    entry(own_home, text[source])
    fact = refused(run, *EVALUATE)
    assert repr(loader) in fact
    assert re.search("no function|does not load a generator", fact)


DEEP = b"[" * 100_000
WHOLE = rb"(?s)\A.*\Z"
HOSTILE_MEMBERS = [
    ("models/model.json", WHOLE, DEEP, "nesting"),
    ("models/model.json", WHOLE, b'{"graph_module": ' * 400 + b"1" + b"}" * 400, "nested keys"),
    ("models/model.json", b'"major": 8', b'"major": ' + b"9" * 10_000, "a version of 10,000 digits"),
    ("weights_config.json", WHOLE, DEEP, "nested weights"),
    ("weights_config.json", b'"as_int": 8', b'"as_int": ' + b"9" * 10_000, "a size of 10,000 digits"),
    ("weights_config.json", b'"as_int": 8', b'"as_int": 1000000000000', "a size of a terabyte"),
    ("weights_config.json", b'"as_int": 8', b'"as_int": -8', "a size below zero"),
    ("weights_config.json", b'"dtype": 7', b'"dtype": 99', "an unknown type"),
    ("models/model.json", b'"as_tensor"', b'"as_nothing"', "an unknown argument"),
]


@pytest.mark.parametrize(
    ("member", "old", "new"), [row[:3] for row in HOSTILE_MEMBERS], ids=[r[3] for r in HOSTILE_MEMBERS]
)
def test_hostile_metadata_of_a_program_are_refused(
    run: Run, own_home: Path, programs: Path, member: str, old: bytes, new: bytes
) -> None:
    def change(name: str, data: bytes) -> bytes:
        return re.sub(old, new, data) if name.endswith(member) else data

    path = changed(programs / "plain.pt2", change, "hostile.pt2")
    assert path.read_bytes() != (programs / "plain.pt2").read_bytes()
    entry(own_home, program_source(path, sha256(path.read_bytes())))
    assert refused(run, *EVALUATE).startswith(str(path))


@pytest.mark.parametrize("size", ["99999999999", "0", "-8"])
@pytest.mark.parametrize("axis", [0, 1])
def test_latents_that_no_memory_holds_are_refused(
    run: Run, own_home: Path, programs: Path, size: str, axis: int
) -> None:
    def change(name: str, data: bytes) -> bytes:
        if not name.endswith("models/model.json"):
            return data
        model = json.loads(data)
        graph, specs = (model["graph_module"][key] for key in ("graph", "signature"))
        (taken,) = (s["user_input"]["arg"]["as_tensor"]["name"] for s in specs["input_specs"] if "user_input" in s)
        graph["tensor_values"][taken]["sizes"][axis] = {"as_int": int(size)}
        return json.dumps(model).encode()

    path = changed(programs / "plain.pt2", change, "large.pt2")
    entry(own_home, program_source(path, sha256(path.read_bytes())))
    assert re.search("a block of .* takes .* latent numbers", refused(run, *EVALUATE))


def test_a_wrong_digest_is_refused(run: Run, own_home: Path, programs: Path) -> None:
    entry(own_home, program_source(programs / "plain.pt2", "0" * 64))
    fact = refused(run, *EVALUATE)
    assert str(programs / "plain.pt2") in fact
    assert sha256((programs / "plain.pt2").read_bytes()) in fact


def test_a_program_on_the_command_line_asks_for_an_entry(run: Run, programs: Path) -> None:
    assert "need an entry that describes" in refused(run, "evaluate", programs / "plain.pt2", "--track", "digits")


def test_arguments_of_the_zoo_are_held_against_its_functions(run: Run, own_home: Path) -> None:
    source = 'kind = "built-in"\nloader = "baselines:noise"'
    entry(own_home, source, more="arguments = { stepz = 3 }")
    fact = refused(run, *EVALUATE)
    assert fact.endswith("mine.toml: arguments.stepz: generator 'mine' takes no argument 'stepz'")
    assert hint(run, *EVALUATE) == "it takes none"


def test_every_entry_passes_arguments_that_its_function_takes() -> None:
    from genboard.registry.generators.arguments import check_arguments
    from genboard.registry.resolve import function

    told = [e for e in entries(Generator).values() if e.loader and e.arguments]
    assert len(told) > 5
    for built in told:
        check_arguments(built, function(built.loader or "", under="registry.generators"), fixed=2)
