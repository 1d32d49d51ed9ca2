"""Whether samples that were drawn again are the published ones."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...benchmarks.pixels import pixels_off
from ...benchmarks.result import Result, preview_path
from ...files import read_bytes
from ...registry.images import ImageSource
from ..log_entry import Pixels
from .tolerance import PIXELS_OFF


def compare_samples(
    published: Result, found: Result, submitted: ImageSource | None, drawn: ImageSource, shown: float | None
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
    compared, share, problem = 0, shown, None
    if submitted is not None:
        difference = pixels_off(submitted, drawn)
        compared, share = difference.images, difference.share_off_by_more_than_one
        if difference.labels_differing:
            problem = f"{difference.labels_differing} samples have other labels"
    elif shown is not None and published.preview is not None:
        compared = published.preview.tiles
    if share is None:
        problem = problem or "the digests differ, and there are no published pixels to compare: give --samples"
    elif share > PIXELS_OFF:
        problem = problem or f"{share:.2%} of the values of {compared} samples are more than one grey level apart"
    return Pixels(published=digests[0], found=digests[1], compared=compared, share_off=share), problem


def preview_problem(shown: float | None) -> str | None:
    """Why the preview is not of the published samples, where these came out bit by bit."""
    return f"the preview shows other samples: {shown:.2%} of its values differ" if shown else None


def preview_off(published: Path, found: Path) -> float | None:
    """The share of the samples in a result's preview that is more than one grey level off; none without a preview."""
    if not preview_path(published).is_file():
        return None
    again = _sheet(preview_path(found), None)
    assert again is not None
    before = _sheet(preview_path(published), again.shape)
    if before is None:
        return 1.0
    half = again.shape[1] // 2  # on the right are training images, of which two may be equally near
    inked = again[:, :half, 3] > 0
    return float((np.abs(before - again)[:, :half][inked] > 1).mean())


def _sheet(path: Path, shape: tuple[int, ...] | None) -> NDArray[np.int16] | None:
    """A contact sheet (h, w, 4); none if it is not one, or of another shape."""
    try:
        with Image.open(io.BytesIO(read_bytes(path)), formats=("PNG",)) as image:
            if shape is not None and image.size != (shape[1], shape[0]):
                return None
            sheet: NDArray[Any] = np.asarray(image.convert("RGBA"), np.int16)
            return sheet
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
