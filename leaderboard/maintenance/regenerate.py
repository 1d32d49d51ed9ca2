"""Measure whatever has no committed result yet, and study: `python -m genboard.leaderboard.maintenance.regenerate`.

Names of tracks restrict it to these. A result is immutable: one that is there is kept, and what has changed gets
another id beside it. A table of a study is written where it says something new. A track or a generator whose data or
weights are not available here is left out, and the reason is printed; its results and tables stay as they are. An
interrupted run goes on where it was: finished shards of samples are found again. Every line states its seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial

from ...benchmarks.evaluation_target import open_target
from ...benchmarks.runner import Options, Workspace, evaluate, references_of
from ...benchmarks.studies.listing import STUDIES
from ...benchmarks.studies.running import run_all
from ...benchmarks.studies.table import Table
from ...core.errors import GenboardError
from ...core.files import home
from ...registry.catalog import entries, find, tracks_of
from ...registry.schema import Generator, Track
from ..storage.records import COMMITTED
from ..storage.study_tables import COMMITTED as TABLES
from ..storage.study_tables import save_table

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


def main(names: Sequence[str]) -> None:
    try:
        tracks = [find(Track, name) for name in names] or list(entries(Track).values())
    except GenboardError as e:
        sys.exit(str(e))
    started = time.perf_counter()
    for track in tracks:
        try:
            references_of(track, "cpu")
        except GenboardError as e:
            _say(track.name, f"left out: {e.fact}")
            continue
        measure_all(track)
        if track.name in STUDIED:
            study_all(track)
    print(f"all: {_since(started)}", file=sys.stderr)


def measure_all(track: Track) -> None:
    """Measure every registered generator that runs on a track and has no result yet."""
    workspace = Workspace(COMMITTED, home() / "samples")
    for name in [name for name, entry in entries(Generator).items() if track.name in tracks_of(entry)]:
        started = time.perf_counter()
        try:
            done = evaluate(open_target(name, track), track, workspace=workspace, options=Options())
        except GenboardError as e:
            _say(track.name, f"{name}: left out: {e.fact}")
        else:
            _say(track.name, f"{name}: {'kept' if done.reused else 'measured'}, {_since(started)}")


def study_all(track: Track) -> None:
    """Run a track's studies and keep what they say."""
    started = time.perf_counter()
    try:
        run_all(
            track,
            done=partial(_keep, started),
            skipped=lambda name, why: _say(track.name, f"study {name}: left out: {why}"),
            only=STUDIED[track.name],
        )
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
