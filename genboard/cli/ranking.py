"""`genboard rank` and `genboard card`: the ranking, and the metadata of a model card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from .app import app, command
from .options import Json, ResultFolders, listed
from .output import print_json, put, say, say_left_out


@command(app, "rank", "genboard rank --track digits --json")
def rank(
    track: Annotated[
        str | None, Option(help="Name of the track, see `genboard list tracks`; digits@1 for an earlier version.")
    ] = None,
    tracks: Annotated[str | None, Option(help="Several tracks, separated by commas: generators side by side.")] = None,
    all_: Annotated[bool, Option("--all", help="All tracks with a ranking.")] = False,
    table: Annotated[
        Literal["board", "pareto", "agreement", "reversals", "left-out"] | None,
        Option(help="Print only this table. Needs --track."),
    ] = None,
    format: Annotated[Literal["csv", "json", "parquet"] | None, Option(help="File format of the table.")] = None,
    out: Annotated[Path | None, Option(help="File to write. Default: stdout.")] = None,
    results: ResultFolders = None,
    json: Json = False,
) -> None:
    """Rank the generators of a track, with rank intervals and groups that do not differ significantly.

    With --tracks or --all, show several tracks side by side. --format writes plain values: the board, or the table that
    --table names. In a CSV, text that a spreadsheet would run as a formula is prefixed with an apostrophe.
    """
    if sum([track is not None, tracks is not None, all_]) != 1:
        raise typer.BadParameter("give one of --track, --tracks and --all")
    if json and (format or out or table):
        raise typer.BadParameter("--json prints all tables of a track: remove --table, --format and --out")
    if out and not format:
        raise typer.BadParameter("--out needs --format")
    if format == "parquet" and not out:
        raise typer.BadParameter("--format parquet needs --out")
    if table and track is None:
        raise typer.BadParameter("--table shows one track: add --track")
    from ..leaderboard.board.across import across
    from ..leaderboard.board.versions import board_of
    from ..leaderboard.export.people_text import people_text
    from ..leaderboard.export.tables import BOARD_TABLES, across_table, encode
    from ..leaderboard.export.terminal import across_text, agreement_text, board_text, table_text
    from ..leaderboard.storage.records import read_records, usual_folders
    from ..registry.catalog import entries

    records = read_records(results or usual_folders())
    say_left_out(records.unreadable, records.remarks)
    names = entries("tracks") if all_ else [track] if track is not None else dict.fromkeys(listed(tracks) or ())
    boards = [board_of(name, records.readable) for name in names]
    if track is not None:
        board = boards[0]
        if not board.rows and not board.left_out and records.readable:
            others = sorted({record.result.track.name for record in records.readable})
            say(f"no result of {board.track.name} there, only of {', '.join(others)}")
        people = records.people_on(board.track)
        value = {**board.to_json(), "people": [study.to_json() for study in people]}
        rows = BOARD_TABLES[table or "board"](board)
        text = board_text(board) if table in (None, "board") else table_text(rows)
        if table is None:
            text = "\n\n".join([text, *map(people_text, people)])
        if table == "agreement":
            text = agreement_text(board.agreement)
    else:
        if not any(board.rows for board in boards):
            left_out = sum(len(board.left_out) for board in boards)
            say(f"nothing to rank: {left_out:,} results are left out; genboard rank --track NAME says why")
        found = across([board for board in boards if not all_ or board.ranked])
        value, rows, text = found.to_json(), across_table(found), across_text(found)
    if json:
        print_json(value)
    elif not format:
        print(text)
    else:
        if out:
            say(f"{len(rows.rows):,} rows")
        put(encode(rows, format), out)


@command(app, "card", "genboard card demo/results/digits@1/ddpm/*.json --format model-index")
def card(
    results: Annotated[list[Path], Argument(help="Result files of one model.")],
    format: Annotated[
        Literal["model-index", "eval-results"],
        Option(
            help="model-index: metadata of the card. eval-results: a file for .eval_results/ in the model's repository."
        ),
    ] = "model-index",
    dataset: Annotated[
        str | None,
        Option(help="For eval-results: the data set repository on the Hub that holds the leaderboard."),
    ] = None,
    source: Annotated[str | None, Option(help="Address where the results are published.")] = None,
    out: Annotated[Path | None, Option(help="File to write. Default: stdout.")] = None,
) -> None:
    """Write results as the YAML metadata of a model card on the Hugging Face Hub."""
    from ..leaderboard.export.model_card import card as card_of

    text, remarks = card_of(results, format, dataset, source)
    for remark in remarks:
        say(remark)
    put(text.encode(), out)
