"""What computes a network: torch, or ONNX Runtime from the same weights.

ONNX Runtime takes a graph of fixed shape and lays out its convolutions for this processor. The graph is made from the
loaded network when its first images come, and stays in memory: that takes one to three seconds of a core, once a
process. A file of it would be as large as the weights, belong to one version of each of five libraries, and be one more
thing to check before it is run.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from ...core.errors import BadFeatures, BadWorkers, GenboardError
from ..extras import need
from ..memory import out_of_memory
from ..schema import Extractor, Precision
from .contract import Found, checked
from .opening import Network

Runtime: TypeAlias = Literal["torch", "onnxruntime"]
TOLERANCE = 5e-6  # of the size of all features of a sub-batch: the rounding of float32, and no more
_TORCH = "leave out --runtime: torch computes it"


def runtime_version(runtime: Runtime) -> str | None:
    """What stands in torch's place, as results record it: `onnxruntime 1.32.0`; none where nothing does.

    Raises:
        GenboardError: it is not installed.
    """
    return None if runtime == "torch" else f"{runtime} {need(runtime, 'onnx').__version__}"


def expect_runtime(wanted: str | None) -> Runtime:
    """What `runtime_version` told in the process that this one works for.

    Raises:
        BadWorkers: another version is installed here.
        GenboardError: it is not installed here.
    """
    if wanted is None:
        return "torch"
    here = runtime_version("onnxruntime")
    if here != wanted:
        raise BadWorkers(
            f"worker {platform.node()} has {here}, where {wanted} is asked for",
            "install the same versions on every node: pip install with one constraints file",
        )
    return "onnxruntime"


def in_runtime(
    runtime: Runtime, entry: Extractor, network: Network, device: torch.device, precision: Precision
) -> Network:
    """The network of an entry, computed by that runtime; what is no module of torch, or has no weights, stays as it is.

    Raises:
        GenboardError: the runtime is not installed, or does not compute there or in that precision.
    """
    if runtime == "torch":
        return network
    for module in ("onnxruntime", "onnx", "onnxscript"):
        need(module, "onnx")
    if device.type != "cpu" or precision != "float32":
        where = f"on {device}" if device.type != "cpu" else f"in {precision}"
        raise GenboardError(f"--runtime {runtime} computes on the CPU in float32, not {where}", _TORCH)
    if not isinstance(network, nn.Module) or next(network.parameters(), None) is None:
        return network
    return OnnxNetwork(entry, network)


@dataclass
class OnnxNetwork:
    """A network that ONNX Runtime computes: as a session for every shape of a sub-batch."""

    entry: Extractor
    network: nn.Module
    sessions: dict[tuple[int, ...], Any] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def __call__(self, prepared: Tensor) -> Found:
        """Features and logits of prepared images.

        Raises:
            BadFeatures: there is no graph of the network, or it does not give what torch gives.
        """
        with self.lock:
            session = self.sessions.get(tuple(prepared.shape))
            if session is None:
                session = self._opened(prepared)
                self.sessions[tuple(prepared.shape)] = session
        return _run(session, prepared)

    def _opened(self, prepared: Tensor) -> Any:
        """A session for images of that shape, which are tried out in it."""
        tables = _Tables(self.entry, self.network).eval()
        with torch.inference_mode(False), torch.no_grad():
            example = prepared.clone(memory_format=torch.contiguous_format)
            expected = tables(example)
            try:
                # Unoptimized: torch's optimizer drops the 1e-10 that keeps a length from being 0, and ONNX Runtime has
                # an optimizer of its own.
                program = torch.onnx.export(
                    tables, (example,), dynamo=True, external_data=False, verbose=False, optimize=False
                )
                assert program is not None
                session = self._session(program.model_proto.SerializeToString())
            except Exception as e:
                if isinstance(e, GenboardError) or out_of_memory(e):
                    raise
                fact = f"extractor {self.entry.name!r}: its network cannot be written as a graph of ONNX"
                raise BadFeatures(f"{fact}: {type(e).__name__}", _TORCH) from e
            self._expect_same(expected, _run(session, example))
        return session

    def _expect_same(self, expected: tuple[Tensor, ...], found: Found) -> None:
        for what, theirs, ours in zip(("features", "logits"), expected, found, strict=False):
            assert ours is not None
            apart, size = float((ours - theirs).norm()), float(theirs.norm())
            share = apart / size if size else apart
            if not share <= TOLERANCE:  # nor where it is NaN
                raise BadFeatures(
                    f"extractor {self.entry.name!r}: ONNX Runtime gives other {what} than torch: they differ by "
                    f"{share:.1e} of their size, and {TOLERANCE:g} is allowed",
                    _TORCH,
                )

    def _session(self, model: bytes) -> Any:
        runtime = need("onnxruntime", "onnx")
        options = runtime.SessionOptions()
        # Where a core has a sub-batch of its own, others are at work on the next ones.
        options.intra_op_num_threads = torch.get_num_threads() if self.entry.sub_batch is None else 1
        options.inter_op_num_threads = 1
        options.use_deterministic_compute = True
        options.log_severity_level = 4  # errors are raised besides
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class _Tables(nn.Module):
    """What a network gives, as a graph can give it: features and, where there are any, logits."""

    def __init__(self, entry: Extractor, network: nn.Module) -> None:
        super().__init__()
        self.entry, self.network = entry, network

    def forward(self, prepared: Tensor) -> tuple[Tensor, ...]:
        features, logits = checked(self.network(prepared), self.entry, len(prepared))
        return (features,) if logits is None else (features, logits)


def _run(session: Any, prepared: Tensor) -> Found:
    (taken,) = session.get_inputs()
    found = session.run(None, {taken.name: prepared.contiguous().numpy()})
    features, *logits = map(torch.from_numpy, found)
    return features, logits[0] if logits else None
