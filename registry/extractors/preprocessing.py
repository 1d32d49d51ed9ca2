"""What is done to images before a network sees them: described step by step, or named where a peer does the same.

What a description gives is a function of uint8 pixels (n, height, width, channels) of one shape, to float32
(n, c, h, w) on the same device; channels are red, green and blue, or grey. To name one: a line in `MODES`, a row in
docs/extractors.md, and a test beside the peer it equals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ...core.errors import BadImages, UnknownName
from ..spaces import Filter, Preprocessing, Resize

Mode: TypeAlias = Callable[[Tensor], Tensor]
Size: TypeAlias = tuple[int, int]  # rows, columns


def planes(pixels: Tensor) -> Tensor:
    """Grey levels as float32, (n, c, h, w), still stored channels-last: the order the networks compute in."""
    return pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.channels_last)


def bilinear(pixels: Tensor, size: Size) -> Tensor:
    """torch's: half pixels, no antialiasing, not rounded."""
    return F.interpolate(planes(pixels), size=size, mode="bilinear", align_corners=False)


def antialiased(pixels: Tensor, size: Size, mode: str) -> Tensor:
    """Pillow's kernel with antialiasing, each channel in float, clipped to [0, 255] and not rounded."""
    # In float32 torch rounds the points it reads at, and is off by 0.005 grey levels.
    exact = planes(pixels).double()
    resized = F.interpolate(exact, size=size, mode=mode, align_corners=False, antialias=True)
    return resized.float().clamp_(0.0, 255.0)


def tf1_bilinear(pixels: Tensor, size: Size) -> Tensor:
    """As TensorFlow 1 does: output pixel i is read at i * input / output, with no half pixel; not rounded.

    The same points as a resize that aligns corners, of an image with its last row and column doubled, to one more
    than the size; so torch's own kernel does it.
    """
    rows, columns = size
    doubled = F.pad(planes(pixels), (0, 1, 0, 1), mode="replicate")
    whole = F.interpolate(doubled, size=(rows + 1, columns + 1), mode="bilinear", align_corners=True)
    return whole[:, :, :rows, :columns].contiguous(memory_format=torch.channels_last)


def pillow(pixels: Tensor, size: Size, kernel: Image.Resampling) -> Tensor:
    """Pillow's own on uint8, antialiased and rounded: what CLIP and DINOv2 were trained with.

    A resize in float or by torch differs by up to a grey level, which these networks see.
    """
    rows, columns = size
    resized = np.stack([_by_pillow(image, (columns, rows), kernel) for image in pixels.cpu().numpy()])
    return torch.from_numpy(resized).to(pixels.device).permute(0, 3, 1, 2).float()


def _by_pillow(image: NDArray[np.uint8], size: Size, kernel: Image.Resampling) -> NDArray[np.uint8]:
    whole = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image).resize(size, kernel)
    return np.asarray(whole).reshape(*size[::-1], image.shape[2])


FILTERS: Mapping[Filter, Callable[[Tensor, Size], Tensor]] = MappingProxyType(
    {
        "bilinear": bilinear,
        "bilinear-antialias": partial(antialiased, mode="bilinear"),
        "bicubic-antialias": partial(antialiased, mode="bicubic"),
        "tf1-bilinear": tf1_bilinear,
        "pillow-box": partial(pillow, kernel=Image.Resampling.BOX),
        "pillow-bilinear": partial(pillow, kernel=Image.Resampling.BILINEAR),
        "pillow-bicubic": partial(pillow, kernel=Image.Resampling.BICUBIC),
        "pillow-lanczos": partial(pillow, kernel=Image.Resampling.LANCZOS),
    }
)


def prepared(pixels: Tensor, description: Preprocessing) -> Tensor:
    """What a network gets of images, by a description.

    Raises:
        BadImages: the crop is larger than the images.
    """
    resize = description.resize
    if resize is None:
        levels = pixels.permute(0, 3, 1, 2).float()
    else:
        levels = FILTERS[resize.filter](pixels, _size(pixels, resize))
    if description.crop is not None:
        levels = _cropped(levels, description.crop)
    levels = _ranged(levels, description)
    if description.mean:
        mean, std = (torch.tensor(v, device=pixels.device).view(-1, 1, 1) for v in (description.mean, description.std))
        levels = levels.sub_(mean).div_(std)
    return levels


def _size(pixels: Tensor, resize: Resize) -> Size:
    height, width = pixels.shape[1:3]
    if resize.side == "both":
        return resize.size, resize.size
    # The longer side is cut off to whole pixels, not rounded.
    rows = resize.size if height <= width else int(resize.size * height / width)
    columns = resize.size if width <= height else int(resize.size * width / height)
    return rows, columns


def _cropped(levels: Tensor, crop: int) -> Tensor:
    rows, columns = levels.shape[2:]
    if min(rows, columns) < crop:
        raise BadImages(
            f"images of {columns}x{rows} cannot be cropped to {crop}x{crop}", "add a resize to the preprocessing"
        )
    top, left = (rows - crop) // 2, (columns - crop) // 2
    middle = levels[:, :, top : top + crop, left : left + crop]
    return middle.contiguous(memory_format=torch.channels_last)  # as the resizes leave it


def _ranged(levels: Tensor, description: Preprocessing) -> Tensor:
    """Grey levels from 0 to 255 in the range that is described."""
    low, high = description.range
    if (low, high) == (0.0, 255.0):
        return levels
    # The processors of transformers, which resize by Pillow, multiply by 1/255 where others divide: a last bit apart.
    by_pillow = description.resize is not None and description.resize.filter.startswith("pillow")
    if (low, high) == (0.0, 1.0) and not by_pillow:
        return levels.div_(255.0)
    scaled = levels.mul_((high - low) / 255.0)
    return scaled.add_(low) if low else scaled


_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_IMAGENET = {"mean": _IMAGENET_MEAN, "std": _IMAGENET_STD}
_CLIP = {"mean": (0.48145466, 0.4578275, 0.40821073), "std": (0.26862954, 0.26130258, 0.27577711)}
_EFFICIENTNET_LITE = {"mean": (127 / 255,) * 3, "std": (128 / 255,) * 3}
_LPIPS = {"mean": (-0.030, -0.088, -0.188), "std": (0.458, 0.448, 0.450)}
_GREY_LEVELS = (0.0, 255.0)


def _in_grey_levels(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float(np.float32(v) * np.float32(255)) for v in values)


def _by_processor(shortest: int, crop: int, normal: Mapping[str, tuple[float, ...]]) -> Preprocessing:
    """What the Pillow processors of transformers give, without their overhead."""
    resize = Resize(filter="pillow-bicubic", size=shortest, side="shorter")
    return Preprocessing(resize=resize, crop=crop, **normal)


def _resized(kernel: Filter, size: int, **more: tuple[float, ...]) -> Preprocessing:
    return Preprocessing.model_validate({"resize": Resize(filter=kernel, size=size), **more})


MODES: Mapping[str, Preprocessing] = MappingProxyType(
    {
        "unit": Preprocessing(),
        "unit-signed": Preprocessing(mean=(0.5,), std=(0.5,)),
        "unit-imagenet": Preprocessing(**_IMAGENET),
        "tf1-bilinear-299": _resized("tf1-bilinear", 299, range=_GREY_LEVELS, mean=(128.0,), std=(128.0,)),
        "torch-bilinear-299": _resized("bilinear", 299, range=(-1.0, 1.0)),
        "clean-299": _resized("bicubic-antialias", 299, range=_GREY_LEVELS, mean=(128.0,), std=(128.0,)),
        "tf1-bilinear-224-imagenet": _resized(
            "tf1-bilinear",
            224,
            range=_GREY_LEVELS,
            mean=_in_grey_levels(_IMAGENET_MEAN),
            std=_in_grey_levels(_IMAGENET_STD),
        ),
        "clip-224": _by_processor(224, 224, _CLIP),
        "clip-336": _by_processor(336, 336, _CLIP),
        "dinov2-224": _by_processor(256, 224, _IMAGENET),
        "lenet-32": _resized("bilinear", 32),
        "efficientnet-lite-224": _by_processor(224, 224, _EFFICIENTNET_LITE),
        "lpips-64": _resized("bilinear-antialias", 64, range=(-1.0, 1.0), **_LPIPS),
    }
)
unit: Mode = partial(prepared, description=MODES["unit"])


def find_mode(name: str | Preprocessing) -> Mode:
    """What a description does, or the one of that name.

    Raises:
        UnknownName: there is none.
    """
    if isinstance(name, Preprocessing):
        return partial(prepared, description=name)
    try:
        return partial(prepared, description=MODES[name])
    except KeyError:
        raise UnknownName("preprocessing", name, MODES) from None
