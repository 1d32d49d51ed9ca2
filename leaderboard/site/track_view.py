"""What a track's page shows: a pure function of its board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..board.board import Board, Row
from ..board.groups import legible
from ..board.versions import what_changed
from ..charts.axis import Axis
from ..charts.interval import Drawn, axis_svg, drawn
from ..verification.log_entry import LEVELS
from . import findings
from .agreement_view import agreement_view
from .cautions import concerning, together
from .column_help import helps_of
from .columns import Cell, cells_of, columns_of
from .content import Content, Made
from .costs_view import cost_view
from .downloads import downloads
from .forest_view import board_forest
from .interval_columns import axis_data, column_axis, floor_value, placed, reaches, span_of
from .pareto_view import front_views
from .people_view import people_of
from .protocol_view import protocol_columns, protocol_facts, protocol_line
from .ruler_view import ruler_of
from .seeds_view import seeds_of, texts_of
from .share_view import around
from .sheets import Picture, Sheet, stem

REVERSALS = 12  # rank reversals that are listed
LONG = 40  # rows from which the table scrolls under its head, and is compact
BEFORE = 6  # columns of the table before its second figure: rank, name, primary, interval, verification, family


@dataclass(frozen=True)
class TableRow:
    """A row of the board as the table shows it.

    Attributes:
        reaches: of the intervals of all its figures, see `interval_columns`.
    """

    row: Row
    strip: Picture | None
    cells: tuple[Cell, ...]
    interval: Drawn
    reaches: str


def track_pages(site: Content) -> Made:
    for name, board in site.pages.items():
        track, versions = site.tracks[board.track.name], [b for b in site.past.values() if b.track.name == name]
        values = {
            **_table(board, site.sheets),
            "board": board,
            "name": name,
            "replaced_by": track.id if name in site.past else "",
            "past": [(past.track.id, what_changed(past, track)) for past in versions],
            "unreadable": site.unreadable_on(name),
            "others": [(other, b.track.title) for other, b in site.boards.items() if other != name and b.rows],
            "compared": name in site.compared,
            "heading": findings.heading(board),
            "lede": findings.lede(board),
            "spread": findings.about_spread(board),
            "cautions": board_cautions(site, board),
            "seeds": seeds_of(board, site.sheets),
            "texts": texts_of(board, site.sheets),
            "forest": board_forest(board, "../"),
            "ruler": ruler_of(site, board),
            "fronts": front_views(board, "../"),
            "helps": helps_of(site, board),
            "costs": cost_view(board),
            "agreement_heading": findings.about_agreement(board),
            "agreement": agreement_view(board),
            "people": people_of(site, board),
            "limit": findings.about_reversals(board),
            "reversals": sorted(board.limit.reversals, key=lambda f: not (f.clear_at_n or f.clear_in_limit)),
            "most_reversals": REVERSALS,
            "protocol": protocol_line(board),
            "facts": protocol_facts(board),
            "protocol_columns": protocol_columns(board),
            "downloads": downloads(name),
            **around(site, board, name),
        }
        yield f"tracks/{name}.html", values


def board_cautions(site: Content, board: Board) -> list[tuple[str, str, str]]:
    """What studies found against the columns of a board."""
    keys = [column.key for column in board.columns]
    return together(one for one in concerning(site.studies.cautions, board.track.id, keys) if not one.generator)


def _table(board: Board, sheets: Mapping[str, Sheet]) -> dict[str, object]:
    """The table of a board.

    `floor` is where the noise floor is drawn, in per cent of its cell; `extra` are the places in the table of the
    columns that are shown only when they are chosen, from 1; families, tasks, licences, levels and dates are what the
    filters offer.
    """
    axis, columns, cells = board_axis(board), columns_of(board), cells_of(board)
    axes = {column.key: axis_data(board, column.key) for column in columns}
    keys = [key for key, words in axes.items() if words]
    rows = [_row(board, row, cells[row.name], axis, keys, sheets[stem(row.record)]) for row in board.rows]
    generators = [row.result.generator for row in board.rows]
    families = {g.family for g in generators if not (g.baseline and g.family == "baseline")}
    return {
        "columns": columns,
        "axes": axes,
        "axis": axis_svg(axis),
        "axis_note": axis.note,
        "floor": placed(axis, floor_value(board, board.track.primary)),
        "extra": [BEFORE + i for i, column in enumerate(columns) if not column.headline],
        "long": len(board.rows) > LONG,
        "rows": rows,
        "conditional": any(row.conditional for row in board.rows),
        "arrows": any(row.interval.kind for row in rows),
        "letters": legible(row.letters for row in board.rows),
        "tied": any(row.letters for row in board.rows),
        "marked": any(
            row.copying.copies or row.copying.suspected or (row.place and (row.better_than_real or row.from_images))
            for row in board.rows
        ),
        "families": sorted(filter(None, families)),
        "tasks": sorted({g.task for g in generators}),
        "licences": sorted(filter(None, {g.licence for g in generators})),
        "levels": [level for level in LEVELS if any(row.verification.level == level for row in board.rows)],
        "dates": sorted({row.result.provenance.created[:10] for row in board.rows}),
    }


def board_axis(board: Board) -> Axis:
    """The axis of the interval drawings: fitted to the ranked rows and the noise floor."""
    return column_axis(board, board.track.primary)


def _row(board: Board, row: Row, cells: tuple[Cell, ...], axis: Axis, keys: Sequence[str], sheet: Sheet) -> TableRow:
    span = span_of(row, board.track.primary)
    assert span  # a row without a primary value is left out
    return TableRow(row, sheet.strip, cells, drawn(axis, span), reaches(row, keys))
