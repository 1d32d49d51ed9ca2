"""Where a value falls on the ladders of the study `ruler`, and how that is said: 'blurred by 0.4 pixels'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from types import MappingProxyType
from typing import Any

from ..difference import halves, joined
from ..uncertainty import Z
from .evaluator import apart, loss, metric_of
from .ladders import UNALTERED
from .table import Row, Table


@dataclass(frozen=True)
class Amount:
    """How much of an alteration is said.

    Attributes:
        title: of the ladder.
        words: of images, with the amount in braces.
        short: the same where the title of the ladder stands above.
        unit: what follows each number.
    """

    title: str
    words: str
    short: str
    unit: str = ""


AMOUNTS: Mapping[str, Amount] = MappingProxyType(
    {
        "blur": Amount("Blur", "blurred by {} pixels", "{} pixels"),
        "noise": Amount("Noise", "with noise of {} of the range", "{}", "%"),
        "classes": Amount("Missing classes", "with {} of {classes} classes missing", "{} of {classes}"),
        "replaced": Amount("Noise images", "with {} of them replaced by noise", "{}", "%"),
    }
)


@dataclass(frozen=True)
class Rung:
    """A step of a ladder and its value in one metric; `loss` is the larger the worse."""

    ladder: str
    severity: int
    strength: float
    value: float
    se: float | None
    lo: float | None
    hi: float | None
    loss: float

    @property
    def claimed(self) -> dict[str, Any]:
        return {"value": self.value, "se": self.se, "lo": self.lo, "hi": self.hi}


@dataclass(frozen=True)
class Place:
    """Where a value falls on a ladder, as far as its error and the ladder's decide.

    Attributes:
        low: the least strength that it may be like; none if that is milder than the first step.
        high: the most; none if that is beyond the last step.
        as_unaltered: whether it is not significantly worse than unaltered images.
        beyond: whether it is significantly worse than at the last step, whose strength `low` then is.
    """

    low: float | None
    high: float | None
    as_unaltered: bool = False
    beyond: bool = False

    @property
    def decided(self) -> bool:
        """Whether it is known between two steps of the ladder."""
        return self.low is not None and self.high is not None


def layout_of(table: Table) -> Row:
    """What a table says of all its images: their number and shorter side, the number of classes, the picture.

    Raises:
        LookupError: it has no such row.
    """
    found = next(table.of("pictures"), None)
    if found is None:
        raise LookupError("no row of pictures")
    return found


def ladders_of(table: Table, key: str) -> dict[str, list[Rung]]:
    """The rungs of each ladder in a metric, from the unaltered images on; without steps that have no value."""
    found: dict[str, list[Rung]] = {}
    metric, start = metric_of(key), []
    for row in table.of("value", metric=key):
        if row["value"] is None:
            continue
        told = {name: row[name] for name in ("ladder", "severity", "strength", "value", "se", "lo", "hi")}
        rung = Rung(**told, loss=loss(metric, row["value"]))
        if rung.ladder == UNALTERED:
            start.append(rung)
        else:
            found.setdefault(rung.ladder, [*start]).append(rung)
    return {name: rungs for name, rungs in found.items() if rungs[0].ladder == UNALTERED}


def passing(rungs: Sequence[Rung], sought: float) -> float | None:
    """The strength from which on a ladder has lost so much, between two rungs in proportion; none beyond the last.

    A rung that is better than a milder one counts as that.
    """
    most = rungs[0].loss
    if sought <= most:
        return 0.0
    for milder, rung in pairwise(rungs):
        if rung.loss >= sought:
            return milder.strength + (rung.strength - milder.strength) * (sought - most) / (rung.loss - most)
        most = max(most, rung.loss)
    return None


def place_of(rungs: Sequence[Rung], key: str, value: float, se: float, lo: float, hi: float) -> Place:
    """Where a value with its interval falls: the strengths that its difference from a ladder's values leaves open.

    The error of the difference is MOVER's, of the value and of the rung that is nearest to it.
    """
    metric, own = metric_of(key), {"value": value, "se": se, "lo": lo, "hi": hi}
    sign = 1 if metric.better == "lower" else -1
    at = loss(metric, value)
    nearest = min(rungs, key=lambda rung: abs(rung.loss - at))
    (down, up), (below, above) = (
        halves(one["value"], one["se"] or 0.0, one["lo"], one["hi"]) for one in (own, nearest.claimed)
    )
    if sign < 0:
        (down, up), (below, above) = (up, down), (above, below)
    low = passing(rungs, at - Z * float(joined(down, above)))
    if low is None:
        return Place(rungs[-1].strength, None, beyond=True)
    high = passing(rungs, at + Z * float(joined(up, below)))
    if (apart(own, rungs[0].claimed) or 0) * sign <= 0:
        return Place(None, high, as_unaltered=True)
    # Between no class and one there is nothing to be like.
    whole = rungs[-1].ladder == "classes" and high is not None and high >= 1
    return Place(low if whole or low >= rungs[1].strength else None, high)


def exactly(strength: float) -> Place:
    return Place(strength, strength)


def phrase(table: Table, ladder: str, place: Place, short: bool = False) -> str:
    """What images look like there: 'blurred by between 0.4 and 0.5 pixels'.

    A decided place whose ends are written alike is a single number. Of classes there are whole numbers only: those
    within, or the two around it.
    """
    amount, classes = AMOUNTS[ladder], layout_of(table)["classes"]
    mildest = min(row["strength"] for row in table.of("step", ladder=ladder))
    low, high = place.low, place.high
    if ladder == "classes":
        low, high = _whole(low, high)

    def said(strength: float) -> str:
        return written_strength(table, ladder, strength)

    match low, high:
        case None, None:
            words = "any share"
        case None, float():
            words = f"less than {said(mildest)}" if high < mildest else f"up to {said(high)}"
        case float(), None:
            words = f"{'more than' if place.beyond else 'at least'} {said(low)}"
        case _:
            assert low is not None
            assert high is not None
            ends = said(low), said(high)
            between = f"{ends[0]} to {ends[1]}" if short else f"between {ends[0]} and {ends[1]}"
            words = ends[0] if ends[0] == ends[1] else between
    return (amount.short if short else amount.words).format(words, classes=classes)


def written_strength(table: Table, ladder: str, strength: float) -> str:
    """The number of a strength, in two significant digits and with its unit: pixels, per cent or classes."""
    scale = {"blur": layout_of(table)["side"], "classes": 1}.get(ladder, 100)
    return f"{float(f'{strength * scale:.2g}'):g}{AMOUNTS[ladder].unit}"


def _whole(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    if low is None or high is None:
        return low and float(ceil(low)), high and (float(floor(high)) if high >= 1 else high)
    if ceil(low) > floor(high):
        return float(floor(low)), float(ceil(high))
    return float(ceil(low)), float(floor(high))


def worse_from(rungs: Sequence[Rung], key: str) -> int | None:
    """The step from which on all are significantly worse than the unaltered images; none if the last is not."""
    sign, since = 1 if metric_of(key).better == "lower" else -1, None
    for rung in reversed(rungs[1:]):
        if (apart(rung.claimed, rungs[0].claimed) or 0) * sign <= 0:
            break
        since = rung.severity
    return since
