"""Kinds `built-in` and `torch-weights`: a function of this package, with weights by SHA-256 where it has any.

Samplers speak NumPy: what goes into a network and what comes out of it is on the CPU, wherever it runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...core.errors import BadEntry, BadWeights, GenboardError
from ..catalog import file_of
from ..kinds import BuiltIn
from ..resolve import function
from ..schema import Generator, Track
from ..weights import read_weights
from . import LiveGenerator, Sampler
from .arguments import check_arguments
from .draws import Draw


def open_network(entry: Generator, track: Track, device: str = "cpu") -> LiveGenerator:
    """The generator that a `load(weights, track, **arguments)` makes, or `load(weights, track, device, **arguments)`.

    Raises:
        BadEntry: an argument that it does not take.
        BadWeights: weights that are not the ones the entry names, or that do not fit.
    """
    assert entry.loader is not None
    load = function(entry.loader, under="registry.generators")
    takes = inspect.signature(load).parameters
    if [p.annotation for p in takes.values()][1:2] != ["Track"]:
        field = "source.loader" if isinstance(entry.source, BuiltIn) else "source.architecture"
        hint = "name a function load(weights, track, **arguments)"
        raise BadEntry(file_of(entry), field, f"{entry.loader!r} does not load a generator", hint)
    place = (device,) if "device" in takes else ()  # without: NumPy alone
    check_arguments(entry, load, fixed=2 + len(place))
    weights = read_weights(entry.weights) if entry.weights else {}
    try:
        sample = load(weights, track, *place, **entry.arguments)
    except BadWeights as e:
        raise BadWeights(f"generator {entry.name!r}: its weights do not fit {entry.loader}: {e.fact}", e.hint) from e
    except GenboardError:
        raise
    except (LookupError, RuntimeError, ValueError) as e:  # a key or a shape that the network does not have
        if not entry.weights:
            raise
        raise BadWeights(
            f"generator {entry.name!r}: its weights do not fit {entry.loader}: {_misfit(e)}",
            "name the weights of this architecture in [source.weights] of its entry",
        ) from e
    return LiveGenerator(entry.name, entry.identity(), sample, entry.block)


def _misfit(e: Exception) -> str:
    """What does not fit: of torch's list of all, which has a heading, the first."""
    lines = [line.strip() for line in str(e).splitlines() if line.strip()] or [type(e).__name__]
    if isinstance(e, KeyError):
        return f"{lines[0]} is missing"
    return lines[1] if len(lines) > 1 and lines[0].startswith("Error(s) in loading") else lines[0]


def placed(network: nn.Module, device: str, call: Callable[..., Tensor] | None = None) -> Callable[..., NDArray[Any]]:
    """A network, or a method of it, on a device and in inference, as a function from arrays to an array."""
    network.to(device)
    function = call or network

    def run(*given: Any) -> NDArray[Any]:
        with torch.inference_mode():
            there = [torch.from_numpy(x).to(device) if isinstance(x, np.ndarray) else x for x in given]
            found: NDArray[Any] = function(*there).cpu().numpy()
        return found

    return run


def from_signed(images: NDArray[Any]) -> NDArray[Any]:
    """Images (n, c, h, w) in [-1, 1] in the form of samples: (n, h, w, c) in [0, 1]."""
    shaped: NDArray[Any] = (images.transpose(0, 2, 3, 1) + 1) / 2
    return shaped


def exactly(sample: Sampler) -> Sampler:
    """The same sampler with float32 arithmetic on a GPU: convolutions round to TF32 there otherwise."""

    def run(tickets: Sequence[Draw]) -> NDArray[Any]:
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            return sample(tickets)

    return run
