"""Kinds `exported` and `onnx`: a network in a program, which is read and never run as code."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core.errors import BadEntry, BadFeatures, BadWeights
from ..catalog import file_of
from ..generators.onnx_program import OnnxProgram, read_onnx
from ..generators.program import Program, read_program
from ..schema import Extractor
from ..spaces import ExportedNetwork, OnnxNetwork
from ..weights import fetch
from .opening import Network


def open_program(entry: Extractor) -> Network:
    """The outputs of the entry's program that are its features and logits.

    Raises:
        BadEntry: the entry says something else of the program than it says itself.
        BadWeights: a file that is not the one the entry names, or a program that takes no images.
    """
    source = entry.source
    assert isinstance(source, (ExportedNetwork, OnnxNetwork))
    read = read_program if isinstance(source, ExportedNetwork) else read_onnx
    program = read(fetch(source.program), several=True)
    _refuse_other_input(entry, program)
    wanted = {"features": source.features, **({"logits": source.logits} if entry.classes is not None else {})}
    given = tuple(program.outputs)
    if len(given) == 1 and len(wanted) == 1:  # one output needs no name
        wanted = {"features": given[0]}
    for what, name in wanted.items():
        if name not in given:
            hint = f'write {what} = "..." with one of them, or export a module that returns a dictionary with both'
            listed = ", ".join(map(repr, given))
            raise BadEntry(file_of(entry), f"source.{what}", f"{name!r}, but its program gives {listed}", hint)

    def run(prepared: Tensor) -> dict[str, Tensor]:
        _refuse_other_shape(entry, program, prepared)
        found = program.run_all(prepared)
        return {what: found[name] for what, name in wanted.items()}

    return run


def _refuse_other_input(entry: Extractor, program: Program | OnnxProgram) -> None:
    inputs = program.inputs
    told_of = ", ".join(f"{i.dtype} {i.shape}" for i in inputs).replace("torch.", "").replace("None", "n")
    if len(inputs) != 1 or inputs[0].dtype != torch.float32 or len(inputs[0].shape) != 4:
        raise BadWeights(
            f"extractor {entry.name!r}: its program takes {told_of or 'nothing'}",
            "a network takes images, float32 (n, channels, height, width)",
        )
    own, size = inputs[0].shape[0], entry.sub_batch or entry.block
    if own not in (None, size):
        field = "block" if entry.sub_batch is None else "sub_batch"
        raise BadEntry(file_of(entry), field, f"{size}, but its program takes {own} images", f"write {field} = {own}")


def _refuse_other_shape(entry: Extractor, program: Program | OnnxProgram, prepared: Tensor) -> None:
    wanted, given = program.inputs[0].shape[1:], tuple(prepared.shape[1:])
    if any(size not in (None, here) for size, here in zip(wanted, given, strict=True)):
        takes = ", ".join("any" if size is None else str(size) for size in wanted)
        raise BadFeatures(
            f"extractor {entry.name!r}: its program takes images ({takes}), but gets {given}",
            "correct `input` and `preprocessing` in its entry: channels, height, width",
        )
