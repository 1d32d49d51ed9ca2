"""Forgeries that no check can tell, each with the reason."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from committed import current
from genboard.benchmarks.result import preview_path
from PIL import Image
from tampered import BOARD, Ground, edit, put, redraw, resheet

from .edits import Forgery, Spoil, moved, submission
from .previews import tile
from .values import scaled_interval


def missed(kind: str, what: str, reason: str, spoil: Spoil, **more: Any) -> Forgery:
    return Forgery(kind, what, spoil, frozenset(), reason=reason, **more)


MEASURED = "nothing in the files gives the value; `genboard verify` measures it again"

MISSED: tuple[Forgery, ...] = (
    missed("values", "the distance lower by a third of its error, with its interval", MEASURED, moved(0, -0.3)),
    missed("values", "the kernel distance lower, with its interval", MEASURED, moved(1, -2.0)),
    missed("values", "the ratio to training images nearer to one, with its interval", MEASURED, moved(5, -1.0)),
    missed("values", "the Inception score higher, with its interval", MEASURED, moved(9, 2.0)),
    missed(
        "values",
        "the interval of the distance of means a fifth narrower",
        "it follows the skewness of pairs, which no file holds; `genboard verify` measures it again",
        scaled_interval(8, 0.8),
    ),
    missed("run", "a faster processor", "nobody else's clock was there", edit(put("cost", "measuring_s", value=0.5))),
    missed(
        "submitter",
        "authors that do not exist",
        "names prove nothing; the account is checked",
        submission(authors=["Nobody"]),
    ),
    missed(
        "submitter",
        "fewer checkpoints than were tried",
        "a fresh draw shows what the choice was worth",
        submission(selection={"tried": 1, "metric": None, "on": None}),
    ),
    missed(
        "date",
        "made a month earlier",
        "no clock but the submitter's was there",
        edit(put("provenance", "created", value="2026-10-01T00:00:00+00:00")),
    ),
    missed(
        "preview",
        "a rival's, with another contrast",
        "two models on the same seeds may look as alike; `genboard verify` compares the preview with the samples",
        lambda g: faded(g),
    ),
    missed(
        "preview",
        "another submitter's own samples, in another order",
        "`genboard verify` compares the preview with the samples",
        resheet(lambda s: shuffled(s)),
    ),
)


def faded(ground: Ground) -> None:
    """A rival's preview, its samples a little greyer."""
    theirs = Image.open(preview_path(ground.board / "digits@1" / BOARD[0] / current(BOARD[0]).name))
    sheet = np.array(theirs)
    left = sheet[:, : sheet.shape[1] // 2]
    left[..., :3] = np.where(left[..., 3:] > 0, left[..., :3] * 0.9 + 8, left[..., :3])
    data = io.BytesIO()
    Image.fromarray(sheet).save(data, "PNG")
    redraw(data.getvalue())(ground)


def shuffled(sheet: np.ndarray[Any, Any]) -> None:
    first, second = tile(sheet, 0).copy(), tile(sheet, 9).copy()
    tile(sheet, 0)[:], tile(sheet, 9)[:] = second, first
