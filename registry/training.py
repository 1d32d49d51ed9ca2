"""What the trainings share: tensors in and arrays out, shuffled batches, steps of an optimizer, a running average."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.errors import BadWeights
from ..core.progress import bar
from .images import Images

Arrays = Mapping[str, NDArray[Any]]
N = TypeVar("N", bound=nn.Module)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Torch's random numbers from this seed, and the caller's own again afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def unit(images: Images) -> Tensor:
    """Images as float32 in [0, 1], shape (n, channels, height, width)."""
    return torch.from_numpy(images.pixels.transpose(0, 3, 1, 2) / np.float32(255))


def classes(images: Images) -> tuple[Tensor, NDArray[np.float32]]:
    """Labels (n,) and the share of each class (k,)."""
    assert images.labels is not None
    return torch.from_numpy(images.labels), (np.bincount(images.labels) / len(images)).astype(np.float32)


def batches(n: int, size: int) -> Iterator[Tensor]:
    """One epoch: indices in a random order, `size` at a time; what does not fill a batch is left for another epoch."""
    yield from torch.randperm(n)[: n // size * size].view(-1, size)


def steps(n: int, size: int, epochs: int) -> Iterator[Tensor]:
    """The batches of all epochs, with a bar that shows how far they have come."""
    with bar("training", epochs * (n // size), "step") as shown:
        for _ in range(epochs):
            for chosen in batches(n, size):
                yield chosen
                shown.update()


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One step of the optimizer down the gradient of a loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def minimise(
    optimizer: torch.optim.Optimizer,
    loss: Callable[[Tensor], Tensor],
    n: int,
    size: int,
    epochs: int,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Go down the loss of batches of `size` indices below n, at a rate that falls to 0 along a cosine.

    Args:
        then: what to do after each step.
    """
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * (n // size))
    for chosen in steps(n, size, epochs):
        descend(optimizer, loss(chosen))
        schedule.step()
        then()


def shifted(x: Tensor) -> Tensor:
    """Each image moved by -1, 0 or 1 pixel along each axis; what comes in at the edge is 0."""
    height, width = x.shape[2:]
    windows = F.pad(x, (1, 1, 1, 1)).unfold(2, height, 1).unfold(3, width, 1)  # (n, c, 3, 3, h, w)
    dy, dx = torch.randint(0, 3, (2, len(x)))
    return windows[torch.arange(len(x)), :, dy, dx]


def follow(average: nn.Module, network: nn.Module, rate: float) -> None:
    """Move an average of a network's weights towards the present ones."""
    for mean, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, rate)
        else:
            mean.copy_(now)


def arrays(network: nn.Module, prefix: str = "") -> dict[str, NDArray[Any]]:
    """A network's weights by name."""
    return {prefix + key: value.detach().clone().numpy() for key, value in network.state_dict().items()}


def refuse_whole_numbers(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Raises BadWeights where a weight of fractions is given in whole numbers or truths, which miss their scale."""
    for key, own in network.state_dict().items():
        if key in state and own.is_floating_point() and not state[key].is_floating_point():
            raise BadWeights(f"{key!r} is {state[key].dtype}, the network's {own.dtype}", "save it as float32")


def filled(network: N, weights: Arrays, prefix: str = "") -> N:
    """The network with the weights of that prefix, ready for inference."""
    state = {k.removeprefix(prefix): torch.from_numpy(v) for k, v in weights.items() if k.startswith(prefix)}
    refuse_whole_numbers(network, state)
    network.load_state_dict(state)
    return network.requires_grad_(False).eval()
