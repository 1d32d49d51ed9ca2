"""`genboard study`: how robust the metrics and the ranking are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from ..benchmarks.studies.listing import STUDIES
from ..core.errors import BadWorkers, GenboardError
from ..core.files import home
from .app import app, command
from .options import (
    Device,
    ExecutorOption,
    GpusPerWorker,
    Json,
    TrustCode,
    Workers,
    executor_of,
    listed,
    track_of,
)
from .output import print_json, say

_KINDS = "; ".join(f"{study.name}: {study.question}" for study in STUDIES.values())


@command(app, "study", "genboard study k --track digits --generators vae,ddpm")
def study(
    kind: Annotated[str, Argument(help=f"`all`, or one of these studies. {_KINDS}")],
    track: Annotated[
        str | None, Option(help="Name of the track. Without it, `all` covers every available track.")
    ] = None,
    generators: Annotated[
        str | None, Option(help="Generators or files of images, separated by commas. Default: all of the track.")
    ] = None,
    k: Annotated[int | None, Option(min=1, help="Largest number of neighbours.")] = None,
    resamples: Annotated[int | None, Option(min=2, help="Number of random orders of the samples.")] = None,
    seeds: Annotated[int | None, Option(min=2, help="Number of fresh seeds, for the study `seeds`.")] = None,
    seed: Annotated[int | None, Option(min=0, help="Seed of the subsets, orders and corruptions.")] = None,
    samples: Annotated[
        int | None, Option(min=2, help="Number of samples of each generator. Default: the track's.")
    ] = None,
    name: Annotated[
        str | None, Option(help="Names shown in tables, separated by commas, for the images and functions among them.")
    ] = None,
    trust_code: TrustCode = False,
    out: Annotated[Path | None, Option(help="Output folder for tables. Default: in your data folder.")] = None,
    device: Device = "cpu",
    executor: ExecutorOption = None,
    workers: Workers = None,
    gpus_per_worker: GpusPerWorker = 0,
    json: Json = False,
) -> None:
    """Run one robustness study of a track's metrics, or all. An interrupted run resumes.

    A generator that cannot be drawn, such as a Python function without --trust-code, is left out with the reason.
    """
    from ..benchmarks.studies.listing import find_study
    from ..benchmarks.studies.running import run_all, run_study
    from ..benchmarks.studies.table import Table, read_table
    from ..benchmarks.track_references import references_of
    from ..leaderboard.export.study_text import study_text
    from ..leaderboard.storage.study_tables import save_table, users_own
    from ..registry.catalog import entries
    from ..registry.schema import Track

    folder, names = out or users_own(), listed(generators)
    given = {"k": k, "resamples": resamples, "seeds": seeds, "seed": seed}
    parameters = {key: value for key, value in given.items() if value is not None}
    made = executor_of(executor, workers, gpus_per_worker, home(), long_pieces=True)
    asked = {"trust_code": trust_code, "samples": samples, "names": listed(name), "executor": made}
    taken: Any = {key: value for key, value in asked.items() if value}

    kept: list[Table] = []

    def keep(table: Table) -> None:
        path, changed = save_table(table, folder)
        say(f"{'written' if changed else 'unchanged'}: {path}")
        kept.append(read_table(path))
        if not json:
            print(study_text(kept[-1]))

    def every(chosen: Track) -> None:
        run_all(chosen, names, device, say, keep, lambda of, why: say(f"{chosen.name}: {of}: left out: {why}"), **taken)

    if kind != "all":
        wanted = find_study(kind)
        if track is None:
            raise typer.BadParameter("add --track; only `all` works without it")
        keep(run_study(wanted, track_of(track), names, parameters, device, say, **taken))
    elif parameters:
        raise typer.BadParameter("--k, --resamples, --seed and --seeds apply to a single study")
    elif track is not None:
        every(track_of(track))
    else:
        for each in entries(Track).values():
            try:
                references_of(each, device, executor=made)
                every(each)
            except BadWorkers:
                raise
            except GenboardError as e:
                say(f"{each.name}: left out: {e.fact}")
    if json:
        print_json([table.to_json() for table in kept] if kind == "all" else kept[0].to_json())
