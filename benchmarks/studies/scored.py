"""Samples scored as a result is, in the space that a track ranks in: values with the intervals that they claim."""

from __future__ import annotations

from typing import get_args

from ...registry.schema import Against
from ..result import MetricRecord
from ..scoring import score_track
from .context import StudyContext

Claimed = dict[str, float | None]  # value, se, lo, hi; null where there is none


def claimed(record: MetricRecord) -> Claimed:
    """A value and the interval that it claims."""
    u = record.uncertainty
    ends: Claimed = {"se": u.se, "lo": u.lo, "hi": u.hi} if u else {"se": None, "lo": None, "hi": None}
    return {"value": record.value, **ends}


def scored(context: StudyContext, name: str, seed: int | None = None) -> dict[str, Claimed]:
    """Every column of the track in its space, of a generator's samples from the track's seed or another."""
    space = context.space
    only = context.track.model_copy(update={"metrics": tuple(context.columns(space))})
    sides: tuple[Against, ...] = get_args(Against)
    references = {(space, side): context.reference(space, side) for side in sides}
    found = score_track(only, {space: context.measured(name, space, seed)}, references)
    return {one.record.key: claimed(one.record) for one in found}
