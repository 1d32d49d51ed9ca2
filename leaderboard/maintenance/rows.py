"""Rows of the boards, each a generator on a track: measured where they have no result yet, here or by workers.

With workers a row is a piece: rows are many and most are small, so all are busy without cutting any.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ...benchmarks.evaluation_target import open_target
from ...benchmarks.runner import Options, Workspace, evaluate
from ...core.errors import BadWorkers, CannotWrite, GenboardError
from ...core.executor import Executor
from ...core.executor.common_folder import CommonFolder
from ...core.progress import bar
from ...registry.catalog import entries, find, tracks_of
from ...registry.schema import Generator, Track


@dataclass(frozen=True)
class Row:
    """A generator on a track, by their names."""

    track: str
    generator: str

    def __str__(self) -> str:
        return f"{self.generator} on {self.track}"


@dataclass(frozen=True)
class Outcome:
    """What became of a row: whether it had a result, or why it has none, and the seconds that took."""

    reused: bool
    left_out: str | None
    seconds: float


@dataclass(frozen=True)
class RowTask:
    """Measures rows into folders; a picklable function of `Row`."""

    results: str
    samples: str
    common: tuple[CommonFolder, ...] = ()

    def __call__(self, row: Row) -> Outcome:
        """Measure a row that has no result.

        Raises:
            BadWorkers: this worker does not see a folder.
            CannotWrite: the result cannot be kept.
        """
        for folder in self.common:
            folder.expect()
        started, track = time.perf_counter(), find(Track, row.track)
        workspace = Workspace(Path(self.results), Path(self.samples))
        try:
            done = evaluate(open_target(row.generator, track), track, workspace=workspace, options=Options())
        except (BadWorkers, CannotWrite):
            raise
        except GenboardError as e:
            return Outcome(False, e.fact, time.perf_counter() - started)
        return Outcome(done.reused, None, time.perf_counter() - started)


def rows_of(tracks: Sequence[Track]) -> list[Row]:
    """Every registered generator on each of the tracks that it runs on."""
    return [
        Row(track.name, name)
        for track in tracks
        for name, entry in entries(Generator).items()
        if track.name in tracks_of(entry)
    ]


def measure_rows(
    rows: Sequence[Row], workspace: Workspace, executor: Executor | None = None
) -> Iterator[tuple[Row, Outcome]]:
    """Each row with what became of it, as soon as it is measured.

    Raises:
        BadWorkers: see `Executor.run`.
        CannotWrite: a result cannot be kept.
    """
    results, samples = workspace.results.absolute(), workspace.samples.absolute()
    if executor is None:
        task = RowTask(str(results), str(samples))
        yield from ((row, task(row)) for row in rows)
        return
    with ExitStack() as stack:
        common = tuple(stack.enter_context(CommonFolder.at(folder)) for folder in (results, samples))
        # Those of many samples first, so that no long one is left at the end.
        first = sorted(rows, key=lambda row: -find(Track, row.track).samples)
        progress = stack.enter_context(bar("rows", len(rows), "row"))
        for done in executor.run(RowTask(str(results), str(samples), common), first):
            progress.update()
            yield done
