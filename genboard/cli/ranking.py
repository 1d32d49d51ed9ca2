"""`genboard rank` and `genboard card`: the ranking, and the metadata of a model card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .app import app, command
from .options import Json, ResultFolders, listed
from .output import print_json, say

if TYPE_CHECKING:
    from ..leaderboard.export.tables import Table
    from ..leaderboard.storage.records import Records


@command(app, "rank", "genboard rank --track digits --json")
def rank(
    track: Annotated[str | None, typer.Option(help="Name of the track, see `genboard list tracks`.")] = None,
    tracks: Annotated[
        str | None, typer.Option(help="Several tracks, separated by commas: generators side by side.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All tracks with a ranking.")] = False,
    table: Annotated[
        Literal["board", "pareto", "agreement", "reversals", "left-out"] | None,
        typer.Option(help="Print only this table. Needs --track."),
    ] = None,
    format: Annotated[Literal["csv", "json", "parquet"] | None, typer.Option(help="File format of the table.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write. Default: stdout.")] = None,
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
    if track is None:
        if table:
            raise typer.BadParameter("--table shows one track: add --track")
        _across(listed(tracks), results, format, out, json)
        return
    from ..leaderboard.board.board import make_board
    from ..leaderboard.export.tables import BOARD_TABLES
    from ..leaderboard.export.terminal import agreement_text, board_text, table_text
    from ..leaderboard.storage.records import read_records, usual_folders
    from ..registry.catalog import find
    from ..registry.schema import Track

    records = read_records(results or usual_folders())
    _say_what_is_left_out(records)
    board = make_board(find(Track, track), records.readable)
    if not board.rows and not board.left_out and records.readable:
        others = sorted({record.result.track.name for record in records.readable})
        say(f"no result of {board.track.name} there, only of {', '.join(others)}")
    if json:
        print_json(board.to_json())
    elif format:
        _write(BOARD_TABLES[table or "board"](board), format, out)
    elif table == "agreement":
        print(agreement_text(board.agreement))
    elif table not in (None, "board"):
        print(table_text(BOARD_TABLES[table](board)))
    else:
        print(board_text(board))


def _say_what_is_left_out(records: Records) -> None:
    for path, reason in records.unreadable:
        say(f"left out: {path}: {reason}")
    for remark in records.remarks:
        say(remark)


def _across(
    names: list[str] | None,
    results: list[Path] | None,
    format: Literal["csv", "json", "parquet"] | None,
    out: Path | None,
    json: bool,
) -> None:
    from ..leaderboard.board.across import across
    from ..leaderboard.board.board import make_board
    from ..leaderboard.export.tables import across_table
    from ..leaderboard.export.terminal import across_text
    from ..leaderboard.storage.records import read_records, usual_folders
    from ..registry.catalog import entries, find
    from ..registry.schema import Track

    records = read_records(results or usual_folders())
    _say_what_is_left_out(records)
    chosen = [find(Track, name) for name in dict.fromkeys(names)] if names is not None else entries(Track).values()
    boards = [make_board(track, records.readable) for track in chosen]
    if not any(board.rows for board in boards):
        left_out = sum(len(board.left_out) for board in boards)
        say(f"nothing to rank: {left_out:,} results are left out; genboard rank --track NAME says why")
    found = across([board for board in boards if names is not None or board.ranked])
    if json:
        print_json(found.to_json())
    elif format:
        _write(across_table(found), format, out)
    else:
        print(across_text(found))


def _write(table: Table, format: Literal["csv", "json", "parquet"], out: Path | None) -> None:
    import sys

    from ..core.files import write_bytes
    from ..leaderboard.export.tables import encode

    data = encode(table, format)
    if out is None:
        sys.stdout.write(data.decode())
    else:
        write_bytes(out, data)
        say(f"{len(table.rows):,} rows")
        print(out)


@command(app, "card", "genboard card demo/results/digits@1/ddpm/*.json --format model-index")
def card(
    results: Annotated[list[Path], typer.Argument(help="Result files of one model.")],
    format: Annotated[
        Literal["model-index", "eval-results"],
        typer.Option(
            help="model-index: metadata of the card. eval-results: a file for .eval_results/ in the model's repository."
        ),
    ] = "model-index",
    dataset: Annotated[
        str | None,
        typer.Option(help="For eval-results: the data set repository on the Hub that holds the leaderboard."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Address where the results are published.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write. Default: stdout.")] = None,
) -> None:
    """Write results as the YAML metadata of a model card on the Hugging Face Hub."""
    from ..benchmarks.result import read_result
    from ..core.files import write_bytes
    from ..leaderboard.export.model_card import card as card_of

    found = [read_result(path) for path in results]
    text = card_of(found, format, dataset, source)
    for result in found:
        for record in result.metrics:
            if record.value is None:
                say(f"left out: {record.key} of {result.id}: {record.reason}")
    if out is None:
        print(text, end="")
    else:
        write_bytes(out, text.encode())
        print(out)
