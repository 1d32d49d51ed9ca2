"""Results to a site: a pure mapping from relative paths to contents, byte for byte the same for the same results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...files import canonical_json, sha256
from ...registry.schema import Track
from ..board import Board, make_board
from ..records import Record, Records
from .downloads import chart_csv, table_csv, table_json
from .forest_view import board_forest, board_in_words
from .generator_view import generator_view, shown
from .index_view import index_view
from .output import LISTING
from .pages import generator_page, index_page, stylesheet, track_page
from .sheets import read_sheet, stem
from .track_view import track_view


def render_site(records: Records, tracks: Mapping[str, Track]) -> dict[str, bytes]:
    """Every file of the site by its path.

    Args:
        records: all results at hand; the preview beside each file is read too.
        tracks: the tracks by name; results on others are shown on their generators' pages only.
    """
    made = (make_board(tracks[name], records.readable) for name in sorted(tracks))
    # Tracks with a ranking first, then those with rows at all, then the empty ones.
    boards = {b.track.name: b for b in sorted(made, key=lambda b: (not b.ranked, not b.rows))}
    generators = _by_generator(records.readable, boards)
    sheets = {stem(r): read_sheet(r) for r in _pictured(generators, boards)}
    nav = [(name, board.track.title) for name, board in boards.items()]
    files = {"style.css": stylesheet()}
    files["index.html"] = index_page(index_view(boards, generators, records.unreadable, sheets), nav)
    for name, board in boards.items():
        view = track_view(board, records.unreadable, sheets)
        files[f"tracks/{name}.html"] = track_page(view, board_forest(board), board_in_words(board), nav)
        files[f"data/{name}.csv"] = table_csv(board)
        files[f"data/{name}.json"] = table_json(board, view.unreadable)
        files[f"charts/{name}.csv"] = chart_csv(board)
    for name, found in generators.items():
        files[f"generators/{name}.html"] = generator_page(generator_view(name, found, boards, sheets), nav)
    files |= {picture.path: picture.data for sheet in sheets.values() for picture in sheet.pictures}
    files[LISTING] = canonical_json({"files": {path: sha256(data) for path, data in files.items()}})
    return dict(sorted(files.items()))


def _by_generator(records: Iterable[Record], boards: Mapping[str, Board]) -> dict[str, list[Record]]:
    """Each generator's results, the one that its page shows first."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.result.generator.name, []).append(record)
    for mine in found.values():
        first = _shown_on_each(mine, boards)[0]
        mine.sort(key=lambda record: record is not first)
    return dict(sorted(found.items()))


def _shown_on_each(records: list[Record], boards: Mapping[str, Board]) -> list[Record]:
    """The result that stands for a generator on each of its tracks; tracks that have a board come first."""
    names = sorted({r.result.track.name for r in records}, key=lambda name: (name not in boards, name))
    return [shown([r for r in records if r.result.track.name == name], boards.get(name)) for name in names]


def _pictured(generators: Mapping[str, list[Record]], boards: Mapping[str, Board]) -> list[Record]:
    return [record for mine in generators.values() for record in _shown_on_each(mine, boards)]
