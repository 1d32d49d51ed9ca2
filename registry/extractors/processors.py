"""The preprocessing of CLIP and DINOv2: what the Pillow processors of transformers give, without their overhead.

The resize is Pillow's own, on uint8, as in the networks' training: a resize in float or by torch differs by up to a
grey level, which these networks see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Recipe:
    """Mean and standard deviation of the three channels, of images in [0, 1]."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


CLIP = Recipe((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
DINOV2 = Recipe(IMAGENET_MEAN, IMAGENET_STD)


def processed(pixels: Tensor, recipe: Recipe, shortest: int, crop: int) -> Tensor:
    """Shorter side to `shortest` (bicubic, antialiased, rounded to uint8), centre crop, scaled and normalised."""
    cropped = np.stack([resized(image, shortest, crop) for image in pixels.cpu().numpy()])
    planes = torch.from_numpy(cropped).to(pixels.device).permute(0, 3, 1, 2).float()
    mean, std = (torch.tensor(v, device=pixels.device).view(3, 1, 1) for v in (recipe.mean, recipe.std))
    return planes.mul_(1.0 / 255.0).sub_(mean).div_(std)


def resized(image: NDArray[np.uint8], shortest: int, crop: int) -> NDArray[np.uint8]:
    """One image (h, w, 3), its shorter side resized to `shortest`, cut to a square of `crop` in the middle."""
    height, width = image.shape[:2]
    # The longer side is cut off to whole pixels, not rounded; so is half of what the crop leaves over.
    rows = shortest if height <= width else int(shortest * height / width)
    columns = shortest if width <= height else int(shortest * width / height)
    whole = np.asarray(Image.fromarray(image).resize((columns, rows), Image.Resampling.BICUBIC))
    top, left = (rows - crop) // 2, (columns - crop) // 2
    return whole[top : top + crop, left : left + crop]
