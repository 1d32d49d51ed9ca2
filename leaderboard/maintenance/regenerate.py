"""Measure whatever has no committed result yet, and study: `python -m genboard.leaderboard.maintenance.regenerate`.

Names of tracks restrict it to these; with `--executor` workers measure, which changes no digit. A result is immutable:
one that is there is kept, and what has changed gets another id beside it. A table of a study is written where it says
something new. A track or a generator whose data or weights are not available here is left out, and the reason is
printed; its results and tables stay as they are. An interrupted run goes on where it was: finished shards of samples
are found again. Every line states its seconds.
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from functools import partial

from ...benchmarks.runner import Workspace
from ...benchmarks.studies.listing import STUDIES
from ...benchmarks.studies.running import run_all
from ...benchmarks.studies.table import Table
from ...benchmarks.track_references import references_of
from ...core.errors import BadWorkers, GenboardError
from ...core.executor import EXECUTORS, LONG, Executor, open_executor
from ...core.files import home
from ...registry.catalog import entries, find
from ...registry.schema import Track
from ..storage.records import COMMITTED
from ..storage.study_tables import COMMITTED as TABLES
from ..storage.study_tables import save_table
from .rows import measure_rows, rows_of

# The studies of each track: all where they take minutes, elsewhere those that say most. `seeds` draws every generator
# many times, which takes hours at N = 10,000.
_OF_MODELS = ("k", "samples", "extractors", "seeds", "copies", "ruler")
STUDIED: Mapping[str, Sequence[str]] = {
    "digits": tuple(STUDIES),
    "digits-class": ("truncation",),
    "digits-inverted": ("cycle",),
    "digits-groups-class": ("unawareness",),
    "mnist": ("k", "samples", "modes", "outliers"),
    "mnist-1k": _OF_MODELS,
    "fashion-mnist-1k": _OF_MODELS,
}


def main(arguments: Sequence[str]) -> None:
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.workers is not None and asked.executor is None:
        parser.error("--workers needs --executor")
    executor = None
    try:
        tracks = [find(Track, name) for name in asked.tracks] or list(entries(Track).values())
        executor = open_executor(asked.executor, asked.workers, 0, home(), LONG) if asked.executor else None
        started = time.perf_counter()
        measure_and_study(tracks, executor)
    except GenboardError as e:
        sys.exit(str(e))
    finally:
        if executor is not None:
            executor.close()
    print(f"all: {_since(started)}", file=sys.stderr)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(description="Measure whatever has no committed result yet, and study.")
    parser.add_argument("tracks", nargs="*", help="names of tracks; all by default")
    parser.add_argument("--executor", choices=EXECUTORS, help="measure in worker processes; it changes no digit")
    parser.add_argument("--workers", type=int, help="how many; by default as many as there is room for")
    return parser


def measure_and_study(tracks: Sequence[Track], executor: Executor | None = None) -> None:
    """Measure the rows of all tracks whose data is here, then run the studies of each."""
    there = []
    for track in tracks:
        try:
            references_of(track, "cpu", executor=executor)
        except BadWorkers:
            raise
        except GenboardError as e:
            _say(track.name, f"left out: {e.fact}")
        else:
            there.append(track)
    for row, outcome in measure_rows(rows_of(there), Workspace(COMMITTED, home() / "samples"), executor):
        if outcome.left_out is not None:
            _say(row.track, f"{row.generator}: left out: {outcome.left_out}")
        else:
            _say(row.track, f"{row.generator}: {'kept' if outcome.reused else 'measured'}, {outcome.seconds:.0f} s")
    for track in there:
        if track.name in STUDIED:
            study_all(track, executor)


def study_all(track: Track, executor: Executor | None = None) -> None:
    """Run a track's studies and keep what they say."""
    started = time.perf_counter()
    try:
        run_all(
            track,
            done=partial(_keep, started),
            skipped=lambda name, why: _say(track.name, f"study {name}: left out: {why}"),
            only=STUDIED[track.name],
            executor=executor,
        )
    except BadWorkers:
        raise
    except GenboardError as e:
        _say(track.name, f"studies left out: {e.fact}")


def _keep(started: float, table: Table) -> None:
    _, changed = save_table(table, TABLES)
    written = "written" if changed else "as before"
    _say(table.track.name, f"study {table.study}: {written}, {_since(started)} since the first of them began")


def _since(started: float) -> str:
    return f"{time.perf_counter() - started:.0f} s"


def _say(track: str, text: str) -> None:
    print(f"{track}: {text}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
