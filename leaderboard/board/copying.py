"""Two flags for rows whose samples repeat training images: `copies`, a finding, and `suspected`, a reason to look.

`copies` needs samples that are on average less than half as far from the training images as fresh real images are. So
it misses half a sample of copies, and copies that were altered. `suspected` compares `authenticity` and `c_t` with
those of held-out images: it sees both, and it also sees samples that are typical rather than copied. How often either
is raised without cause, and what it finds: `copies_test.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

from ...benchmarks.difference import halves, joined
from ...benchmarks.result import MetricRecord
from ..text.numbers import decimals, figure, span, written

COPIES_BELOW = 0.5  # a nearest-training-image ratio whose whole interval is below marks a row as copying
ALARMS = 0.01  # chance that real images of no training set are suspected, over both metrics together
SUSPECTS = ("c_t", "authenticity")  # each at its part of `ALARMS`, one-sided
BEYOND = -NormalDist().inv_cdf(ALARMS / len(SUSPECTS))  # standard errors


@dataclass(frozen=True)
class Copying:
    """Whether a row's samples repeat training images.

    Attributes:
        copies: they do.
        suspected: they are nearer to training images than held-out ones are, beyond chance.
        seen: what says so, in words.
    """

    copies: bool
    suspected: bool
    seen: tuple[str, ...]


def copying(cells: Mapping[str, MetricRecord], floor: Mapping[str, MetricRecord] | None = None) -> Copying:
    """The flags of a row.

    Args:
        cells: its records by column.
        floor: those of held-out images. Without them `c_t` is compared with 0, which is what fresh real images have on
            average with a standard deviation of at most 1, and `authenticity` with nothing.
    """
    near = [_near(key, record) for key, record in sorted(cells.items()) if record.name == "nn_ratio"]
    found = {name: [(k, r) for k, r in sorted(cells.items()) if r.name == name] for name in SUSPECTS}
    # Several feature spaces share what is allowed to one.
    odd = [
        _odd(key, record, (floor or {}).get(key), -NormalDist().inv_cdf(ALARMS / len(SUSPECTS) / len(columns)))
        for columns in found.values()
        for key, record in columns
    ]
    certain, hints = (tuple(filter(None, said)) for said in (near, odd))
    return Copying(bool(certain), bool(hints), certain + hints)


def _near(key: str, record: MetricRecord) -> str | None:
    u = record.uncertainty
    if u is None or u.hi >= COPIES_BELOW:
        return None
    return f"{key} is {span(record)}, all of it below {COPIES_BELOW:g}"


def _odd(key: str, record: MetricRecord, floor: MetricRecord | None, beyond: float) -> str | None:
    """What is odd about a column's value: how far it lies below that of held-out images."""
    if record.value is None or record.uncertainty is None:
        return None
    u = record.uncertainty
    if floor is not None and floor.value is not None and floor.uncertainty is not None:
        v = floor.uncertainty
        down = halves(floor.value, v.se, v.lo, v.hi, v.level)[0]
        up = halves(record.value, u.se, u.lo, u.hi, u.level)[1]
        error, gap = float(joined(down, up)), floor.value - record.value
        if gap <= 0 or gap <= beyond * error:
            return None
        far = f"{written(gap / error, 1)} standard errors" if error > 0 else "significantly"
        return f"{key} is {figure(record).text}, {far} below the {figure(floor).text} of held-out images"
    if record.name != "c_t" or record.value >= -beyond:
        return None
    places = decimals(record.value, u.se)
    return f"{key} is {written(record.value, places)}; fresh real images have 0, with a standard deviation of 1 at most"
