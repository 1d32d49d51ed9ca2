"""Small fully connected generators of 28x28 images: a VAE's decoder, with weights of two authors, and a GAN's generator.

All saw the 60,000 images of the official training set, of MNIST or of Fashion-MNIST.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...schema import Track
from .. import Sampler
from ..draws import Draw, normal
from ..placed import placed

Weights = Mapping[str, NDArray[np.float32]]
SIDE = 28


def load_vae(weights: Weights, track: Track, device: str = "cpu") -> Sampler:
    """The decoder of a variational autoencoder (arXiv:1312.6114): its means at latents from N(0, I), 20 wide."""
    decode = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, SIDE**2), nn.Sigmoid())
    return _sampler(placed(_filled(decode, weights, {"fc3": 0, "fc4": 2}), device), 20, lambda grey: grey)


def load_gan(weights: Weights, track: Track, device: str = "cpu") -> Sampler:
    """The generator of a GAN (arXiv:1406.2661) at latents from N(0, I), 64 wide; its tanh is moved to [0, 1]."""
    generate = nn.Sequential(
        nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, SIDE**2), nn.Tanh()
    )
    network = placed(_filled(generate, weights, {"0": 0, "2": 2, "4": 4}), device)
    return _sampler(network, 64, lambda grey: (grey + 1) / 2)


def _filled(network: nn.Sequential, weights: Weights, layers: Mapping[str, int]) -> nn.Sequential:
    """The network with the published layers, by their published names, in its own places."""
    state = {
        f"{place}.{kind}": torch.from_numpy(weights[f"{published}.{kind}"])
        for published, place in layers.items()
        for kind in ("weight", "bias")
    }
    network.load_state_dict(state)
    return network.eval()


def _sampler(network: Callable[..., Tensor], latent: int, to_unit: Callable[[Tensor], Tensor]) -> Sampler:
    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        with torch.inference_mode():
            grey = to_unit(network(torch.from_numpy(normal(draws, latent))))
        return grey.view(-1, SIDE, SIDE, 1).numpy()

    return sample
