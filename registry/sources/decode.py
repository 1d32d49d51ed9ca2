"""One image file to pixels, strictly: 8-bit grey or RGB, one frame, complete."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...errors import BadImages
from ..images import MODES, Images, ImageSource, Pixels, describe
from ..schema import Shape
from .damage import refusing

ENDINGS = frozenset({".png", ".bmp", ".webp", ".jpg", ".jpeg", ".gif", ".tif", ".tiff"})
FORMATS = ("PNG", "BMP", "WEBP", "JPEG", "GIF", "TIFF")  # no others: Pillow would run Ghostscript on an EPS
PIXEL_LIMIT = 64_000_000  # 8,000 x 8,000: larger is a decompression bomb, or no sample of a benchmark

MODE_CHANNELS = {mode: channels for channels, mode in MODES.items()}

_WHY = {
    "RGBA": "it has an alpha channel; put it over a background first",
    "LA": "it has an alpha channel; put it over a background first",
    "P": "it has a palette; convert it to grey or RGB first",
    "1": "it has one bit a pixel; convert it to 8-bit grey first",
    "CMYK": "it is CMYK; convert it to RGB first",
}
_DEEP = "it has 16 or more bits a channel; convert it to 8 bits first"


def source_of_files(name: str, count: int, load: Callable[[int], tuple[str, bytes]]) -> ImageSource:
    """A source of encoded images, of which `load` gives the i-th with its own name.

    Reading raises BadImages for a file that `decode` refuses, or of another size or colour than the first of all.
    """
    first: list[tuple[str, Shape]] = []

    def read(start: int, stop: int) -> Images:
        if not first:
            name_0, data_0 = load(0)
            height, width, channels = decode(data_0, name_0).shape
            first.append((name_0, (height, width, channels)))
        return Images(np.stack(_alike([load(i) for i in range(start, stop)], *first[0])))

    return ImageSource(name, count, read)


def _alike(files: Sequence[tuple[str, bytes]], first: str, shape: Shape) -> list[Pixels]:
    decoded = [decode(data, name) for name, data in files]
    for (name, _), pixels in zip(files, decoded, strict=True):
        if pixels.shape != shape:
            raise BadImages(
                f"{name}: {describe(pixels.shape)}, where {first} is {describe(shape)}",
                "all images of a set have one size and colour: nothing is resized or converted silently",
            )
    return decoded


def decode(data: bytes, name: str) -> Pixels:
    """Pixels of one image file, uint8, shape (height, width, 1 or 3).

    Raises:
        BadImages: truncated, animated, too large, or of another mode.
    """
    damaged = "the file is truncated or damaged: write it again"
    with warnings.catch_warnings(), refusing(BadImages, f"{name}: cannot be decoded", damaged):
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _pixels(image, name)
        except UnidentifiedImageError as e:
            raise BadImages(f"{name}: not an image", "remove it from the folder, or restore it") from e
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as e:
            raise BadImages(f"{name}: more pixels than any sample has", f"{PIXEL_LIMIT:,} are the limit") from e


def _pixels(image: Image.Image, name: str) -> Pixels:
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        raise BadImages(f"{name}: animated, {frames} frames", "one frame a sample: write each to a file of its own")
    if image.width * image.height > PIXEL_LIMIT:
        raise BadImages(f"{name}: {image.width}x{image.height} pixels", f"{PIXEL_LIMIT:,} are the limit")
    if image.mode not in MODE_CHANNELS:
        raise BadImages(f"{name}: mode {image.mode}, neither 8-bit grey nor RGB", _WHY.get(image.mode, _DEEP))
    # Pillow would cut 16-bit RGB down to 8 bits, and drop a transparent colour, without a word.
    if any(";16" in str(tile[3]) for tile in getattr(image, "tile", ())):
        raise BadImages(f"{name}: 16 bits a channel, not 8-bit grey or RGB", _DEEP)
    if "transparency" in image.info:
        raise BadImages(f"{name}: a transparent colour, not plain grey or RGB", _WHY["RGBA"])
    image.load()
    return np.asarray(image, np.uint8).reshape(image.height, image.width, MODE_CHANNELS[image.mode])
