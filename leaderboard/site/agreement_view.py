"""Do the metrics agree: of every two columns how many pairs of rows they order alike, as a triangle of counts."""

from __future__ import annotations

from dataclasses import dataclass

from ...registry.metrics import find_metric
from ..board.agreement import Pair
from ..board.board import Board
from ..text.numbers import written
from .columns import note_of
from .findings import about_agreement


@dataclass(frozen=True)
class PairCell:
    """A pair of columns: the pairs of rows in the same order and reversed; pale where most of them are open.

    Attributes:
        shade: share of the pairs of rows that are in the same order.
    """

    text: str
    title: str
    shade: int  # per cent
    pale: bool


@dataclass(frozen=True)
class AgreementView:
    """The lower triangle: each row has a cell for every column before it."""

    heading: str
    rows: tuple[tuple[str, str, tuple[PairCell, ...]], ...]  # number, title, cells
    left_out: tuple[tuple[str, str], ...]
    reason: str


def agreement_view(board: Board) -> AgreementView:
    found = board.agreement
    keys = found.columns
    reasons = {pair.reason for pair in found.pairs if pair.tau is None}
    whole = any(pair.tau is not None for pair in found.pairs)
    rows = tuple(
        (str(i + 1), _title(key, board), tuple(_cell(found.pair(key, other), key, other) for other in keys[:i]))
        for i, key in enumerate(keys)
    )
    return AgreementView(
        heading=about_agreement(board),
        rows=rows if whole else (),
        left_out=tuple((_title(key, board), reason) for key, reason in found.left_out.items()),
        reason="" if whole else "; ".join(sorted(filter(None, reasons))) or "no two columns can be compared",
    )


def _title(key: str, board: Board) -> str:
    column = next(column for column in board.columns if column.key == key)
    note = note_of(board, column)
    return find_metric(column.metric).title + (f" ({note})" if note else "")


def _cell(pair: Pair | None, a: str, b: str) -> PairCell:
    if pair is None or pair.tau is None or pair.same is None or pair.reversed is None or pair.open is None:
        return PairCell("", pair.reason or "" if pair else "not compared", 0, True)
    total = pair.same + pair.reversed + pair.open
    title = f"{pair.in_words()}, over {pair.n} generators; Kendall’s τ of the values {written(pair.tau, 2)}"
    text = f"{pair.same} : {pair.reversed}"
    return PairCell(text, title, round(100 * pair.same / total), 2 * pair.open > total)
