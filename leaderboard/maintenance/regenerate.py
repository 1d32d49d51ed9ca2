"""Measure whatever has no committed result yet, and study: `python -m genboard.leaderboard.maintenance.regenerate`.

A result is immutable: one that is there is kept, and what has changed gets another id beside it. A table of a study is
written where it says something new. A track whose data or weights are not to be had here is left out, and the reason is
printed; its tables stay as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from ...benchmarks.runner import Evaluated, Options, Workspace, references_of
from ...benchmarks.studies.listing import STUDIES
from ...benchmarks.studies.running import run_all
from ...benchmarks.studies.table import Table
from ...core.errors import GenboardError
from ...core.files import home
from ...registry.catalog import entries
from ...registry.schema import Track
from ..storage.records import COMMITTED
from ..storage.study_tables import COMMITTED as TABLES
from ..storage.study_tables import save_table
from .demo import evaluate_all

# The studies of each track: all where they take minutes, elsewhere those that say most.
STUDIED: Mapping[str, Sequence[str]] = {"digits": tuple(STUDIES), "mnist": ("k", "samples", "modes", "outliers")}


def main() -> None:
    workspace = Workspace(COMMITTED, home() / "samples")
    for track in entries(Track).values():
        try:
            references_of(track, "cpu")
        except GenboardError as e:
            _say(f"{track.name}: left out: {e.fact}")
            continue
        evaluate_all(track, workspace, Options(), _report)
        if track.name in STUDIED:
            study_all(track)


def study_all(track: Track) -> None:
    """Run a track's studies and keep what they say."""
    try:
        run_all(
            track,
            done=_keep,
            skipped=lambda name, why: _say(f"{track.name}: study {name}: left out: {why}"),
            only=STUDIED[track.name],
        )
    except GenboardError as e:
        _say(f"{track.name}: studies left out: {e.fact}")


def _keep(table: Table) -> None:
    _, changed = save_table(table, TABLES)
    _say(f"{table.track.name}: study {table.study}: {'written' if changed else 'as before'}")


def _report(item: Evaluated) -> None:
    result = item.result
    _say(f"{result.track.name}: {result.generator.name}: {'kept' if item.reused else 'measured'}")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
