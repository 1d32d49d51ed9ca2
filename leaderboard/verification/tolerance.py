"""How far a value measured again may be from the published one, and whether it is.

One rule for every machine. Metrics are continuous: the last bits in which machines differ move no number by more than
1e-4 of its standard error, beyond what is measured (`sensitivity`) of the places where samples differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ...benchmarks.result import MetricRecord
from .log_entry import Compared

IN_SE = 1e-4  # standard errors
RELATIVE = 1e-6  # of the value: features are float32, and JSON keeps ten digits
PIXELS_OFF = 0.001  # share of all values that may differ, by one grey level
LEVELS_OFF = 1
TIMES = 3.0  # the largest movement seen in a few random ones

FIELDS = ("value", "se", "lo", "hi")


@dataclass(frozen=True)
class Movement:
    """By how much a column's numbers moved, at most, when samples were changed as machines may change them.

    Attributes:
        part: any number of any of its parts.
    """

    value: float = 0.0
    se: float = 0.0
    lo: float = 0.0
    hi: float = 0.0
    part: float = 0.0


Movements = Mapping[str, Movement]
NONE: Movements = MappingProxyType({})


def compare(
    published: Sequence[MetricRecord], found: Sequence[MetricRecord], moved: Movements = NONE
) -> tuple[Compared, ...]:
    """Every published column, and what was found for it; a column that was not found does not agree.

    Args:
        moved: what differences between the samples, or between last bits, explain of each column.
    """
    again = {record.key: record for record in found}
    return tuple(_compared(record, again.get(record.key), moved.get(record.key, Movement())) for record in published)


def _compared(published: MetricRecord, found: MetricRecord | None, moved: Movement) -> Compared:
    problem = _problem(published, found, moved)
    value = found.value if found else None
    return Compared(
        column=published.key,
        published=published.value,
        found=value,
        in_se=in_se(published, value),
        agrees=problem is None,
        problem=problem,
    )


def in_se(published: MetricRecord, found: float | None) -> float | None:
    """The difference in published standard errors; none where there are none, or none to speak of."""
    if published.value is None or found is None or published.uncertainty is None:
        return None
    se = published.uncertainty.se
    return (found - published.value) / se if se > RELATIVE * abs(published.value) else None


def numbers(record: MetricRecord) -> dict[str, float]:
    """The value of a record, and of its interval what there is."""
    found = {} if record.value is None else {"value": record.value}
    u = record.uncertainty
    return found if u is None else {**found, "se": u.se, "lo": u.lo, "hi": u.hi}


def part_numbers(record: MetricRecord) -> dict[tuple[str, str], float]:
    """The numbers of a record's parts, by part and field."""
    every = {(p.name, field): getattr(p, field) for p in record.parts or () for field in FIELDS}
    return {key: number for key, number in every.items() if number is not None}


def _problem(published: MetricRecord, found: MetricRecord | None, moved: Movement) -> str | None:
    """What does not agree; none if all does."""
    if found is None:
        return "not a column of the track"
    for field in ("version", "direction", "n", "n_reference", "params"):
        if getattr(published, field) != getattr(found, field):
            return f"{field} differs"
    if (problem := _part_problem(published, found, moved)) is not None:
        return problem
    if published.value is None or found.value is None:
        return None if published.value is found.value else "one of them is null"
    a, b = published.uncertainty, found.uncertainty
    if (a is None) != (b is None):
        return "one of them has no interval"
    if a is not None and b is not None and (a.target, a.level, a.method) != (b.target, b.level, b.method):
        return "the kind of interval differs"
    before, now = numbers(published), numbers(found)
    # The error is the one found: a published one may be forged, and would then allow what it should not.
    allowed = IN_SE * now.get("se", 0.0) + RELATIVE * abs(now["value"])
    for name in before:
        if abs(before[name] - now[name]) > allowed + TIMES * getattr(moved, name):
            words = "the value" if name == "value" else name
            return f"{words} differs: {before[name]:.7g}, found {now[name]:.7g}"
    return None


def _part_problem(published: MetricRecord, found: MetricRecord, moved: Movement) -> str | None:
    """Of the parts, what does not agree."""
    before, now = part_numbers(published), part_numbers(found)
    if [p.name for p in published.parts or ()] != [p.name for p in found.parts or ()] or before.keys() != now.keys():
        return "one of them has other parts"
    for (name, field), number in before.items():
        own = now[name, field]
        allowed = IN_SE * now.get((name, "se"), 0.0) + RELATIVE * abs(now[name, "value"]) + TIMES * moved.part
        if abs(number - own) > allowed:
            words = "the value" if field == "value" else field
            return f"{words} of {name} differs: {number:.7g}, found {own:.7g}"
    return None
