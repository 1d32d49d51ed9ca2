"""An entry to its network, by where that comes from: this package, the user's code, a program, or a library.

What a network takes and gives is one contract for all, which docs/extractors.md states and `contract` holds it to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ...core.errors import BadEntry, BadFeatures, BadWeights, GenboardError
from ..catalog import file_of
from ..generators.onnx_program import OnnxProgram, read_onnx
from ..generators.program import Program, read_program
from ..memory import out_of_memory
from ..resolve import function
from ..schema import Extractor
from ..spaces import ExportedNetwork, OnnxNetwork, UserNetwork
from ..trust import code_is_trusted, refuse_untrusted
from ..user_code import code_digest, imported, in_data_folder, told
from ..weights import fetch, read_weights

# Prepared images (n, c, h, w) to a dictionary of features and logits, or a pair of the two.
Network: TypeAlias = Callable[[Tensor], Any]

# By kind: a function of an entry, in a module that is imported when it is used. Code and programs are opened here.
OPENERS = {"timm": "library:open_timm", "transformers": "library:open_transformers"}


def open_network(entry: Extractor) -> Network:
    """The network of an entry, on the CPU.

    Raises:
        NotTrusted: it is code of the user's own, and no leave was given.
        BadEntry: the entry says something else of a program or a model than it says itself.
        BadWeights: files that are not the ones the entry names, or do not fit; or what is no network.
        GenboardError: what it needs is not to be had.
    """
    source = entry.source
    if source is None:
        assert entry.loader is not None
        load = function(entry.loader, under="registry.extractors")
        return _callable(entry, load(read_weights(entry.weights) if entry.weights else {}), entry.loader)
    if isinstance(source, UserNetwork):
        return _of_user(entry, source)
    if isinstance(source, (ExportedNetwork, OnnxNetwork)):
        return _of_program(entry, source)
    opened: nn.Module = function(OPENERS[source.kind], under="registry.extractors")(entry)
    return opened


def _of_user(entry: Extractor, source: UserNetwork) -> Network:
    # As the entry has it: the folder is nobody else's business.
    refuse_untrusted(f"extractor {entry.name!r}: {source.function}", code_is_trusted())
    found = code_digest(source.function)
    if found is None:
        raise BadWeights(
            f"extractor {entry.name!r}: {source.function}: no such file in your data folder",
            "put the file there, or correct `function` in the entry",
        )
    if source.sha256 not in (None, found):
        raise BadWeights(
            f"extractor {entry.name!r}: {source.function} has SHA-256 {found}, but its entry says {source.sha256}",
            "restore the file, or enter its SHA-256; results of the two are never compared",
        )
    load, _ = imported(in_data_folder(source.function), True, BadWeights)
    weights = read_weights(entry.weights) if entry.weights else {}
    try:
        network = load(weights)
    except (Exception, SystemExit) as e:
        raise BadWeights(f"{source.function} raised {told(e)}", "it is called as load(weights), arrays by name") from e
    return _callable(entry, network, source.function)


def _callable(entry: Extractor, network: Any, origin: str) -> Network:
    if not callable(network):
        raise BadWeights(
            f"extractor {entry.name!r}: {origin} gives {type(network).__name__}, where a function or module is needed",
            "return what takes prepared images (n, c, h, w) and gives features and logits",
        )
    found: Network = network
    return found


def _of_program(entry: Extractor, source: ExportedNetwork | OnnxNetwork) -> Network:
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


def named_errors(entry: Extractor, network: Network) -> Network:
    """The network of somebody else, with what it raises told as an error of its entry."""

    def run(prepared: Tensor) -> Any:
        try:
            return network(prepared.contiguous())  # what `view` of a stranger's code counts on
        except (Exception, SystemExit) as e:
            if isinstance(e, GenboardError) or out_of_memory(e):
                raise
            shape = tuple(prepared.shape)
            raise BadFeatures(
                f"extractor {entry.name!r}: its network raised {told(e)}, for images of shape {shape}",
                "call it in Python with float32 images of that shape",
            ) from e

    return run
