"""What the newest versions of the metrics changed, for generators that others trained: old results beside new ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...benchmarks.result import Result
from ..storage.records import Record
from ..text.numbers import figure, written
from ..text.tables import markdown_table
from ..verification.tolerance import in_se

OURS = ("this project", "trained in this project")


def changes(records: Iterable[Record]) -> str:
    """A table of every column whose metric has another version in a generator's newest result than in the one before.

    Empty cells are columns that there were not, or are no longer.
    """
    rows = [row for pair in _pairs(records) for row in _rows(*pair)]
    head = ("track", "generator", "column", "before", "now", "in standard errors before")
    return markdown_table(head, rows, right=(3, 4, 5))


def _pairs(records: Iterable[Record]) -> Iterator[tuple[Result, Result]]:
    """The newest two results of each third-party generator on each track, the older one first."""
    found: dict[tuple[str, str], list[Result]] = {}
    for record in records:
        result = record.result
        if result.status != "failed" and result.generator.origin not in OURS:
            found.setdefault((result.track.name, result.generator.name), []).append(result)
    for _, results in sorted(found.items()):
        newest = sorted(results, key=lambda result: (result.provenance.created, result.id))[-2:]
        if len(newest) == 2:
            yield newest[0], newest[1]


def _rows(before: Result, now: Result) -> Iterator[tuple[str, ...]]:
    for key in dict.fromkeys(record.key for record in (*before.metrics, *now.metrics)):
        old, new = before.metric(key), now.metric(key)
        if old is not None and new is not None and old.version == new.version:
            continue
        moved = None if old is None or new is None else in_se(old, new.value)
        shown = [" ".join(filter(None, (figure(r).text, figure(r).margin))) if r else "" for r in (old, new)]
        apart = "" if moved is None else written(moved, 2)
        yield now.track.name, f"`{now.generator.name}`", f"`{key}`", *shown, apart
