"""What names the state of a board for good: a digest of its data, and the day of the newest result.

The digest is that of the file of data that the site offers, so that whoever has the file can compute it too. It depends
on the results alone: not on the machine, and not on the day of the build.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...core.files import sha256
from ..board.board import Board
from ..board.by_date import day_of
from ..storage.records import Record
from .content import Content


@dataclass(frozen=True)
class Snapshot:
    """The state of a board.

    Attributes:
        file: of data, below the site's root.
        digest: its SHA-256.
        newest: day of the newest result; empty without results.
    """

    name: str
    file: str
    digest: str
    newest: str


def snapshots(site: Content) -> tuple[tuple[Snapshot, Board], ...]:
    """Of every board with a ranking."""
    return tuple((snapshot(site, name, board), board) for name, board in site.boards.items() if board.ranked)


def of_all(boards: Iterable[Snapshot]) -> str:
    """The digest of all boards: of what `sha256sum` prints for their files in alphabetical order."""
    return sha256("".join(f"{one.digest}  {one.file}\n" for one in sorted(boards, key=lambda one: one.file)).encode())


def newest_day(records: Iterable[Record]) -> str:
    return max((day_of(record.result.provenance.created) for record in records), default="")


def snapshot(site: Content, name: str, board: Board) -> Snapshot:
    return Snapshot(name, f"data/{name}.json", sha256(site.data[name]), newest_day(row.record for row in board.rows))
