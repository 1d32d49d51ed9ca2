"""A program that `torch.export.save` wrote, read as data and run one operation after another.

`torch.export.load` unpickles what the archive holds besides tensors (with `weights_only=False`, and no option to forbid
it), evaluates its symbolic sizes as Python, looks operations up anywhere in torch and compiles the source it makes of
them: a file could run what it likes. Here weights are bytes of a known type and shape, sizes are those of the tensors
at hand, and an operation is one of ATen's. A test holds that torch's loader still springs such a trap; once it does
not, this reader can go. Programs in ONNX need none of it: see `onnx_program`.
"""

from __future__ import annotations

import math
import operator
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ...core.errors import BadWeights
from ...core.serialization import parse_json
from ..sources.damage import refusing

Json: TypeAlias = dict[str, Any]

SCHEMA = 8  # the major version of the format; a minor one only adds to it
EXPORT = "write it with torch.export.save(torch.export.export(model.eval(), (latents,)), path)"

_ATEN = re.compile(r"^torch\.ops\.aten\.(?P<name>[A-Za-z0-9_]+)\.(?P<overload>[A-Za-z0-9_]+)$")
_NO_FILES = {"from_file"}
# What is done with the sizes of tensors.
_ON_NUMBERS: Mapping[str, Callable[..., Any]] = {
    **{
        f"_operator.{name}": getattr(operator, name)
        for name in ("add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "eq", "ne", "lt", "le", "gt", "ge")
    },
    **{f"math.{name}": getattr(math, name) for name in ("ceil", "floor", "trunc")},
    "torch.sym_max": max,
    "torch.sym_min": min,
    "torch.sym_float": float,
    "torch.sym_int": int,
    "torch.sym_not": operator.not_,
}
_TYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
_FORMATS = {1: torch.contiguous_format, 2: torch.channels_last, 3: torch.channels_last_3d, 4: torch.preserve_format}
_STRIDED = 7


@dataclass(frozen=True)
class Input:
    """A tensor that the program takes; its first size is none where the program takes any batch."""

    name: str
    dtype: torch.dtype
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class _Step:
    """An operation, its arguments as the file has them, names for what comes out, and names no longer needed."""

    target: str
    call: Callable[..., Any]
    inputs: Sequence[Json]
    outputs: Sequence[Json]
    by_name: bool
    done_with: frozenset[str]


@dataclass(frozen=True)
class Program:
    """A program ready to run."""

    name: str
    inputs: tuple[Input, ...]
    steps: tuple[_Step, ...]
    state: Mapping[str, Tensor]
    outputs: Mapping[str, str]  # by the keys of the dictionary that it returns, else by 0, 1, ...: names of values

    def run(self, *given: Tensor) -> Tensor:
        """The program's one output; raises what `run_all` does."""
        (found,) = self.run_all(*given).values()
        return found

    def run_all(self, *given: Tensor) -> dict[str, Tensor]:
        """Every output of the program, by name.

        Raises:
            BadWeights: an operation cannot take what it is given, or writes into the weights.
        """
        values: dict[str, Any] = {**self.state, **{i.name: t for i, t in zip(self.inputs, given, strict=True)}}
        before = [tensor._version for tensor in self.state.values()]
        with torch.no_grad():
            for step in self.steps:
                with refusing(BadWeights, f"{self.name}: {step.target} failed", EXPORT):
                    _keep(step.outputs, _called(step, values), values)
                for name in step.done_with:
                    values.pop(name, None)
        if [tensor._version for tensor in self.state.values()] != before:
            raise BadWeights(
                f"{self.name}: the program changes its own weights, so that samples depend on earlier ones",
                "export it in evaluation mode: model.eval()",
            )
        found = {name: values.get(value) for name, value in self.outputs.items()}
        tensors = {name: value for name, value in found.items() if isinstance(value, Tensor)}
        if len(tensors) < len(found):
            raise BadWeights(f"{self.name}: the program returns no tensor", EXPORT)
        return tensors


def read_program(path: Path, several: bool = False) -> Program:
    """The program in a .pt2 file.

    Args:
        several: whether it may return more tensors than one.

    Raises:
        BadWeights: no such file, another format, or one that would need code to be run.
    """
    with refusing(BadWeights, f"{path}: not a program of torch.export", EXPORT), zipfile.ZipFile(path) as archive:
        packed = next((m.filename for m in archive.infolist() if m.compress_type != zipfile.ZIP_STORED), None)
        if packed is not None:
            raise BadWeights(f"{path}: {packed} is compressed, which torch.export does not do", EXPORT)
        return _read(path, archive, several)


def _read(path: Path, archive: zipfile.ZipFile, several: bool) -> Program:
    models = [name for name in archive.namelist() if re.search(r"(^|/)models/[^/]+\.json$", name)]
    if len(models) != 1:
        raise BadWeights(f"{path}: {len(models)} programs, but exactly one is needed", EXPORT)
    root, _, file = models[0].rpartition("models/")
    program = parse_json(archive.read(models[0]), path)
    version = program["schema_version"]["major"]
    if version != SCHEMA:
        raise BadWeights(f"{path}: version {version} of the format, {SCHEMA} is read", "export it with a newer torch")
    graph, signature = program["graph_module"]["graph"], program["graph_module"]["signature"]
    stored = {
        folder: _tensors(path, archive, f"{root}data/{folder}/", f"{file.removesuffix('.json')}_{folder}_config.json")
        for folder in ("weights", "constants")
    }
    state, inputs = _bound(path, signature["input_specs"], stored, graph["tensor_values"])
    outputs = _outputs(path, program["graph_module"], several)
    return Program(str(path), inputs, _steps(path, graph["nodes"], {*outputs.values(), *state}), state, outputs)


def _outputs(path: Path, module: Json, several: bool) -> dict[str, str]:
    """The names of the values that the program returns, by the keys it returns them under, else by 0, 1, ..."""
    specs = module["signature"]["output_specs"]
    tensors = [list(spec) == ["user_output"] and "as_tensor" in spec["user_output"]["arg"] for spec in specs]
    if not all(tensors) or not (len(specs) == 1 or (several and specs)):
        kinds = ", ".join(next(iter(o)) for o in specs) or "nothing"
        needed, forward = (
            ("only tensors can be read", "returns a dictionary of tensors")
            if several
            else ("one tensor of images is needed", "returns the images alone")
        )
        raise BadWeights(
            f"{path}: the program returns {kinds}, but {needed}",
            f"export a module in evaluation mode whose forward {forward}",
        )
    values = [spec["user_output"]["arg"]["as_tensor"]["name"] for spec in specs]
    keys = _keys(path, module) if several else []
    names = keys if len(keys) == len(values) else [str(i) for i in range(len(values))]
    return dict(zip(names, values, strict=True))


def _keys(path: Path, module: Json) -> list[str]:
    """The keys of the dictionary that the exported module returned, if it returned a flat one."""
    whole = [call["signature"] for call in module["module_call_graph"] if not call["fqn"] and call["signature"]]
    for signature in whole:
        _, tree = parse_json(signature["out_spec"], path)
        if tree["type"] == "builtins.dict" and all(part["type"] is None for part in tree["children_spec"]):
            return [str(key) for key in parse_json(tree["context"], path)]
    return []


def _tensors(path: Path, archive: zipfile.ZipFile, folder: str, config: str) -> dict[str, Tensor]:
    """The tensors of a folder of the archive, by their names in the model."""
    raw: dict[str, bytearray] = {}
    found = {}
    for name, payload in parse_json(archive.read(folder + config), path)["config"].items():
        if payload["use_pickle"] or not payload["tensor_meta"]:
            raise BadWeights(
                f"{path}: {name} is a pickled object; it is not read, because unpickling can run code",
                "export a module that holds only plain tensors",
            )
        file, meta = payload["path_name"], payload["tensor_meta"]
        if file not in raw:
            raw[file] = bytearray(archive.read(folder + file))
        dtype = _TYPES[meta["dtype"]]
        sizes, strides = ([size["as_int"] for size in meta[key]] for key in ("sizes", "strides"))
        flat = torch.frombuffer(raw[file], dtype=dtype) if raw[file] else torch.empty(0, dtype=dtype)
        found[name] = torch.as_strided(flat, sizes, strides, meta["storage_offset"]["as_int"])
    return found


def _bound(
    path: Path, specs: Sequence[Json], stored: Mapping[str, Mapping[str, Tensor]], metas: Mapping[str, Json]
) -> tuple[dict[str, Tensor], tuple[Input, ...]]:
    """The program's own tensors by the names its operations use, and what must be given to it."""
    state, inputs = {}, []
    for spec in specs:
        ((kind, said),) = spec.items()
        if kind == "user_input" and "as_tensor" in said["arg"]:
            name = said["arg"]["as_tensor"]["name"]
            sizes = tuple(size.get("as_int") for size in metas[name]["sizes"])
            inputs.append(Input(name, _TYPES[metas[name]["dtype"]], sizes))
        elif kind in ("parameter", "buffer", "tensor_constant"):
            key = said.get(f"{kind}_name")
            # A buffer that is not part of the state_dict lies among the constants.
            found = stored["weights"].get(key)
            state[said["arg"]["name"]] = stored["constants"][key] if found is None else found
        else:
            raise BadWeights(f"{path}: the program takes a {kind}, but only tensors can be passed", EXPORT)
    return state, tuple(inputs)


def _steps(path: Path, nodes: Sequence[Json], kept: set[str]) -> tuple[_Step, ...]:
    last: dict[str, int] = {}
    for i, node in enumerate(nodes):
        last |= {name: i for name in _names([node["inputs"], node["outputs"]])}
    done = [frozenset(name for name, at in last.items() if at == i and name not in kept) for i in range(len(nodes))]
    steps = []
    for node, done_with in zip(nodes, done, strict=True):
        call, by_name = _operation(path, node["target"], node["inputs"])
        steps.append(_Step(node["target"], call, node["inputs"], node["outputs"], by_name, done_with))
    return tuple(steps)


def _names(value: Any) -> set[str]:
    """Every name of a value in arguments: those of tensors stand in `name`, those of numbers in `as_name`."""
    if isinstance(value, list):
        return set().union(*map(_names, value))
    if isinstance(value, dict):
        own = {v for k, v in value.items() if k in ("name", "as_name") and isinstance(v, str)}
        return own.union(*map(_names, value.values()))
    return set()


def _operation(path: Path, target: str, inputs: Sequence[Json]) -> tuple[Callable[..., Any], bool]:
    """The function that a step calls, and whether its arguments go by name."""
    if target in _ON_NUMBERS:
        return _ON_NUMBERS[target], False
    found = _ATEN.match(target)
    packet = getattr(torch.ops.aten, found["name"], None) if found and found["name"] not in _NO_FILES else None
    call = getattr(packet, found["overload"], None) if found and packet else None
    if not isinstance(call, torch._ops.OpOverload):
        raise BadWeights(
            f"{path}: the program calls {target}, which is not an ATen operation",
            "only ATen operations are allowed; export the module in evaluation mode, without control flow",
        )
    if torch.Tag.nondeterministic_seeded in call.tags and not _without_chance(inputs):
        raise BadWeights(
            f"{path}: the program draws its own random numbers, with {target}",
            "all randomness must come from the latents, so that a sample depends only on its seed",
        )
    return call, True


def _without_chance(inputs: Sequence[Json]) -> bool:
    """Whether a dropout is off, as it is in evaluation mode."""
    given = {i["name"]: next(iter(i["arg"].values())) for i in inputs}
    return given.get("train") is False or ("query" in given and not given.get("dropout_p"))


def _called(step: _Step, values: Mapping[str, Any]) -> Any:
    given = [(i["name"], _value(i["arg"], values)) for i in step.inputs]
    return step.call(**dict(given)) if step.by_name else step.call(*(value for _, value in given))


def _value(argument: Json, values: Mapping[str, Any]) -> Any:
    """What an argument stands for."""
    ((kind, said),) = argument.items()
    if kind in ("as_int", "as_ints", "as_bool", "as_bools", "as_string", "as_int_lists"):
        return said
    if kind == "as_none":
        return None
    if kind in ("as_float", "as_floats"):  # infinities are written as strings
        return [float(f) for f in said] if kind == "as_floats" else float(said)
    if kind in ("as_tensor", "as_name"):
        return values[said["name"] if kind == "as_tensor" else said]
    if kind == "as_tensors":
        return [values[tensor["name"]] for tensor in said]
    if kind in ("as_sym_int", "as_sym_bool", "as_sym_float", "as_optional_tensor"):
        return _value(said, values)
    if kind in ("as_sym_ints", "as_sym_bools", "as_sym_floats", "as_optional_tensors"):
        return [_value(item, values) for item in said]
    if kind == "as_scalar_type":
        return _TYPES[said]
    if kind == "as_memory_format":
        return _FORMATS[said]
    if kind == "as_device":
        return torch.device("cpu")  # wherever it was exported
    if kind == "as_layout" and said == _STRIDED:
        return torch.strided
    raise ValueError(f"an argument {kind}, which no operation on plain tensors has")


def _keep(outputs: Sequence[Json], result: Any, values: dict[str, Any]) -> None:
    results = [result] if len(outputs) == 1 else list(result or ())
    for output, value in zip(outputs, results, strict=True):
        ((kind, said),) = output.items()
        if kind == "as_tensors":
            values |= {tensor["name"]: part for tensor, part in zip(said, value, strict=True)}
        elif kind == "as_tensor":
            values[said["name"]] = value
        elif "as_name" in (said if isinstance(said, dict) else {}):
            values[said["as_name"]] = value
