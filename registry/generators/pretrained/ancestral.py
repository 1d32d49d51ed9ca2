"""Ancestral sampling of diffusion models that predict noise (arXiv:2006.11239), with a stream of noise per sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..draws import next_normal


def denoised(
    predict: Callable[[Tensor, int], Tensor],
    betas: NDArray[np.float64],
    streams: Sequence[np.random.Generator],
    shape: tuple[int, int, int],
    device: str = "cpu",
) -> Tensor:
    """Images (n, c, h, w) on the CPU, from pure noise; nothing is clipped on the way.

    Args:
        predict: the noise in images (n, c, h, w) at a step 0..T-1.
        betas: variance that each step of the diffusion adds, (T,).
        streams: where a sample's noise comes from, for the start and for all steps but the last.
        shape: of an image.
    """

    def noise() -> Tensor:
        return torch.from_numpy(next_normal(streams, int(np.prod(shape)))).view(-1, *shape).to(device)

    left = np.cumprod(1 - betas)
    x = noise()
    with torch.inference_mode():
        for t in reversed(range(len(betas))):
            x = (x - float(betas[t] / np.sqrt(1 - left[t])) * predict(x, t)) / float(np.sqrt(1 - betas[t]))
            if t:
                x = x + float(np.sqrt(betas[t])) * noise()
    return x.cpu()
