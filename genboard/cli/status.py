"""`genboard status`: how far runs are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from .app import app, command
from .options import Json
from .output import print_json, say


@command(app, "status", "genboard status")
def status(
    samples: Annotated[Path | None, Option(help="Folder of samples. Default: in your data folder.")] = None,
    json: Json = False,
) -> None:
    """Show which runs are complete, being drawn, or stopped, and how many shards each has."""
    from dataclasses import asdict

    from ..benchmarks.runner import Workspace
    from ..benchmarks.runs import runs_under
    from ..leaderboard.text.tables import table

    folder = samples or Workspace.default().samples
    runs = list(runs_under(folder))
    if json:
        print_json([{**asdict(run), "folder": str(run.folder)} for run in runs])
        return
    if not runs:
        say(f"no runs in {folder}")
        return
    rows = [[r.track, r.generator, r.state, f"{r.shards}/{r.of}", f"{r.samples:,}", str(r.folder)] for r in runs]
    print(table(["track", "generator", "state", "shards", "samples", "folder"], rows))
    if any(run.state == "stopped" for run in runs):
        say("a stopped run goes on when its command is run again")
