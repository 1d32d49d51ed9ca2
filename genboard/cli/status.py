"""`genboard status`: how far runs are."""

from __future__ import annotations

from datetime import UTC, datetime
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
    """Show which runs are complete, being drawn or measured, or stopped, and how far each is.

    Shards are files of up to 128 samples; features are the pieces that workers compute of them. With --json, `last` is
    when the last shard or piece was written, in UTC.
    """
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
    now = datetime.now(UTC)
    rows = [
        [
            r.track,
            r.generator,
            r.state,
            f"{r.shards}/{r.of}",
            "-" if r.pieces is None else f"{r.pieces}/{r.pieces_of or '?'}",
            "-" if r.last is None else f"{age((now - datetime.fromisoformat(r.last)).total_seconds())} ago",
            f"{r.samples:,}",
            str(r.folder),
        ]
        for r in runs
    ]
    head = ["track", "generator", "state", "shards", "features", "last written", "samples", "folder"]
    print(table(head, rows, right=(3, 4, 5, 6)))
    if any(run.state == "stopped" for run in runs):
        say("a stopped run goes on when its command is run again")


def age(seconds: float) -> str:
    """A time in its largest unit.

    >>> age(7), age(125), age(7300), age(200_000)
    ('7 s', '2 min', '2 h', '2 d')
    """
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
