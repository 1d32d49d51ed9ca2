"""Two flags for rows whose samples may be real images: `copies`, a finding, and `suspected`, a reason to look.

`copies` needs samples that are on average less than half as far from the training images as fresh real images are. So
it misses half a sample of copies, and copies that were altered. `suspected` has more and finer signs. Each is a number
of standard errors by which something is too good, and all are compared with one threshold, above which the largest sign
of real images lies in 1% of random partitions. The thresholds, how often each flag is raised without cause, and what
they find: `copies_test.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import inf, log
from pathlib import Path
from statistics import NormalDist

from ...benchmarks.difference import halves, standardized
from ...benchmarks.result import MetricRecord
from ...core.serialization import read_json
from ...registry.metrics import METRICS
from ..text.numbers import decimals, figure, span, written

COPIES_BELOW = 0.5  # a nearest-training-image ratio whose whole interval is below marks a row as copying
ALARMS = 0.01  # chance that real images are suspected, over all signs together
RATIOS = ("reference_nn_ratio", "reference_fd_ratio")  # of the reference to other real images: 1 where it is not known
SUSPECTS = tuple(name for name, metric in METRICS.items() if metric.suspicion and name not in RATIOS)
TABLE = Path(__file__).parents[1] / "copies_test.json"
SIGNS = 6  # what is looked at: `SUSPECTS`, `RATIOS`, a negative bias-corrected distance, and the ranking column
# The threshold where none was calibrated: that of as many independent signs.
BEYOND = -NormalDist().inv_cdf(ALARMS / SIGNS)
# From how many standard errors on samples are nearer to the training images than to the reference, which none saw.
NEARER = -NormalDist().inv_cdf(ALARMS)


@dataclass(frozen=True)
class Copying:
    """Whether a row's samples may be real images.

    Attributes:
        copies: they repeat training images.
        suspected: they are nearer to training or reference images than other real images are, beyond chance.
        seen: what says so, in words.
    """

    copies: bool
    suspected: bool
    seen: tuple[str, ...]

    @property
    def flag(self) -> str:
        """The word that stands beside the row's name; empty where neither holds."""
        return "copies" if self.copies else "suspected" if self.suspected else ""


@dataclass(frozen=True)
class Sign:
    """Something about samples that real images seldom have.

    Attributes:
        size: how far it is beyond what real images have on average, in standard errors.
        words: what was seen.
    """

    size: float
    words: str


def copying(
    cells: Mapping[str, MetricRecord],
    floor: Mapping[str, MetricRecord] | None = None,
    primary: str | None = None,
    beyond: float = BEYOND,
) -> Copying:
    """The flags of a row.

    Args:
        cells: its records by column, those of suspicion among them.
        floor: those of held-out images. Without them `c_t` is compared with 0, which is what fresh real images have on
            average with a standard deviation of at most 1, and what has no such value is not looked at.
        primary: the column that ranks: a value better than that of held-out images is a sign, and of other columns
            those of the same feature space count.
        beyond: the threshold, see `threshold`.
    """
    certain = tuple(filter(None, (_near(key, r) for key, r in sorted(cells.items()) if r.name == "nn_ratio")))
    hints = tuple(sign.words for sign in signs(cells, floor, primary) if sign.size > beyond)
    return Copying(bool(certain), bool(hints), certain + hints)


def signs(
    cells: Mapping[str, MetricRecord], floor: Mapping[str, MetricRecord] | None, primary: str | None
) -> list[Sign]:
    """What there is to see of a row, however small; see `copying`.

    In the feature space that ranks, where it is known: the threshold is of its signs alone, and in others, such as
    pixels, whatever is smooth lies nearer to the training images than real images do.

    `c_t` and `authenticity` count only where the samples are nearer to the training images than to the reference too,
    as far as that is known. Blurred or few-sided images lie among the typical ones of both, and copy nothing.
    """
    space = primary.split(":")[1] if primary else None
    found: list[Sign | None] = []
    near_training = _nearer_to_training(cells)
    for key, record in sorted(cells.items()):
        of_floor = (floor or {}).get(key)
        if record.value is None or record.uncertainty is None or (space and record.extractor != space):
            continue
        if record.name in SUSPECTS and near_training.get(record.extractor, True):
            found.append(_below_floor(key, record, of_floor))
        elif record.name in RATIOS:
            found.append(_below_one(key, record))
        elif record.name == "fd_debiased":
            found.append(_below_zero(key, record))
        if key == primary and METRICS[record.name].role == "distance":
            found.append(_below_floor(key, record, of_floor))
    return [sign for sign in found if sign is not None]


def better_than_real(cells: Mapping[str, MetricRecord], floor: Mapping[str, MetricRecord]) -> tuple[str, ...]:
    """The columns with a better end in which a row is significantly better than held-out images are, at 1% together.

    Such a value is no record: no model can be closer to the reference than real images are, except by chance, by having
    seen it, or by leaving out what is rare.
    """
    directed = {key: r for key, r in cells.items() if r.direction is not None and key in floor}
    beyond = -NormalDist().inv_cdf(ALARMS / max(1, len(directed)))
    sign = {"lower": -1, "higher": 1}
    return tuple(
        key
        for key, record in directed.items()
        if record.direction and sign[record.direction] * (standardized(record, floor[key]) or 0.0) > beyond
    )


@cache
def threshold(track: str) -> float:
    """How many standard errors a sign must have, calibrated on the track of that id, or else the largest of all."""
    calibrated = {e["track"]: float(e["beyond"]) for e in read_json(TABLE) if "beyond" in e}
    return calibrated.get(track, max([BEYOND, *calibrated.values()]))


def _near(key: str, record: MetricRecord) -> str | None:
    u = record.uncertainty
    if u is None or u.hi >= COPIES_BELOW:
        return None
    return f"{key} is {span(record)}, all of it below {COPIES_BELOW:g}"


def _below_floor(key: str, record: MetricRecord, floor: MetricRecord | None) -> Sign | None:
    """How far a value lies below that of held-out images."""
    assert record.value is not None
    assert record.uncertainty is not None
    if floor is not None and floor.value is not None and floor.uncertainty is not None:
        z = standardized(record, floor)
        size = -z if z is not None else inf if record.value < floor.value else 0.0
        far = f"{written(size, 1)} standard errors" if size < inf else "significantly"
        return Sign(size, f"{key} is {figure(record).text}, {far} below the {figure(floor).text} of held-out images")
    if record.name != "c_t":
        return None
    value = written(record.value, decimals(record.value, record.uncertainty.se))
    return Sign(-record.value, f"{key} is {value}; fresh real images have 0, with a standard deviation of 1 at most")


def _nearer_to_training(cells: Mapping[str, MetricRecord]) -> dict[str | None, bool]:
    """By feature space, whether samples are nearer to training images than to as many reference images.

    `reference_nn_ratio` is the larger of two ratios, one of them to the training images: where it is not significantly
    above 1, neither is.
    """
    ratios = [r for r in cells.values() if r.name == "reference_nn_ratio" and r.value is not None and r.uncertainty]
    return {r.extractor: -_below_one("", r).size > NEARER for r in ratios}


def _below_one(key: str, record: MetricRecord) -> Sign:
    """How far a ratio lies below 1, by the spread of its logarithm over random divisions of the real images."""
    assert record.value is not None
    assert record.uncertainty is not None
    size = -log(record.value) * record.value / record.uncertainty.se if record.value > 0 else inf
    nearer = "" if size == inf else f", {written(size, 1)} standard errors below 1"
    return Sign(size, f"{key} is {figure(record).text}{nearer}: nearer to the reference than to other real images")


def _below_zero(key: str, record: MetricRecord) -> Sign:
    """How far a bias-corrected distance lies below 0, which no distribution has."""
    assert record.value is not None
    u = record.uncertainty
    assert u is not None
    up = halves(record.value, u.se, u.lo, u.hi, u.level)[1]
    size = -record.value / up if up > 0 else 0.0
    return Sign(size, f"{key} is {figure(record).text}, {written(size, 1)} standard errors below 0")
