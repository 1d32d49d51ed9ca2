"""The same network by other runtimes: each a function of a sub-batch, float32 (n, c, h, w), to its features.

Each computes with one thread, as a sub-batch has one core, and in float32. ONNX Runtime is one that feature spaces can
be asked to use, and stands in `registry.extractors.runtimes`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from genboard.registry.extractors import fused, inception
from torch import Tensor, nn

Features = Callable[[Tensor], Tensor]


@contextmanager
def plain() -> Iterator[None]:
    """Networks made of torch's own operations, the whole sub-batch at once: what exporters understand."""
    with pytest.MonkeyPatch.context() as patch, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that torch.jit is on its way out
        patch.setattr(fused, "ONEDNN", object())
        patch.setattr(inception, "AT_ONCE", 2**20)
        yield


def by_openvino(network: nn.Module, example: Tensor) -> Features:
    import openvino

    with plain():
        model = openvino.convert_model(network, example_input=example.contiguous())
    model.reshape(list(example.shape))
    settings = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 2, "INFERENCE_NUM_THREADS": 2}
    compiled = openvino.Core().compile_model(model, "CPU", settings)

    def run(x: Tensor) -> Tensor:
        found = compiled.create_infer_request().infer({0: x.contiguous().numpy()})
        return torch.from_numpy(found[0])

    return run


def by_frozen_graph(network: nn.Module, example: Tensor) -> Features:
    with plain():
        frozen = torch.jit.freeze(torch.jit.trace(network, example))
        optimized = torch.jit.optimize_for_inference(frozen)
        optimized(example)

    def run(x: Tensor) -> Tensor:
        with torch.no_grad():
            features: Tensor = optimized(x)[0]
        return features

    return run


def by_inductor(network: nn.Module, example: Tensor) -> Features:
    from torch._inductor import config

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # which is part of what is compiled
    try:
        with plain(), config.patch(freezing=True):
            compiled = torch.compile(network, dynamic=False)
            compiled(example)
    finally:
        torch.set_num_threads(threads)

    def run(x: Tensor) -> Tensor:
        with torch.no_grad():
            features: Tensor = compiled(x)[0]
        return features

    return run
