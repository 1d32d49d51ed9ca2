"""`genboard rank`: the ranking of a track."""

from __future__ import annotations

from .app import app, command
from .options import Json, ResultFolders, TrackName
from .output import print_json, say


@command(app, "rank", "genboard rank --track digits --json")
def rank(
    track: TrackName,
    results: ResultFolders = None,
    json: Json = False,
) -> None:
    """The ranking of a track: rank intervals, and which rows cannot be told apart."""
    from ..leaderboard.board import make_board
    from ..leaderboard.records import read_records, usual_folders
    from ..leaderboard.terminal import board_text
    from ..registry.catalog import find
    from ..registry.schema import Track

    records = read_records(results or usual_folders())
    for path, reason in records.unreadable:
        say(f"left out: {path}: {reason}")
    board = make_board(find(Track, track), records.readable)
    if json:
        print_json(board.to_json())
    else:
        print(board_text(board))
