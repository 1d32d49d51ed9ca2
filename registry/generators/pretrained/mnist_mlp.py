"""Small fully connected generators of 28x28 images: a decoder of a VAE, with weights of two authors, and a GAN.

All saw the 60,000 images of the official training set, of MNIST or of Fashion-MNIST.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from ...schema import Track
from ...training import Arrays, refuse_whole_numbers
from .. import Sampler
from ..draws import normal
from ..networks import placed

SIDE = 28


def load_vae(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    """The decoder of a variational autoencoder (arXiv:1312.6114): its means at latents from N(0, I), 20 wide."""
    decode = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, SIDE**2), nn.Sigmoid())
    return _sampler(placed(_filled(decode, weights, {"fc3": 0, "fc4": 2}), device), 20)


def load_gan(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    """The generator of a GAN (arXiv:1406.2661) at latents from N(0, I), 64 wide; its tanh is moved to [0, 1]."""
    generate = nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, SIDE**2), nn.Tanh()
    )
    network = _filled(generate, weights, {"0": 0, "2": 2, "4": 4})
    return _sampler(placed(network, device, lambda z: (network(z) + 1) / 2), 64)


def _filled(network: nn.Sequential, weights: Arrays, layers: Mapping[str, int]) -> nn.Sequential:
    """The network with the published layers, by their published names, in its own places."""
    state = {
        f"{place}.{kind}": torch.from_numpy(weights[f"{published}.{kind}"])
        for published, place in layers.items()
        for kind in ("weight", "bias")
    }
    refuse_whole_numbers(network, state)
    network.load_state_dict(state)
    return network.eval()


def _sampler(network: Callable[..., NDArray[Any]], latent: int) -> Sampler:
    return lambda draws: network(normal(draws, latent)).reshape(-1, SIDE, SIDE, 1)
