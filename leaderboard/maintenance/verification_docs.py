"""The tables of `docs/verification.md`."""

from __future__ import annotations

from collections.abc import Iterable

from ..storage.records import Record
from ..text.tables import markdown_table
from ..verification.levels import LUCKY
from ..verification.log import status_of
from ..verification.log_entry import LEVELS
from ..verification.sensitivity import DRAWS, ULPS
from ..verification.tolerance import IN_SE, LEVELS_OFF, PIXELS_OFF, RELATIVE, TIMES


def tolerances() -> str:
    rows = [
        (
            "value, standard error, ends of the interval",
            f"within {IN_SE:g} standard errors + {RELATIVE:g} of the value",
        ),
        (
            "where that does not hold",
            f"+ {TIMES:g} times the largest movement in {DRAWS} random changes of the samples: features by up to "
            f"{ULPS} units in the last place and, where digests differ, as many values as differ by one grey level",
        ),
        ("samples with another digest", f"at most {PIXELS_OFF:.1%} of the values differ, by {LEVELS_OFF} grey level"),
        ("published value against a fresh draw", f"fails at *p* < {LUCKY:g}, one-sided"),
    ]
    return markdown_table(("what", "tolerance"), rows)


def levels(records: Iterable[Record]) -> str:
    """How many results of each track stand where."""
    flags = ("failed", "disputed", "withdrawn")
    found: dict[str, list[int]] = {}
    for record in records:
        status = status_of(record.path)
        result = record.result
        counts = found.setdefault(f"{result.track.name}@{result.track.version}", [0] * (1 + len(LEVELS) + len(flags)))
        counts[0] += 1
        counts[1 + LEVELS.index(status.level)] += 1
        for i, flag in enumerate(flags, 1 + len(LEVELS)):
            counts[i] += getattr(status, flag) is not None
    head = ("track", "results", *LEVELS, *flags)
    rows = [(track, *counts) for track, counts in sorted(found.items())]
    return markdown_table(head, rows, right=range(1, len(head)))
