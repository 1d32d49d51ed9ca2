"""An ONNX model as a program: looked through before it is run, on the CPU, by one thread.

An ONNX file is data: operations by name, and numbers. What is left to refuse are files that it points to elsewhere,
operations that are not ONNX's own, chance that does not come in with the latents, and loops that need not end.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...core.errors import BadWeights
from ..extras import need
from ..sources.damage import refusing
from .program import Input

EXPORT = "write it with torch.onnx.export(model.eval(), (latents,), path, external_data=False)"
LIMIT = 2**31 - 1  # bytes: more than a protocol buffer holds

_DOMAINS = {"", "ai.onnx"}
_CHANCE = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
_TYPES = {"tensor(float)": torch.float32, "tensor(int64)": torch.int64}


@dataclass(frozen=True)
class OnnxProgram:
    """A model ready to run. Beside `inputs` it has no state: samples cannot depend on those before."""

    name: str
    inputs: tuple[Input, ...]
    session: Any  # onnxruntime.InferenceSession

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(output.name for output in self.session.get_outputs())

    def run(self, *given: Tensor) -> Tensor:
        """The model's one output; raises what `run_all` does."""
        (found,) = self.run_all(*given).values()
        return found

    def run_all(self, *given: Tensor) -> dict[str, Tensor]:
        """Every output of the model, by name.

        Raises:
            BadWeights: an operation cannot take what it is given, or what comes out is no tensor of numbers.
        """
        named = {i.name: tensor.numpy() for i, tensor in zip(self.inputs, given, strict=True)}
        with refusing(BadWeights, f"{self.name}: running it failed", EXPORT):
            return dict(zip(self.outputs, map(torch.from_numpy, self.session.run(None, named)), strict=True))


def read_onnx(path: Path, several: bool = False) -> OnnxProgram:
    """The model in an .onnx file.

    Args:
        several: whether it may return more tensors than one.

    Raises:
        BadWeights: no such file, not a valid model, or one that is more than ONNX's own operations on its own numbers.
        GenboardError: onnx or onnxruntime is not installed.
    """
    onnx, runtime = need("onnx", "onnx"), need("onnxruntime", "onnx")
    with refusing(BadWeights, f"{path}: not an ONNX model", EXPORT):
        if path.stat().st_size > LIMIT:
            raise BadWeights(f"{path}: {path.stat().st_size:,} bytes, {LIMIT:,} at most are read", EXPORT)
        data = path.read_bytes()
        model = onnx.load_model_from_string(data)
        _refuse_more_than_arithmetic(path, model)
        onnx.checker.check_model(data)
        options = runtime.SessionOptions()
        # One thread, and only rewriting that is the same on every processor: the order of sums stays as it is.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.use_deterministic_compute = True
        options.log_severity_level = 4  # errors are raised besides
        # Else bytes that are a model in both of its formats would be run as the one that was not looked through.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    outputs = session.get_outputs()
    tensors = all(output.type.startswith("tensor(") for output in outputs)
    if not tensors or not (len(outputs) == 1 or (several and outputs)):
        given = ", ".join(f"{o.type} {tuple(o.shape)}" for o in outputs) or "nothing"
        needed, forward = (
            ("tensors are", "returns tensors") if several else ("one tensor of images is", "returns the images alone")
        )
        raise BadWeights(
            f"{path}: the model gives {given}, where {needed} needed",
            f"export a module in evaluation mode whose forward {forward}",
        )
    return OnnxProgram(str(path), tuple(_input(path, i) for i in session.get_inputs()), session)


def _refuse_more_than_arithmetic(path: Path, model: Any) -> None:
    """Raises BadWeights for what reaches outside of the file, draws random numbers, or may not end."""
    if model.functions or model.training_info:
        raise BadWeights(
            f"{path}: the model brings functions of its own, or a training step", "export it with optimize=True"
        )
    tensors, sparse = list(model.graph.initializer), list(model.graph.sparse_initializer)
    for node in model.graph.node:
        if node.domain not in _DOMAINS:
            raise BadWeights(
                f"{path}: the model calls {node.domain}.{node.op_type}, which is no operation of ONNX's own",
                "only the standard operations are run: export the module without custom operators",
            )
        if node.op_type in _CHANCE:
            raise BadWeights(
                f"{path}: the model draws random numbers of its own, with {node.op_type}",
                "all chance must come in with the latents: a sample depends on its own seed only",
            )
        trains = any(a.name == "training_mode" and a.i for a in node.attribute)  # of BatchNormalization
        if trains or (node.op_type == "Dropout" and len(node.input) > 2):  # the third says that it is in training
            raise BadWeights(
                f"{path}: the model holds {node.op_type} in training mode: samples depend on more than their seeds",
                "export it in evaluation mode: model.eval()",
            )
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise BadWeights(
                    f"{path}: the model holds {node.op_type}, which runs another graph",
                    "export the module without control flow",
                )
            tensors += [attribute.t, *attribute.tensors]
            sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
    for tensor in [*tensors, *(part for s in sparse for part in (s.values, s.indices))]:
        if tensor.external_data or tensor.data_location:
            raise BadWeights(
                f"{path}: {tensor.name or 'a constant'} lies in another file", "export it with external_data=False"
            )


def _input(path: Path, said: Any) -> Input:
    if said.type not in _TYPES:
        raise BadWeights(f"{path}: the model takes {said.type} {said.name!r}", "latents are float32, labels int64")
    return Input(said.name, _TYPES[said.type], tuple(size if isinstance(size, int) else None for size in said.shape))
