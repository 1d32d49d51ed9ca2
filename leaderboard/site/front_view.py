"""A board in one picture: samples of the leading models, their values, and bars whose overlap means what ranks say."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..board.comparison_intervals import Compared, comparison_intervals
from ..board.scored import Scored
from ..charts.axis import Axis, axis_for, possible
from ..charts.interval import Drawn, axis_svg, drawn
from ..text.numbers import Figure, figure
from .content import Content
from .findings import apart
from .headlines import headline, leaders, leads, number_word, subline
from .sheets import Picture, stem

MOST = 5  # of the leading group
LEAST = 4  # models, with those that follow the leading group


@dataclass(frozen=True)
class FrontRow:
    """A row of the picture.

    Attributes:
        kind: its class: `top` for the leading group, `real` for real images, none for those that follow.
        bar: where its comparison interval is drawn.
    """

    row: Row
    kind: str
    strip: Picture | None
    value: Figure
    bar: Drawn


@dataclass(frozen=True)
class FrontView:
    """What the front page shows of a board.

    Attributes:
        band: of real images, from and to, in per cent of the bars' column; none without a noise floor.
        more: how many models tie for best and are not shown.
        key: how the bars are to be read.
    """

    board: Board
    headline: str
    subline: str
    rows: tuple[FrontRow, ...]
    axis: Markup
    band: tuple[float, float] | None
    more: int
    key: str
    newest: str


def front_view(site: Content, board: Board) -> FrontView:
    """The picture of a board that ranks something."""
    top = leaders(board)
    models = [*top[:MOST], *(row for row in board.ranked if not leads(row))][: max(LEAST, min(len(top), MOST))]
    rows = [*models, *([board.floor] if board.floor else [])]
    compared = _compared(board, rows)
    within = find_metric(board.columns[0].metric).range
    spans = [possible(span, within) for span in compared.spans]
    axis = axis_for(spans, within=within)
    bars = [drawn(axis, span) for span in spans]
    shown = tuple(_row(site, board, row, bar) for row, bar in zip(rows, bars, strict=True))
    return FrontView(
        board=board,
        headline=headline(board),
        subline=subline(board),
        rows=shown,
        axis=axis_svg(axis),
        band=bars[-1].at[1:] if board.floor else None,
        more=len(top) - sum(map(leads, models)),
        key=_key(board, axis, compared),
        newest=max(row.result.provenance.created[:10] for row in board.rows),
    )


def _compared(board: Board, rows: list[Row]) -> Compared:
    by_name = {row.name: row for row in rows}

    def differ(a: Scored, b: Scored) -> bool:
        return apart(board, by_name[a.name], by_name[b.name])

    scored = [one for row in rows if (one := row.scored(board.track.primary)) is not None]
    return comparison_intervals(scored, differ)


def _row(site: Content, board: Board, row: Row, bar: Drawn) -> FrontRow:
    kind = "real" if row is board.floor else "top" if leads(row) else ""
    return FrontRow(row, kind, site.sheets[stem(row.record)].strip, figure(row.cells[board.track.primary]), bar)


def _key(board: Board, axis: Axis, compared: Compared) -> str:
    """How the bars are to be read, and which pairs they show wrongly."""
    metric = find_metric(board.columns[0].metric).title
    scale = f" on a {axis.kind} axis" if axis.kind != "linear" else ""
    said = [f"Points: {metric}{scale}, {board.better} is better."]
    said.append("Bars: two models differ significantly where their bars do not overlap.")
    if compared.exceptions:
        a, b, differs = compared.exceptions[0]
        called = [("real images" if board.floor and name == board.floor.name else name) for name in (a, b)]
        verb = "differ significantly all the same" if differs else "do not differ significantly all the same"
        more = len(compared.exceptions) - 1
        others = f" (and {number_word(more).lower()} more pair{'s' * (more > 1)})" if more else ""
        said.append(f"One length cannot show every pair: {' and '.join(called)} {verb}{others}.")
    if board.floor:
        said.append("Band: real images that nobody trained on.")
    return " ".join(said)
