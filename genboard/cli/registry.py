"""`genboard list` and `genboard show`: the contents of the registry."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from .app import app, command
from .options import Json
from .output import plain, print_json


@command(app, "list", "genboard list generators --json")
def list_(
    kind: Annotated[str, Argument(help="datasets, generators, extractors, metrics or tracks")], json: Json = False
) -> None:
    """List the registry's entries of one kind."""
    from ..leaderboard.text.tables import table
    from ..registry.overview import listed

    rows = listed(kind)
    if json:
        print_json(rows)
        return
    fields = [key for key in rows[0] if key != "name"]
    print(table(["name", *fields], [[row["name"], *(plain(row[key]) for key in fields)] for row in rows]))


@command(app, "show", "genboard show track digits")
def show(
    kind: Annotated[str, Argument(help="dataset, generator, extractor, metric or track")],
    name: Annotated[str, Argument(help="Name of the entry, see `genboard list`.")],
    json: Json = False,
) -> None:
    """Show all fields of one registry entry."""
    from ..leaderboard.text.tables import table
    from ..registry.overview import flat, shown

    entry = shown(kind, name)
    if json:
        print_json(entry)
        return
    print(table(["field", "value"], [[key, plain(value)] for key, value in flat(entry)]))
