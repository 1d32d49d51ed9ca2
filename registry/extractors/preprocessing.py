"""What is done to images before a network sees them: named modes, each equal to what a peer does.

A mode takes uint8 pixels (n, height, width, channels) of one shape and gives float32 (n, c, h, w) on the same device.
To add one: a function, a line in `MODES`, a paragraph in docs/extractors.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ...core.errors import UnknownName

Mode: TypeAlias = Callable[[Tensor], Tensor]


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Recipe:
    """Mean and standard deviation of the three channels, of images in [0, 1]."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


CLIP = Recipe((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
DINOV2 = Recipe(IMAGENET_MEAN, IMAGENET_STD)
EFFICIENTNET_LITE = Recipe((127 / 255, 127 / 255, 127 / 255), (128 / 255, 128 / 255, 128 / 255))


def planes(pixels: Tensor) -> Tensor:
    """Grey levels as float32, (n, c, h, w), still stored channels-last: the order the networks compute in."""
    return pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.channels_last)


def unit(pixels: Tensor) -> Tensor:
    """Divided by 255, nothing else."""
    return pixels.permute(0, 3, 1, 2).float() / 255.0


def unit_signed(pixels: Tensor) -> Tensor:
    """Not resized, 2 x / 255 - 1: in [-1, 1]."""
    return unit(pixels).mul_(2.0).sub_(1.0)


def unit_imagenet(pixels: Tensor) -> Tensor:
    """Not resized, divided by 255, then the mean and standard deviation of ImageNet."""
    mean, std = (torch.tensor(v, device=pixels.device).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return unit(pixels).sub_(mean).div_(std)


def tf1_bilinear(pixels: Tensor, size: int) -> Tensor:
    """Resized to a square as TensorFlow 1 does: output pixel i is read at i * input / output, with no half pixel.

    The same points as a resize that aligns corners, of an image with its last row and column doubled, to one more
    than the size; so torch's own kernel does it.
    """
    doubled = F.pad(planes(pixels), (0, 1, 0, 1), mode="replicate")
    whole = F.interpolate(doubled, size=(size + 1, size + 1), mode="bilinear", align_corners=True)
    return whole[:, :, :size, :size].contiguous(memory_format=torch.channels_last)


def tf1_bilinear_299(pixels: Tensor) -> Tensor:
    """TensorFlow 1's bilinear resize, then (x - 128) / 128."""
    return tf1_bilinear(pixels, 299).sub_(128.0).div_(128.0)


def tf1_bilinear_224_imagenet(pixels: Tensor) -> Tensor:
    """TensorFlow 1's bilinear resize, then the mean and standard deviation of ImageNet."""
    mean, std = (torch.tensor(v, device=pixels.device).mul(255.0).view(3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return tf1_bilinear(pixels, 224).sub_(mean).div_(std)


def torch_bilinear_299(pixels: Tensor) -> Tensor:
    """torch's bilinear resize (half pixels, no antialiasing) of x / 255, then 2 x - 1."""
    resized = F.interpolate(planes(pixels), size=(299, 299), mode="bilinear", align_corners=False)
    return resized.mul_(2.0 / 255.0).sub_(1.0)


def clean_299(pixels: Tensor) -> Tensor:
    """Pillow's antialiased bicubic resize in float, clipped to [0, 255] and not rounded, then (x - 128) / 128."""
    # In float32 torch rounds the points it reads at, and is off by 0.005 grey levels.
    exact = planes(pixels).double()
    resized = F.interpolate(exact, size=(299, 299), mode="bicubic", align_corners=False, antialias=True)
    return resized.float().clamp_(0.0, 255.0).sub_(128.0).div_(128.0)


def lenet_32(pixels: Tensor) -> Tensor:
    """Bilinear resize (half pixels, no antialiasing) to 32x32, divided by 255."""
    return F.interpolate(planes(pixels), size=(32, 32), mode="bilinear", align_corners=False).div_(255.0)


def processed(pixels: Tensor, recipe: Recipe, shortest: int, crop: int) -> Tensor:
    """Shorter side to `shortest` (bicubic, antialiased, rounded to uint8), centre crop, scaled and normalised.

    What the Pillow processors of transformers give, without their overhead. The resize is Pillow's own, as in the
    training of CLIP and DINOv2: one in float or by torch differs by up to a grey level, which these networks see.
    """
    cropped = np.stack([resized(image, shortest, crop) for image in pixels.cpu().numpy()])
    levels = torch.from_numpy(cropped).to(pixels.device).permute(0, 3, 1, 2).float()
    mean, std = (torch.tensor(v, device=pixels.device).view(3, 1, 1) for v in (recipe.mean, recipe.std))
    return levels.mul_(1.0 / 255.0).sub_(mean).div_(std)


def resized(image: NDArray[np.uint8], shortest: int, crop: int) -> NDArray[np.uint8]:
    """One image (h, w, 3), its shorter side resized to `shortest`, cut to a square of `crop` in the middle."""
    height, width = image.shape[:2]
    # The longer side is cut off to whole pixels, not rounded; so is half of what the crop leaves over.
    rows = shortest if height <= width else int(shortest * height / width)
    columns = shortest if width <= height else int(shortest * width / height)
    whole = np.asarray(Image.fromarray(image).resize((columns, rows), Image.Resampling.BICUBIC))
    top, left = (rows - crop) // 2, (columns - crop) // 2
    return whole[top : top + crop, left : left + crop]


MODES: Mapping[str, Mode] = MappingProxyType(
    {
        "unit": unit,
        "unit-signed": unit_signed,
        "unit-imagenet": unit_imagenet,
        "tf1-bilinear-299": tf1_bilinear_299,
        "torch-bilinear-299": torch_bilinear_299,
        "clean-299": clean_299,
        "tf1-bilinear-224-imagenet": tf1_bilinear_224_imagenet,
        "clip-224": partial(processed, recipe=CLIP, shortest=224, crop=224),
        "clip-336": partial(processed, recipe=CLIP, shortest=336, crop=336),
        "dinov2-224": partial(processed, recipe=DINOV2, shortest=256, crop=224),
        "lenet-32": lenet_32,
        "efficientnet-lite-224": partial(processed, recipe=EFFICIENTNET_LITE, shortest=224, crop=224),
    }
)


def find_mode(name: str) -> Mode:
    """The mode of that name.

    Raises:
        UnknownName: there is none.
    """
    try:
        return MODES[name]
    except KeyError:
        raise UnknownName("preprocessing", name, MODES) from None
