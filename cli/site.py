"""`genboard site`: the leaderboard as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import GenboardError
from .app import command, group
from .options import ResultFolders
from .output import say

site_app = group("site", "The leaderboard as a static site.")


@command(site_app, "build", "genboard site build --out site")
def site_build(
    out: Annotated[Path, typer.Option(help="Folder for the site.")],
    results: ResultFolders = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if the site is out of date.")] = False,
) -> None:
    """Render the leaderboard from results: plain files that open without a network."""
    from ..leaderboard.records import read_records, usual_folders
    from ..leaderboard.site import render_site, stale_files, write_site
    from ..registry.catalog import entries
    from ..registry.schema import Track

    records = read_records(results or usual_folders())
    for path, reason in records.unreadable:
        say(f"left out: {path}: {reason}")
    files = render_site(records, entries(Track))
    if check:
        stale = stale_files(files, out)
        if stale:
            raise GenboardError(
                f"{out} is out of date: {', '.join(stale[:5])}{' ...' if len(stale) > 5 else ''}",
                f"genboard site build --out {out}",
            )
        return
    written = write_site(files, out)
    say(f"wrote {written} of {len(files)} files")
    print(out / "index.html")
