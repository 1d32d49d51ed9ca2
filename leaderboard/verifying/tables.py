"""The tables of `docs/verification.md`."""

from __future__ import annotations

from collections.abc import Iterable

from ..log_entry import LEVELS
from ..records import Record
from ..verification import standing_of
from .rungs import LUCKY
from .tolerance import OTHER_MACHINE, OTHER_ZERO, PIXELS_OFF, SAME_MACHINE, SE_FACTOR


def tolerances() -> str:
    rows = [
        ("value and interval, same kind of machine", f"within {SAME_MACHINE:g} of the published, relative"),
        ("value, other kind of machine", "each inside the other's interval"),
        (
            "value without an interval, or with one narrower than float32, other kind",
            f"within {OTHER_MACHINE:g}, relative, or {OTHER_ZERO:g}",
        ),
        ("standard error and width of the interval, other kind of machine", f"within a factor of {SE_FACTOR}"),
        ("digest of the samples, same kind of machine", "equal"),
        ("pixels, other kind of machine", f"at most {PIXELS_OFF:.1%} of all values more than one grey level off"),
        ("published value against a fresh draw", f"fails at *p* < {LUCKY:g}, one-sided"),
    ]
    return "\n".join(["| what | tolerance |", "|---|---|", *(f"| {what} | {limit} |" for what, limit in rows)])


def levels(records: Iterable[Record]) -> str:
    """How many results of each track stand where."""
    flags = ("failed", "disputed", "withdrawn")
    found: dict[str, list[int]] = {}
    for record in records:
        standing = standing_of(record.path)
        result = record.result
        counts = found.setdefault(f"{result.track.name}@{result.track.version}", [0] * (1 + len(LEVELS) + len(flags)))
        counts[0] += 1
        counts[1 + LEVELS.index(standing.level)] += 1
        for i, flag in enumerate(flags, 1 + len(LEVELS)):
            counts[i] += getattr(standing, flag) is not None
    head = ["track", "results", *LEVELS, *flags]
    lines = [f"| {track} | {' | '.join(map(str, counts))} |" for track, counts in sorted(found.items())]
    return "\n".join([f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1), *lines])
