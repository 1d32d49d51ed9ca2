"""Forgeries that no check can tell, each with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np
from tampered import edit, put, resheet

from .edits import Forgery, Spoil, moved, submission
from .previews import tile


def missed(kind: str, what: str, reason: str, spoil: Spoil, **more: Any) -> Forgery:
    return Forgery(kind, what, spoil, frozenset(), reason=reason, **more)


MEASURED = "nothing in the files gives the value; `genboard verify` measures it again"

MISSED: tuple[Forgery, ...] = (
    missed("values", "the distance lower by a third of its error, with its interval", MEASURED, moved(0, -0.3)),
    missed("values", "the kernel distance lower, with its interval", MEASURED, moved(1, -2.0)),
    missed("values", "the ratio to training images nearer to one, with its interval", MEASURED, moved(5, -1.0)),
    missed("values", "the Inception score higher, with its interval", MEASURED, moved(9, 2.0)),
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
        "another submitter's own samples, in another order",
        "`genboard verify` compares the preview with the samples",
        resheet(lambda s: shuffled(s)),
    ),
)


def shuffled(sheet: np.ndarray[Any, Any]) -> None:
    first, second = tile(sheet, 0).copy(), tile(sheet, 9).copy()
    tile(sheet, 0)[:], tile(sheet, 9)[:] = second, first
