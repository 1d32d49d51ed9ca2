"""What a file of weights may hold: plain arrays, never anything that runs, and errors that say what it is."""

from __future__ import annotations

import pickle
import random
import warnings
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from genboard.registry.kinds import Exported
from genboard.registry.schema import Weights
from genboard.registry.weights import read_weights
from pydantic import ValidationError
from weights_server import DATA, DIGEST, Server, send, something_else, torch_file, weights_at

from genboard.core.errors import BadWeights
from genboard.core.files import sha256

pytestmark = pytest.mark.usefixtures("empty_cache")


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch may give up such tensors; files of them remain
    COMPRESSED = torch.eye(3).to_sparse_csr()
    HALF = torch.ones(2, dtype=torch.complex32)
    QUANTIZED = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


class Code:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("was-run"),)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (pickle.dumps(Code(), protocol=2), "holds more than plain weights"),
        (torch_file({"a": Code()}), "holds more than plain weights"),
        (torch_file({"a": torch.ones(2)})[:200], "is damaged, or no file of torch.save"),
        (b"", "is damaged, or no file of torch.save"),
        (torch_file([1, 2]), "does not hold named tensors"),
        (torch_file({"a": 1}), "does not hold named tensors"),
        (torch_file({"a": torch.eye(3).to_sparse()}), "'a' has the layout torch.sparse_coo"),
        (torch_file({"a": COMPRESSED}), "'a' has the layout torch.sparse_csr"),
        (torch_file({"a": QUANTIZED}), "'a' is quantized, torch.qint8"),
        (torch_file({"a": torch.ones(2, device="meta")}), "'a' is on the device meta"),
        (torch_file({"a": HALF}), "'a' is torch.complex32"),
        (torch_file({"a": torch.zeros(2, dtype=torch.uint8).view(torch.bits8)}), "'a' is torch.bits8"),
    ],
    ids="pickle code cut empty list number sparse csr quantized meta complex32 bits8".split(),
)
def test_torch_files_give_arrays_and_nothing_else(data, problem, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server.answer = lambda request, _: send(request, data, len(data))
    with pytest.raises(BadWeights, match=problem):
        read_weights(weights_at(server.url.replace(".safetensors", ".pth"), sha256(data)))
    assert not (tmp_path / "was-run").exists()


def test_torch_files_are_read(server):
    data = torch_file({"a.weight": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3)})
    server.answer = lambda request, _: send(request, data, len(data))
    arrays = read_weights(weights_at(server.url.replace(".safetensors", ".pth"), sha256(data)))
    np.testing.assert_array_equal(arrays["a.weight"], [[0, 1, 2], [3, 4, 5]])
    assert arrays["n"] == 3


FLOATS = ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float16", "float64"]


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_type_of_float_is_read_exactly(dtype, ending, server):
    values = torch.tensor([0.5, -2.0, 0.0, 0.25, 4.0]).to(getattr(torch, dtype))
    data = safetensors.torch.save({"a": values}) if ending == ".safetensors" else torch_file({"a": values})
    server.answer = lambda request, _: send(request, data, len(data))
    found = read_weights(weights_at(server.url.replace(".safetensors", ending), sha256(data)))["a"]
    np.testing.assert_array_equal(found, [0.5, -2.0, 0.0, 0.25, 4.0])
    assert found.dtype == {"float16": np.float16, "float64": np.float64}.get(dtype, np.float32)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.nn.Parameter(torch.arange(3.0)),
        torch.nn.Buffer(torch.arange(3.0)),
        torch.arange(3.0).requires_grad_(),
        torch.arange(6.0)[::2] / 2,
        torch.tensor([0, -1j, -2j]).conj().imag,
    ],
    ids=["parameter", "buffer", "requires grad", "strided", "negative view"],
)
def test_tensors_of_every_sort_are_read(tensor, server):
    data = torch_file({"a": tensor})
    server.answer = lambda request, _: send(request, data, len(data))
    found = read_weights(weights_at(server.url.replace(".safetensors", ".pth"), sha256(data)))["a"]
    np.testing.assert_array_equal(found, [0, 1, 2])


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_damaged_weights_are_refused_whatever_they_spell(ending, server, tmp_path):
    whole = (
        DATA
        if ending == ".safetensors"
        else torch_file({"a": torch.arange(40.0), "b": torch.nn.Parameter(torch.eye(3))})
    )
    randomness = random.Random(5)
    refused: list[BadWeights] = []
    for _ in range(150):
        broken = bytearray(whole[: randomness.randrange(len(whole))] if randomness.random() < 0.2 else whole)
        for at in [randomness.randrange(min(600, len(whole))) for _ in range(4)]:
            broken[at : at + 1] = bytes([randomness.randrange(256)])
        path = tmp_path / f"damaged{ending}"
        path.write_bytes(broken)
        try:
            read_weights(Weights(local=str(path), sha256=sha256(bytes(broken))))
        except BadWeights as e:
            refused.append(e)
    assert len(refused) > 75
    assert all(e.fact.startswith(str(path)) and "\n" not in e.fact and e.hint for e in refused)


def header(text: bytes) -> bytes:
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    "text",
    [
        b'{"__metadata__": ' + b'{"a": ' * 5000 + b"1" + b"}" * 5001,
        b'{"a": {"dtype": "F32", "shape": [' + b"9" * 10_000 + b'], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1000000000000], "data_offsets": [0, 4000000000000]}}',
        b'{"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}',
        b"[" * 100_000,
    ],
    ids=["nested metadata", "10,000 digits", "4 TB", "unknown type", "brackets"],
)
def test_a_hostile_header_of_safetensors_is_refused(text, tmp_path):
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(header(text) + bytes(4))
    with pytest.raises(BadWeights, match="is not a safetensors file"):
        read_weights(Weights(local=str(path), sha256=sha256(path.read_bytes())))


CHECKPOINT = {
    "epoch": 3,
    "state_dict": {"module.a": torch.arange(3.0), "module.b.c": torch.ones(2), "head.a": torch.zeros(1)},
    "optimizer": {"state": {}, "lr": 0.1},
}


def checkpoint(server: Server, value: object, **said: str) -> Weights:
    """An entry's weights, of a torch file that the server has."""
    data = torch_file(value)
    server.answer = lambda request, _: send(request, data, len(data))
    return Weights.model_validate({"url": server.url.replace(".safetensors", ".pth"), "sha256": sha256(data), **said})


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"wrapped": "state_dict"}, {"module.a", "module.b.c", "head.a"}),
        ({"wrapped": "state_dict", "prefix": "module."}, {"a", "b.c"}),
        ({"wrapped": "state_dict", "prefix": "head."}, {"a"}),
    ],
)
def test_a_checkpoint_that_wraps_its_weights_is_read_as_its_entry_says(said, names, server):
    weights = checkpoint(server, CHECKPOINT, **said)
    assert set(read_weights(weights)) == names
    assert {k: v for k, v in weights.identity().items() if k != "weights"} == said


@pytest.mark.parametrize(
    ("value", "said", "problem", "hint"),
    [
        (CHECKPOINT, {}, "holds its weights in a dictionary within", 'name it in the entry: `wrapped = "state_dict"`'),
        (
            {"ema": {"a": torch.ones(1)}, "model": {"a": torch.ones(1)}},
            {},
            "holds its weights in a dictionary within",
            'name it in the entry: `wrapped = "ema"` or `wrapped = "model"`',
        ),
        (CHECKPOINT, {"wrapped": "model"}, "has no dictionary 'model' of named tensors", "it has: 'state_dict'"),
        (CHECKPOINT, {"wrapped": "optimizer"}, "has no dictionary 'optimizer'", "it has: 'state_dict'"),
        ({"a": torch.ones(1)}, {"wrapped": "model"}, "has no dictionary 'model'", "leave out `wrapped` in its entry"),
        (
            CHECKPOINT,
            {"wrapped": "state_dict", "prefix": "model."},
            "no weight's name begins with 'model.'",
            "they begin with: head., module.",
        ),
        (
            {"a": torch.ones(1)},
            {"prefix": "model."},
            "no weight's name begins with 'model.'",
            "leave out `prefix` in its entry",
        ),
        ({"epoch": 3}, {}, "does not hold named tensors", "save a state_dict"),
        ({}, {}, "does not hold named tensors", "save a state_dict"),
    ],
)
def test_a_checkpoint_read_otherwise_than_it_is_says_how(value, said, problem, hint, server):
    with pytest.raises(BadWeights, match=problem) as e:
        read_weights(checkpoint(server, value, **said))
    assert e.value.hint == hint


def test_safetensors_wrap_nothing(server):
    entry = {"url": server.url, "sha256": DIGEST}
    assert set(read_weights(Weights.model_validate({**entry, "prefix": "a"}))) == {""}
    with pytest.raises(BadWeights, match="holds no dictionaries"):
        read_weights(Weights.model_validate({**entry, "wrapped": "state_dict"}))


def test_a_program_is_read_as_a_whole():
    program = {"file": "x.pt2", "sha256": DIGEST, "wrapped": "state_dict"}
    with pytest.raises(ValidationError, match="this file is read as a whole"):
        Exported.model_validate({"kind": "exported", "program": program, "range": [0, 1]})


def test_what_is_no_safetensors_file_is_refused(server):
    server.answer = something_else
    with pytest.raises(BadWeights, match="is not a safetensors file"):
        read_weights(weights_at(server.url, sha256(b"<html>moved</html>")))
