"""Named conversions of images: the only ones there are, and none is ever applied that was not named.

A conversion takes one image, uint8, shape (height, width, 1 to 4), and gives another. One that does not apply to an
image is an error. To add one: a row in `CONVERSIONS`, and in docs/datasets.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import BadImages, UnknownName
from . import limits
from .images import Images, ImageSource, Pixels, Positions, describe

LARGEST = 16_384  # pixels to a side that may be asked for
PIECE = 1_000_000  # pixels


@dataclass(frozen=True)
class Conversion:
    """A conversion, or a family of them.

    Attributes:
        name: as it is spelled; `N` stands for a whole number, the side in pixels.
        does: what the result equals.
        apply: the image and N (0 where the name has none) to the result, or none where it does not apply.
    """

    name: str
    does: str
    apply: Callable[[Pixels, int], Pixels | None]


def check_names(names: Sequence[str]) -> None:
    """Raises UnknownName for a name that is no conversion."""
    for name in names:
        _find(name)


def convert(pixels: Pixels, names: Sequence[str]) -> Pixels:
    """One image after the named conversions, in their order.

    Raises:
        UnknownName: no such conversion.
        BadImages: one that does not apply to what the ones before it left.

    >>> convert(np.full((2, 3, 1), 7, np.uint8), ["grey-to-rgb", "centre-crop"]).shape
    (2, 2, 3)
    """
    for name in names:
        conversion, side = _find(name)
        converted = conversion.apply(pixels, side)
        if converted is None:
            raise BadImages(f"{name} does not apply to an image of {describe(pixels.shape)}", conversion.does)
        pixels = converted
    return pixels


def convert_images(images: Images, names: Sequence[str]) -> Images:
    """A run of images after the named conversions, with its labels, captions and conditions."""
    return replace(images, pixels=convert_all(images.pixels, names))


def convert_all(pixels: Pixels, names: Sequence[str]) -> Pixels:
    """Images of any of the depths that conversions take, shape (n, height, width, 1 to 4), after the named ones."""
    check_names(names)
    return np.stack([convert(one, names) for one in pixels]) if names and len(pixels) else pixels


def converted(source: ImageSource, names: Sequence[str]) -> ImageSource:
    """The same images after the named conversions, converted as they are read."""
    check_names(names)
    if not names:
        return source

    def read(start: int, stop: int) -> Images:
        return convert_images(source.read(start, stop), names)

    def walk(start: int, stop: int) -> tuple[Positions, Images]:
        positions, images = source.stretch(start, stop)
        return positions, convert_images(images, names)

    return ImageSource(source.name, source.count, read, walk)


def _find(name: str) -> tuple[Conversion, int]:
    family = re.sub(r"(?<=-)[1-9][0-9]*$", "N", name)
    side = 0 if family == name else int(name.rpartition("-")[2])
    if family not in CONVERSIONS or side > LARGEST or (name == family and name.endswith("-N")):
        raise UnknownName("conversion", name, CONVERSIONS)
    return CONVERSIONS[family], side


def _grey_to_rgb(pixels: Pixels, _: int) -> Pixels | None:
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else None


def _rgb_to_grey(pixels: Pixels, _: int) -> Pixels | None:
    def weigh(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
        weighted = colours.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32)
        return ((weighted + 32768) >> 16).astype(np.uint8)[:, None]

    return _in_pieces(pixels, weigh) if pixels.shape[2] == 3 else None


def _to_rgb(pixels: Pixels, _: int) -> Pixels | None:
    return pixels if pixels.shape[2] == 3 else _grey_to_rgb(pixels, 0)


def _to_rgba(pixels: Pixels, _: int) -> Pixels | None:
    colours, alpha = (pixels[..., :-1], pixels[..., -1:]) if pixels.shape[2] in (2, 4) else (pixels, None)
    rgb = colours if colours.shape[2] == 3 else np.repeat(colours, 3, axis=2)
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    return np.concatenate([rgb, opaque if alpha is None else alpha], axis=2)


def _over(background: int) -> Callable[[Pixels, int], Pixels | None]:
    def blend(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        colours, alpha = pixels[:, :-1].astype(np.uint16), pixels[:, -1:].astype(np.uint16)
        # x / 255 rounded, exactly, for every x up to 255 * 255: no division, and 16 bits suffice.
        x = colours * alpha + np.uint16(background) * (255 - alpha) + np.uint16(128)
        return ((x + (x >> 8)) >> 8).astype(np.uint8)

    return lambda pixels, _: _in_pieces(pixels, blend) if pixels.shape[2] in (2, 4) else None


def _in_pieces(pixels: Pixels, function: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Pixels:
    """A function of pixels (n, channels), a million at a time: wider numbers than uint8 are never there for all."""
    flat = pixels.reshape(-1, pixels.shape[2])
    done = [function(flat[start : start + PIECE]) for start in range(0, len(flat), PIECE)]
    return np.concatenate(done).reshape(*pixels.shape[:2], -1)


def _centre_crop(pixels: Pixels, side: int) -> Pixels | None:
    height, width, _ = pixels.shape
    side = side or min(height, width)
    if side > min(height, width):
        return None
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]


def _resize(name: str) -> Callable[[Pixels, int], Pixels | None]:
    filter = Image.Resampling[name]

    def apply(pixels: Pixels, side: int) -> Pixels | None:
        square = pixels.shape[0] == pixels.shape[1]
        return _resampled(pixels, side, side, filter) if square and pixels.shape[2] in (1, 3) else None

    return apply


def _adm_crop(pixels: Pixels, side: int) -> Pixels | None:
    if pixels.shape[2] not in (1, 3):
        return None
    while min(pixels.shape[:2]) >= 2 * side:
        pixels = _resampled(pixels, pixels.shape[0] // 2, pixels.shape[1] // 2, Image.Resampling.BOX)
    height, width, _ = pixels.shape
    scale = side / min(height, width)
    scaled = _resampled(pixels, round(height * scale), round(width * scale), Image.Resampling.BICUBIC)
    return _centre_crop(scaled, side)


def _resampled(pixels: Pixels, height: int, width: int, filter: Image.Resampling) -> Pixels:
    if height * width > limits.PIXELS:
        raise BadImages(f"{width:,}x{height:,} pixels would be made of it", f"the limit is {limits.PIXELS:,}")
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    resized: NDArray[np.uint8] = np.asarray(image.resize((width, height), filter), np.uint8)
    return resized.reshape(height, width, pixels.shape[2])


def _not_in_memory(pixels: Pixels, _: int) -> Pixels | None:
    # A palette is looked up while a file is decoded, see `registry.sources.decode`; decoded pixels have none.
    return None


# A name, what the result equals, and the function.
_ROWS: tuple[tuple[str, str, Callable[[Pixels, int], Pixels | None]], ...] = (
    ("grey-to-rgb", "grey images only: the one channel three times", _grey_to_rgb),
    (
        "rgb-to-grey",
        "RGB images only: (19595 R + 38470 G + 7471 B + 32768) / 65536 rounded down, the luma of ITU-R BT.601",
        _rgb_to_grey,
    ),
    (
        "to-rgb",
        "sets that mix colours: grey becomes three channels, RGB stays; in files also palettes and CMYK; no alpha",
        _to_rgb,
    ),
    (
        "to-rgba",
        "sets that mix colours: grey becomes three channels, no alpha becomes opaque; in files palettes too",
        _to_rgba,
    ),
    (
        "palette-to-rgb",
        "files with a palette only: the colours looked up, with their alpha where some are transparent",
        _not_in_memory,
    ),
    (
        "rgba-over-white",
        "images with alpha only: (c a + 255 (255 - a)) / 255, rounded half up; grey with alpha becomes grey",
        _over(255),
    ),
    ("rgba-over-black", "images with alpha only: c a / 255, rounded half up; grey with alpha becomes grey", _over(0)),
    (
        "centre-crop",
        "the largest square in the middle; an odd row or column more is cut at the bottom or right",
        _centre_crop,
    ),
    (
        "centre-crop-N",
        "N x N pixels in the middle of an image at least as large; odd ones more are cut at the bottom or right",
        _centre_crop,
    ),
    ("resize-N", "square images only: N x N by Pillow's bicubic filter, antialiased, on 8 bits", _resize("BICUBIC")),
    (
        "resize-lanczos-N",
        "square images only: N x N by Pillow's Lanczos filter, antialiased, on 8 bits",
        _resize("LANCZOS"),
    ),
    ("resize-box-N", "square images only: N x N by Pillow's box filter, on 8 bits", _resize("BOX")),
    (
        "adm-crop-N",
        "grey or RGB: halved (box) while the short side is 2 N or more, short side to N (bicubic), middle N x N",
        _adm_crop,
    ),
)

CONVERSIONS = {name: Conversion(name, does, apply) for name, does, apply in _ROWS}
assert len(CONVERSIONS) == len(_ROWS)
