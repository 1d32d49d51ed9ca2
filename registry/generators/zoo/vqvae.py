"""Vector-quantised autoencoder (van den Oord, Vinyals and Kavukcuoglu 2017, arXiv:1711.00937).

An image becomes a grid of codes, each an entry of a learned codebook; a gated PixelCNN is then fitted to the training
images' grids. A sample is a grid drawn from that prior, one uniform number of the sample's stream a code, decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, filled, minimise, seeded, unit
from .. import Sampler
from ..draws import Draw, uniform
from .pixelcnn import PixelCNN
from .place_by_place import fit

CODES = 64
DEPTH = 8
WIDTH = 32
COMMITMENT = 0.25
EPOCHS = 120
PRIOR_EPOCHS = 60
BATCH = 32


def encoder(channels: int) -> nn.Sequential:
    """Images (n, c, h, w) to a grid of vectors (n, depth, h/2, w/2)."""
    return nn.Sequential(
        nn.Conv2d(channels, WIDTH, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(2 * WIDTH, DEPTH, 1),
    )


def decoder(channels: int) -> nn.Sequential:
    """A grid of codebook entries (n, depth, h/2, w/2) to the logits of grey levels (n, c, h, w)."""
    return nn.Sequential(
        nn.Conv2d(DEPTH, 2 * WIDTH, 3, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(WIDTH, channels, 3, padding=1),
    )


def nearest(grid: Tensor, codebook: Tensor) -> Tensor:
    """The codes (n, h, w) of the codebook entries (k, depth) that lie nearest to vectors (n, depth, h, w)."""
    vectors = grid.permute(0, 2, 3, 1)
    return torch.cdist(vectors.flatten(0, 2), codebook).argmin(dim=1).view(vectors.shape[:3])


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, prior_epochs: int = PRIOR_EPOCHS
) -> dict[str, NDArray[Any]]:
    """The weights of the decoder and of the prior, which holds the codebook."""
    x = unit(images)
    with seeded(seed):
        encode, decode = encoder(images.shape[2]), decoder(images.shape[2])
        # Started at vectors that occur: an entry far from all of them would never be used.
        start = encode(x).detach().permute(0, 2, 3, 1).flatten(0, 2)
        codebook = nn.Parameter(start[torch.randperm(len(start))[:CODES]].clone())

        def loss(chosen: Tensor) -> Tensor:
            grid = encode(x[chosen])
            entries = codebook[nearest(grid, codebook)].permute(0, 3, 1, 2)
            # The decoder's gradient passes the choice of an entry as if it were not there.
            logits = decode(grid + (entries - grid).detach())
            reconstruction = F.binary_cross_entropy_with_logits(logits, x[chosen], reduction="sum") / len(chosen)
            codes = F.mse_loss(entries, grid.detach()) + COMMITMENT * F.mse_loss(grid, entries.detach())
            total: Tensor = reconstruction + codes * grid[0].numel()
            return total

        optimizer = torch.optim.Adam([*encode.parameters(), *decode.parameters(), codebook], lr=2e-3)
        minimise(optimizer, loss, len(x), BATCH, epochs)
        prior = PixelCNN(codebook.detach())
        fit(prior, nearest(encode(x).detach(), codebook.detach()), prior_epochs)
    return {**arrays(decode, "decoder."), **arrays(prior, "prior.")}


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    height, width, channels = shape_of(track)
    decode = filled(decoder(channels), weights, "decoder.").to(device)
    prior = filled(PixelCNN(torch.zeros(CODES, DEPTH)), weights, "prior.").to(device)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        with torch.inference_mode():
            codes = prior.draw(uniform(draws, height * width // 4), height // 2, width // 2)
            entries = prior.table[torch.from_numpy(codes), :DEPTH].permute(0, 3, 1, 2)
            grey: NDArray[Any] = decode(entries).sigmoid().cpu().numpy()
        return grey.transpose(0, 2, 3, 1)

    return sample
