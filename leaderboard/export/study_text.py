"""A study's table on a terminal: its verdict, and the rows in brief."""

from __future__ import annotations

from ...benchmarks.studies.listing import POINTS, find_study
from ...benchmarks.studies.table import Table
from ..text.tables import table as columns_of
from .terminal import plain

MOST = 40  # rows shown: the file has them all


def study_text(table: Table) -> str:
    """Question, verdict and the first rows of each kind."""
    study = find_study(table.study)
    on = "points of no track" if study.made_up == POINTS else f"{table.track.name}@{table.track.version}"
    lines = [f"{table.card.title}, on {on}: {table.card.question}", ""]
    lines.append(verdict_text(table))
    for what in table.seen("what"):
        rows = list(table.of(what))
        shown = [name for name in study.columns[1:] if any(row.get(name) is not None for row in rows)]
        cells = [[plain(row.get(name)) for name in shown] for row in rows[:MOST]]
        right = [i for i, name in enumerate(shown) if any(isinstance(row.get(name), (int, float)) for row in rows)]
        lines += ["", f"{what}:", columns_of(shown, cells, right)]
        if len(rows) > MOST:
            lines.append(f"... and {len(rows) - MOST:,} more")
    lines += [f"left out: {name}: {reason}" for name, reason in table.card.left_out.items()]
    return "\n".join(lines)


def verdict_text(table: Table) -> str:
    """The verdict alone, a line a finding; what is of points that the study makes itself says so."""
    return "\n".join(f"- {said}" for said in said_of(table))


def said_of(table: Table) -> list[str]:
    """The sentences of a verdict, marked where they are of points of no track and others are not."""
    study = find_study(table.study)
    mixed = study.made_up != POINTS
    return [f"Of no track: {said}" if mixed and study.is_made_up(said) else said for said in study.verdict(table)]
