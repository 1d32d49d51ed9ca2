"""What the documentation says of studies, from their list and the committed tables."""

from __future__ import annotations

from collections.abc import Sequence

from ...benchmarks.studies.headlines import headline
from ...benchmarks.studies.listing import POINTS, STUDIES
from ...benchmarks.studies.scorecard import FAILURES, scorecard
from ...benchmarks.studies.table import Cell, Table
from ..export.study_text import said_of
from ..storage.study_tables import COMMITTED, read_tables
from ..text.numbers import written
from ..text.tables import markdown_table


def listing() -> str:
    """Every study and what it asks."""
    rows = [(f"`{s.name}`", s.question, ", ".join(f"`--{p}`" for p in s.parameters)) for s in STUDIES.values()]
    return markdown_table(("study", "asks", "may be set"), rows)


def verdicts(track: str) -> str:
    """What each study found on a track, in its own words."""
    parts = []
    for table in _tables(track):
        said = [f"- {finding}" for finding in said_of(table)]
        of = ", on points of no track" if STUDIES[table.study].made_up == POINTS else ""
        parts.append("\n".join([f"**{table.card.title}** (`{table.study}`{of}): {headline(table)}.", "", *said]))
    return "\n\n".join(parts) if parts else "No table is committed."


def card(track: str) -> str:
    """The scorecard of a track: each number with its interval, each followed by its study."""
    made = scorecard(_tables(track))
    used = [failure for failure in FAILURES if any((metric, failure) in made.cells for metric in made.metrics)]
    rows = [
        (f"`{metric}`", *("<br>".join(map(_said, made.cells.get((metric, failure), ()))) for failure in used))
        for metric in made.metrics
    ]
    return "\n".join([markdown_table(("", *used), rows), "", *_units(made.cells)])


def _units(cells: dict[tuple[str, str], tuple[Cell, ...]]) -> list[str]:
    """What the numbers of each column and study are."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for said in cells.values():
        for cell in said:
            found.setdefault((cell.failure, cell.study), {})[cell.unit] = None
    return [
        f"- {failure}, `{study}`: {'; or '.join(found[failure, study])}."
        for failure in FAILURES
        for study in STUDIES
        if (failure, study) in found
    ]


def _said(cell: Cell) -> str:
    if cell.value is None:
        return f"not said (`{cell.study}`)"
    ends = f" ({written(cell.lo, 2)} to {written(cell.hi, 2)})" if cell.lo is not None and cell.hi is not None else ""
    return f"{written(cell.value, 2)}{ends} `{cell.study}`"


def _tables(track: str) -> Sequence[Table]:
    found = read_tables([COMMITTED]).of(track)
    order = list(STUDIES)
    return sorted(found, key=lambda table: order.index(table.study))
