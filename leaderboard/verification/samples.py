"""Whether samples that were drawn again are the published ones."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...benchmarks.pixels import pixels_off
from ...benchmarks.result import Result, preview_path
from ...core.errors import BadEntry
from ...core.files import read_bytes
from ...registry.images import ImageSource
from .log_entry import Pixels
from .tolerance import LEVELS_OFF, PIXELS_OFF

LARGEST_SHEET = 4096  # pixels of a side: 8 columns of tiles of 64, twice, are 1,040


@dataclass(frozen=True)
class Off:
    """How far two sets of pixels are apart: the share of their values that differ, and the most grey levels."""

    share: float
    levels: int


def compare_samples(
    published: Result, found: Result, submitted: ImageSource | None, drawn: ImageSource, shown: Off | None
) -> tuple[Pixels, str | None]:
    """How far samples that were drawn again are from the published ones, and why that is too far; none if it is not.

    Args:
        submitted: the published samples, to be compared where the digests differ.
        shown: see `preview_off`; it serves where the samples are not at hand.
    """
    digests = (published.sampling.digest, found.sampling.digest)
    assert digests[0] is not None
    assert digests[1] is not None
    if digests[0] == digests[1]:
        return Pixels(published=digests[0], found=digests[1], compared=0, share_off=None), preview_problem(shown)
    compared, off, problem = 0, shown, None
    if submitted is not None:
        difference = pixels_off(submitted, drawn)
        compared, off = difference.images, Off(difference.share_off, difference.largest)
        if difference.labels_differing:
            problem = f"{difference.labels_differing} samples have other labels"
    elif shown is not None and published.preview is not None:
        compared = published.preview.tiles
    if off is None:
        problem = problem or "the digests differ, and there are no published pixels to compare: give --samples"
    elif off.levels > LEVELS_OFF:
        problem = problem or f"values of {compared} samples are up to {off.levels} grey levels apart"
    elif off.share > PIXELS_OFF:
        problem = problem or f"{off.share:.2%} of the values of {compared} samples differ"
    share, levels = (None, None) if off is None else (off.share, off.levels)
    return Pixels(published=digests[0], found=digests[1], compared=compared, share_off=share, levels=levels), problem


def preview_problem(shown: Off | None) -> str | None:
    """Why the preview is not of the published samples, where these came out bit by bit."""
    return f"the preview shows other samples: {shown.share:.2%} of its values differ" if shown and shown.share else None


def preview_off(published: Path, found: Path) -> Off | None:
    """How far the samples in a result's preview are off; none without a preview."""
    if not preview_path(published).is_file():
        return None
    again, before = sheet_of(preview_path(found)), sheet_of(preview_path(published))
    assert again is not None
    if before is None or before.shape != again.shape:
        return Off(1.0, 255)
    half = again.shape[1] // 2  # on the right are training images, of which two may be equally near
    inked = again[:, :half, 3] > 0
    apart = np.abs(before - again)[:, :half][inked]
    return Off(float((apart > 0).mean()), int(apart.max(initial=0)))


def sheet_of(path: Path) -> NDArray[np.int16] | None:
    """A contact sheet, shape (h, w, 4); none if there is none, or if it is too large for one."""
    if not path.is_file() or path.is_symlink():  # a pipe would be waited for
        return None
    try:
        with Image.open(io.BytesIO(read_bytes(path)), formats=("PNG",)) as image:
            if max(image.size) > LARGEST_SHEET:
                return None
            sheet: NDArray[Any] = np.asarray(image.convert("RGBA"), np.int16)
            return sheet
    except (OSError, ValueError, SyntaxError, BadEntry, Image.DecompressionBombError):
        return None
