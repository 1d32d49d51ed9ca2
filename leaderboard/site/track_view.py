"""What a track's page shows, as typed text and numbers: a pure function of its board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from ..board.board import Board, LeftOut, Row
from ..board.reversals import RankReversal
from ..charts.axis import Axis, axis_for
from ..charts.families import family_class
from ..charts.interval import Drawn, axis_svg, drawn, place
from ..text.numbers import ends
from ..verification.log_entry import LEVELS
from . import findings
from .agreement_view import agreement_view
from .columns import Cell, Column, cells_of, columns_of
from .content import Content, Made
from .downloads import downloads
from .forest_view import board_forest
from .pareto_view import front_views
from .protocol_view import protocol_columns, protocol_facts, protocol_line
from .sheets import Picture, Sheet, stem

REVERSALS = 12  # rank reversals that are listed
LONG = 40  # rows from which the table scrolls under its head
BEFORE = 6  # columns of the table before its second figure: rank, name, primary, interval, verification, family


@dataclass(frozen=True)
class TableRow:
    name: str
    title: str
    family: str
    colour: str
    task: str
    tag: str
    copies: bool
    suspected: bool
    copying: str
    rank: str
    letters: str
    shaded: bool
    strip: Picture | None
    cells: tuple[Cell, ...]
    interval: Drawn
    level: str
    failed: str
    disputed: str
    n: str
    date: str


@dataclass(frozen=True)
class TrackView:
    """A track's page. The first column is the primary one.

    Attributes:
        floor: where the noise floor is drawn, in per cent of its cell.
        extra: places in the table of the columns that are shown only when they are chosen, from 1.
        families: what the filters offer, in the order of the alphabet; likewise tasks and levels.
    """

    name: str
    id: str
    title: str
    notes: str
    heading: str
    lede: str
    protocol: str
    columns: tuple[Column, ...]
    axis: Markup
    axis_note: str
    floor: float | None
    extra: tuple[int, ...]
    long: bool
    rows: tuple[TableRow, ...]
    has_letters: bool
    marked: bool
    families: tuple[str, ...]
    tasks: tuple[str, ...]
    levels: tuple[str, ...]
    limit: str
    reversals: tuple[RankReversal, ...]
    more_reversals: int
    facts: tuple[tuple[str, str], ...]
    left_out: tuple[LeftOut, ...]
    unreadable: tuple[tuple[str, str], ...]


def track_pages(site: Content) -> Made:
    titles = {name: board.track.title for name, board in site.boards.items()}
    for name, board in site.boards.items():
        values = {
            "view": _view(board, site.unreadable_on(name), site.sheets),
            "others": [(other, title) for other, title in titles.items() if other != name],
            "forest": board_forest(board, "../"),
            "fronts": front_views(board, "../"),
            "agreement": agreement_view(board),
            "protocol": protocol_columns(board),
            "downloads": downloads(name),
        }
        yield f"tracks/{name}.html", values


def _view(board: Board, unreadable: tuple[tuple[str, str], ...], sheets: Mapping[str, Sheet]) -> TrackView:
    track = board.track
    axis, columns, cells = board_axis(board), columns_of(board), cells_of(board)
    rows = tuple(_row(board, row, cells[row.name], axis, sheets[stem(row.record)]) for row in board.rows)
    reversals = sorted(board.limit.reversals, key=lambda f: not (f.clear_at_n or f.clear_in_limit))
    return TrackView(
        name=track.name,
        id=track.id,
        title=track.title,
        notes=track.notes,
        heading=findings.heading(board),
        lede=findings.lede(board),
        protocol=protocol_line(board),
        columns=columns,
        axis=axis_svg(axis),
        axis_note=f"{axis.kind} axis" if axis.kind != "linear" else "",
        floor=_floor(board, axis),
        extra=tuple(BEFORE + i for i, column in enumerate(columns) if not column.headline),
        long=len(rows) > LONG,
        rows=rows,
        has_letters=any(row.letters for row in rows),
        marked=any(row.copies or row.suspected for row in rows),
        families=tuple(sorted({row.family for row in rows if row.family})),
        tasks=tuple(sorted({row.task for row in rows})),
        levels=tuple(level for level in LEVELS if any(row.level == level for row in rows)),
        limit=findings.about_reversals(board),
        reversals=tuple(reversals[:REVERSALS]),
        more_reversals=max(0, len(reversals) - REVERSALS),
        facts=protocol_facts(board),
        left_out=board.left_out,
        unreadable=unreadable,
    )


def board_axis(board: Board) -> Axis:
    """The axis of the interval drawings: fitted to the ranked rows and the noise floor."""
    key = board.track.primary
    compared = board.ranked or board.rows
    floor = [ends(board.floor.cells[key])[0]] if board.floor else []
    return axis_for([ends(row.cells[key]) for row in compared], floor)


def _row(board: Board, row: Row, cells: tuple[Cell, ...], axis: Axis, sheet: Sheet) -> TableRow:
    generator = row.result.generator
    return TableRow(
        name=row.name,
        title=generator.title,
        family="" if generator.baseline and generator.family == "baseline" else generator.family,
        colour=family_class(generator.family, generator.baseline),
        task=generator.task,
        tag="noise floor" if generator.noise_floor else "baseline" if generator.baseline else "",
        copies=row.copying.copies,
        suspected=row.copying.suspected,
        copying=", ".join(seen.partition(":")[0] for seen in row.copying.seen),
        rank=findings.rank_text(row.place) if row.place else "",
        letters=row.letters,
        shaded=generator.baseline,
        strip=sheet.strip,
        cells=cells,
        interval=drawn(axis, ends(row.cells[board.track.primary])),
        level=row.verification.level,
        failed=row.verification.failed or "",
        disputed=row.verification.disputed or "",
        n=f"{row.result.sampling.n:,}",
        date=row.result.provenance.created[:10],
    )


def _floor(board: Board, axis: Axis) -> float | None:
    return place(axis, ends(board.floor.cells[board.track.primary])[0]) if board.floor else None
