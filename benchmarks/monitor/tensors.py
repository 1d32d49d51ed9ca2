"""Tensors of a training loop as images: uint8 as it is, floats in a range that was declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...core.errors import BadImages
from ...registry.images import MODES, Images

Range = tuple[float, float]


def images_of_tensor(batch: Any, value_range: Range, name: str) -> Images:
    """Images of a tensor on any device, shape (n, 1 or 3, height, width).

    Floats become uint8 as generators' samples do: floor(255 x + 1/2), where x is 0 at the lower end of the range and 1
    at the upper one.

    Args:
        value_range: of floats.

    Raises:
        BadImages: another type or shape, a NaN or an infinity, or a value outside the range.

    >>> images_of_tensor(torch.tensor([[[[-1.0, 0.0, 1.0]]]]), (-1, 1), "samples").pixels.ravel()
    array([  0, 128, 255], dtype=uint8)
    """
    if not isinstance(batch, Tensor):
        raise BadImages(f"{name}: a {type(batch).__name__}, where a tensor is needed", "give uint8 or float images")
    if batch.ndim != 4 or batch.shape[1] not in MODES or 0 in batch.shape:
        raise BadImages(
            f"{name}: a tensor of shape {tuple(batch.shape)}", "images have the shape (n, 1 or 3, height, width)"
        )
    pixels = batch.detach()
    if pixels.is_floating_point():
        pixels = _rounded(pixels, value_range, name)
    elif pixels.dtype != torch.uint8:
        raise BadImages(f"{name}: images of {pixels.dtype}", "give uint8 in 0..255, or floats in the declared range")
    # A copy in any case: a training loop may fill the same tensor again.
    found: NDArray[np.uint8] = np.array(pixels.permute(0, 2, 3, 1).cpu().numpy(), order="C")
    return Images(found)


def expect_range(value_range: Range) -> Range:
    """The range of floats, if it is one. Raises BadImages otherwise."""
    low, high = value_range
    if not -np.inf < low < high < np.inf:
        raise BadImages(f"a range of values from {low} to {high}", "give its lower end first, such as (-1, 1)")
    return float(low), float(high)


def _rounded(pixels: Tensor, value_range: Range, name: str) -> Tensor:
    low, high = value_range
    least, most = (float(end) for end in torch.aminmax(pixels))
    if not (low <= least and most <= high):
        if not bool(torch.isfinite(pixels).all()):
            raise BadImages(f"{name}: NaN or infinite pixels", "find the cause; nothing is dropped silently")
        raise BadImages(
            f"{name}: values from {least:.6g} to {most:.6g}, outside the declared range of {low:g} to {high:g}",
            "declare their range with value_range=(-1, 1), or clamp what overshoots with x.clamp(low, high)",
        )
    return ((pixels.float() - low) / (high - low) * 255 + 0.5).floor().to(torch.uint8)
