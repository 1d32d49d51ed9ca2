"""`genboard site`: the leaderboard as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from ..core.errors import BadEntry, GenboardError
from .app import command, group
from .options import ResultFolders
from .output import say, say_left_out

site_app = group("site", "The leaderboard as a static site.")

StudyFolders = Annotated[
    list[Path] | None,
    Option(help="Folder of study tables; repeatable. Default: the committed tables and your own."),
]
Base = Annotated[
    str | None,
    Option(help="Address of the published site; or its path, for 404.html alone."),
]


@command(site_app, "build", "genboard site build --out site")
def site_build(
    out: Annotated[Path, Option(help="Folder for the site.")],
    results: ResultFolders = None,
    studies: StudyFolders = None,
    base: Base = None,
    check: Annotated[bool, Option("--check", help="Write nothing; exit 1 if the site is out of date.")] = False,
) -> None:
    """Render the leaderboard from results and studies, as static files that need no network."""
    from ..leaderboard.site import claim_folder, stale_files, write_site

    if not check:
        claim_folder(out)
    files = _rendered(results, studies, base)
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


@command(site_app, "serve", "genboard site serve --port 8000")
def site_serve(
    results: ResultFolders = None,
    studies: StudyFolders = None,
    port: Annotated[int, Option(min=0, max=65535, help="Local port; 0 picks a free one.")] = 8000,
) -> None:
    """Render the leaderboard and serve it locally until Ctrl-C. Writes no files."""
    from ..leaderboard.site.serve import HOST, server_of

    with server_of(_rendered(results, studies, "/"), port) as server:
        print(f"http://{HOST}:{server.server_port}/", flush=True)
        say("press Ctrl-C to stop")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("")


def _rendered(results: list[Path] | None, studies: list[Path] | None, base: str | None) -> dict[str, bytes]:
    from ..leaderboard.site import render_site
    from ..leaderboard.storage import records
    from ..leaderboard.storage import study_tables as tables
    from ..registry.catalog import entries
    from ..registry.schema import Track

    if base is not None and not (base.startswith(("/", "https://", "http://")) and base.endswith("/")):
        raise GenboardError(
            f"{base!r} is not the address of a folder", "use a form such as /genboard/ or https://example.org/board/"
        )
    for folder in studies or ():
        if not folder.is_dir():
            raise BadEntry(folder, "", "no such folder", "create a table first: genboard study k --track digits")
    found = records.read_records(results or records.usual_folders())
    made = tables.read_tables(studies or tables.usual_folders())
    say_left_out((*found.unreadable, *made.unreadable), found.remarks)
    return render_site(found, entries(Track), made, base)
