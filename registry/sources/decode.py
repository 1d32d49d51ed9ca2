"""One image file to pixels, strictly: 8-bit grey or RGB, one frame, complete; anything else by a named conversion."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import cache

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...core.ahead import on_threads
from ...core.errors import BadImages
from ...core.executor.opening import cores
from .. import limits
from ..conversions import convert
from ..images import MODES, Captions, Images, ImageSource, Labels, Pixels, describe
from .damage import refusing

ENDINGS = frozenset(".png .apng .bmp .dib .webp .jpg .jpeg .jpe .jfif .jif .gif .tif .tiff .ppm .pgm .pbm .pnm".split())
FORMATS = ("PNG", "BMP", "DIB", "WEBP", "JPEG", "GIF", "TIFF", "PPM")  # Pillow would run Ghostscript on an EPS
# Of images that are not read: a set that holds some is not measured without them unless that is asked for.
OTHER_ENDINGS = frozenset(
    ".avif .avifs .heic .heif .hif .jp2 .j2k .j2c .jpc .jpf .jpx .jxl .jxr .mpo .pam .pfm .tga .qoi .dds .exr .hdr "
    ".ico .cur .icns .pcx .sgi .rgb .rgba .bw .ras .xbm .xpm .psd .svg .svgz .eps .wmf .emf .flif .bpg "
    ".dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .raw".split()
)

MODE_CHANNELS = {mode: channels for channels, mode in MODES.items()}
THREADS = 8  # that decode at once, at most
LARGE = 128 * 128  # pixels of an image from which on threads decode sooner: Python's lock is let go for the rest only
_WITH_ALPHA = {"LA": 2, "RGBA": 4}  # read only where a conversion is named, which must see to the alpha

_ALPHA = "it has an alpha channel; name what lies behind it, rgba-over-white or rgba-over-black"
_DEEP = "it has 16 or more bits a channel; convert it to 8 bits first"
_WHY = {
    "RGBA": _ALPHA,
    "LA": _ALPHA,
    "P": "it has a palette; name the conversion palette-to-rgb, or to-rgb where only some have one",
    "1": "it has one bit a pixel; convert it to 8-bit grey first",
    "CMYK": "it is CMYK; name the conversion to-rgb",
    "LAB": "its colours are those of CIE L*a*b*; convert it to RGB first",
    "I": _DEEP,
    "F": _DEEP,
}


def source_of_files(
    name: str,
    count: int,
    load: Callable[[int], tuple[str, bytes]],
    labels: Labels | None = None,
    conversions: Sequence[str] = (),
    captions: Captions | None = None,
) -> ImageSource:
    """A source of encoded images, of which `load` gives the i-th with its own name.

    Reading raises BadImages for a file that `decode` refuses, or of another size or colour than the first of all. Files
    are read one after the other, and large images decoded on all cores.
    """

    def decoded(file: tuple[str, bytes]) -> tuple[str, Pixels]:
        return file[0], decode(file[1], file[0], conversions)

    first = cache(lambda: decoded(load(0)))

    def read(start: int, stop: int) -> Images:
        files = (load(i) for i in range(start, stop))
        height, width, _ = first()[1].shape
        threads = min(cores(), THREADS, stop - start) if height * width >= LARGE else 1
        found = on_threads(decoded, files, threads) if threads > 1 else (decoded(file) for file in files)
        with unwarned(), closing(found):
            pixels = stacked(found, first())
        told = None if captions is None else captions[start:stop]
        return Images(pixels, None if labels is None else labels[start:stop], told)

    return ImageSource(name, count, read)


def stacked(found: Iterable[tuple[str, Pixels]], first: tuple[str, Pixels]) -> Pixels:
    """Named images as one array, if they have the shape of the set's first; else raises BadImages with both.

    The first that has not ends it, so that few images are in memory beyond those of the set.
    """
    alike = []
    for name, pixels in found:
        if pixels.shape != first[1].shape:
            raise BadImages(
                f"{name}: {describe(pixels.shape)}, but {first[0]} is {describe(first[1].shape)}",
                "all images of a set need the same size and colour mode; nothing is converted silently",
            )
        alike.append(pixels)
    return np.stack(alike)


def decode(data: bytes, name: str, conversions: Sequence[str] = ()) -> Pixels:
    """Pixels of one image file after the named conversions, uint8, shape (height, width, 1 or 3).

    Raises:
        BadImages: truncated, animated, too large, or of another mode that no conversion sees to.
    """
    damaged = "the file is truncated or damaged: write it again"
    with unwarned(), refusing(BadImages, f"{name}: cannot be decoded", damaged):
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return pixels_of(image, name, conversions)
        except UnidentifiedImageError as e:
            raise BadImages(f"{name}: not an image", "remove it from the folder, or restore it") from e
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as e:
            raise BadImages(f"{name}: too many pixels", f"the limit is {limits.PIXELS:,}") from e


_filters, _entered, _lock = ExitStack(), 0, threading.Lock()


@contextmanager
def unwarned() -> Iterator[None]:
    """What Pillow warns of: metadata never, as some EXIF data of ImageNet are corrupt; too many pixels as an error.

    All threads of Python share one list of filters. The first that enters sets them, and the last that leaves takes
    them back: a thread that is to wait for others enters before they do.
    """
    global _entered
    with _lock:
        if _entered == 0:
            _filters.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
        _entered += 1
    try:
        yield
    finally:
        with _lock:
            _entered -= 1
            if _entered == 0:
                _filters.close()


def pixels_of(image: Image.Image, name: str, conversions: Sequence[str] = ()) -> Pixels:
    """The pixels of an opened image after the named conversions: see `decode`.

    They are as they are stored: an orientation among the metadata turns only TIFF files, as Pillow has it.
    """
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format == "MPO":
        problem = f"{frames} pictures in one JPEG file (MPO), as phones and stereo cameras write them"
        raise BadImages(f"{name}: {problem}", "write the first picture to a file of its own")
    if frames > 1:
        raise BadImages(f"{name}: animated, {frames} frames", "write each frame to its own file")
    if image.width * image.height > limits.PIXELS:
        raise BadImages(f"{name}: {image.width}x{image.height} pixels", f"the limit is {limits.PIXELS:,}")
    _refuse_rescaled(image, name)
    image, left = _looked_up(image, conversions)
    if "transparency" in image.info:
        raise BadImages(f"{name}: a transparent colour, not plain grey or RGB", "name to-rgba and rgba-over-white")
    channels = (MODE_CHANNELS | (_WITH_ALPHA if conversions else {})).get(image.mode)
    if channels is None:
        hint = _WHY.get(image.mode.partition(";")[0], "convert it to RGB first")
        raise BadImages(f"{name}: mode {image.mode}, neither 8-bit grey nor RGB", hint)
    image.load()
    pixels = np.asarray(image, np.uint8).reshape(image.height, image.width, channels)
    try:
        found = convert(pixels, left)
    except BadImages as e:
        raise BadImages(f"{name}: {e.fact}", e.hint) from e
    if found.shape[2] not in MODES:
        raise BadImages(f"{name}: still has an alpha channel after {', '.join(conversions)}", _ALPHA)
    return found


def _refuse_rescaled(image: Image.Image, name: str) -> None:
    """Raises BadImages for channels that Pillow would bring to 8 bits, or leave out, without a word."""
    for tile in getattr(image, "tile", ()):
        said = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        raw = str(said[0])
        if image.format in ("BMP", "DIB") and raw.endswith((";15", ";16")):
            problem, hint = "5 or 6 bits a channel", "save it with 24 bits a pixel first"
        elif any(";16" in str(part) for part in said):
            problem = f"mode {image.mode}" if image.mode not in MODE_CHANNELS else "16 bits a channel"
            hint = _DEEP
        elif image.format == "PPM" and len(said) > 1 and isinstance(said[-1], int) and said[-1] != 255:
            problem, hint = f"white is {said[-1]}, not 255", "convert it to 8 bits first"
        elif image.format == "TIFF" and image.mode in MODE_CHANNELS and "X" in raw:
            problem, hint = "a channel that is neither colour nor alpha", "write it again without that channel"
        else:
            continue
        raise BadImages(f"{name}: {problem}, not 8-bit grey or RGB", hint)


def _looked_up(image: Image.Image, conversions: Sequence[str]) -> tuple[Image.Image, Sequence[str]]:
    """What only a file has, its palette, transparent colour or inks, resolved where the first conversion says so."""
    first = conversions[0] if conversions else ""
    see_through = "transparency" in image.info
    if image.mode == "P" and first in ("palette-to-rgb", "to-rgb", "to-rgba"):
        looked_up = image.convert("RGBA" if see_through else "RGB")
        return _plain(looked_up), conversions[1:] if first == "palette-to-rgb" else conversions
    if image.mode in MODE_CHANNELS and see_through and first == "to-rgba":
        return _plain(image.convert("RGBA")), conversions
    if image.mode == "CMYK" and first == "to-rgb":
        return _plain(image.convert("RGB")), conversions
    return image, conversions


def _plain(image: Image.Image) -> Image.Image:
    image.info.pop("transparency", None)
    return image
