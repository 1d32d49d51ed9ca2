"""An entry to its network, by where that comes from: this package, the user's code, a program, or a library.

All networks keep one contract of what they take and give: docs/extractors.md states it, `contract` checks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from torch import Tensor

from ...core.errors import BadFeatures, BadWeights, GenboardError
from ..memory import out_of_memory
from ..resolve import function
from ..schema import Extractor
from ..user_code import told
from ..weights import read_weights

# Prepared images (n, c, h, w) to a dictionary of features and logits, or a pair of the two.
Network: TypeAlias = Callable[[Tensor], Any]

# By kind of source: a function of an entry, in a module that is imported when it is used.
OPENERS: Mapping[str, str] = {
    "python": "user_network:open_user",
    "exported": "program_network:open_program",
    "onnx": "program_network:open_program",
    "timm": "library:open_timm",
    "transformers": "library:open_transformers",
}


def open_network(entry: Extractor) -> Network:
    """The network of an entry, on the CPU.

    Raises:
        NotTrusted: it is code of the user's own, and no leave was given.
        BadEntry: the entry says something else of a program or a model than it says itself.
        BadWeights: files that are not the ones the entry names, or do not fit; or what is no network.
        GenboardError: what it needs is not available.
    """
    if entry.source is None:
        assert entry.loader is not None
        load = function(entry.loader, under="registry.extractors")
        return expect_network(entry, load(read_weights(entry.weights) if entry.weights else {}), entry.loader)
    opened: Network = function(OPENERS[entry.source.kind], under="registry.extractors")(entry)
    return opened


def expect_network(entry: Extractor, network: Any, origin: str) -> Network:
    """What a loader gives. Raises BadWeights if it cannot be called."""
    if not callable(network):
        raise BadWeights(
            f"extractor {entry.name!r}: {origin} gives {type(network).__name__}, where a function or module is needed",
            "return what takes prepared images (n, c, h, w) and gives features and logits",
        )
    found: Network = network
    return found


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
