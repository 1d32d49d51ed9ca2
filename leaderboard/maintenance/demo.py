"""The main job on the embedded track, end to end: samples, metrics, ranking, a study, site. No download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...benchmarks.evaluation_target import open_target
from ...benchmarks.runner import Evaluated, Options, Workspace, evaluate
from ...benchmarks.studies.context import gather
from ...benchmarks.studies.listing import find_study
from ...benchmarks.studies.running import run_study
from ...benchmarks.studies.table import Table
from ...registry.catalog import entries, find, tracks_of
from ...registry.schema import Generator, Track
from ..board.board import Board, make_board
from ..site import render_site, write_site
from ..storage.records import read_records
from ..storage.study_tables import read_tables, save_table

TRACK, STUDY = "digits", "k"


@dataclass(frozen=True)
class Demo:
    board: Board
    study: Table
    index: Path


def run_demo(out: Path, progress: Callable[[Evaluated, str], None]) -> Demo:
    """Measure every registered generator of the track into `out`, rank them, study k and render the site.

    What an earlier run finished is reused, so that a second one takes seconds.

    Args:
        progress: told of each result as it is there, and which of how many it is.
    """
    track = find(Track, TRACK)
    evaluate_all(track, Workspace.under(out), Options(), progress)
    records = read_records([out / "results"])
    study = run_study(find_study(STUDY), track, context=gather(track, folder=out))
    save_table(study, out / "studies")
    site = out / "site"
    write_site(render_site(records, {track.name: track}, read_tables([out / "studies"])), site)
    return Demo(make_board(track, records.readable), study, site / "index.html")


def evaluate_all(
    track: Track, workspace: Workspace, options: Options, progress: Callable[[Evaluated, str], None]
) -> None:
    """Measure every registered generator that runs on a track."""
    names = [name for name, entry in entries(Generator).items() if track.name in tracks_of(entry)]
    for i, name in enumerate(names, 1):
        done = evaluate(open_target(name, track), track, workspace=workspace, options=options)
        progress(done, f"{i} of {len(names)}")
