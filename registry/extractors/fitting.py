"""Weights into networks: every parameter from the file, under the name the network has for it, or an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from ...core.errors import BadWeights
from ..training import Arrays as Arrays
from ..training import refuse_whole_numbers

N = TypeVar("N", bound=nn.Module)

_COUNTER = "num_batches_tracked"  # of batch normalisation in training; some files have it, inference has no use for it


def empty(make: Callable[[], N]) -> N:
    """The network that `make` builds, without the time, the memory and the random numbers of its initial weights."""
    with torch.device("meta"):
        return make()


def fitted(network: N, weights: Arrays) -> N:
    """The network with these weights, ready for inference.

    Raises:
        BadWeights: a weight is missing, of another shape, or of no use to the network.
    """
    wanted = {k: v for k, v in network.state_dict().items() if not k.endswith(_COUNTER)}
    given = {k: v for k, v in weights.items() if not k.endswith(_COUNTER)}
    for key, value in wanted.items():
        if key not in given:
            raise _misfit(f"{key!r} is missing")
        if tuple(value.shape) != given[key].shape:
            raise _misfit(f"{key!r} is {given[key].shape}, the network's {tuple(value.shape)}")
    stray = sorted(given.keys() - wanted.keys())
    if stray:
        raise _misfit(f"the network has no {stray[0]!r}")
    # Copied: the arrays may be read-only views of a file.
    state = {k: torch.tensor(v) for k, v in given.items()}
    state |= {k: torch.tensor(0) for k in network.state_dict() if k.endswith(_COUNTER)}
    refuse_whole_numbers(network, state)
    network.load_state_dict(state, assign=True)
    network.requires_grad_(False)
    return network.eval()


def _misfit(problem: str) -> BadWeights:
    return BadWeights(
        f"the weights do not fit the network: {problem}",
        "name the weights that match the entry's loader",
    )
