"""Do the metrics agree: of every two columns how many pairs of rows they order alike, as a triangle of counts."""

from __future__ import annotations

from dataclasses import dataclass

from ...registry.metrics import find_metric
from ..board.agreement import Pair
from ..board.board import Board
from ..text.numbers import written
from .columns import note_of


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


def agreement_view(board: Board) -> dict[str, object]:
    """The lower triangle: each row has its title and a cell for every column before it; or the reason there is none."""
    found = board.agreement
    keys = found.columns
    reasons = {pair.reason for pair in found.pairs if pair.reason}
    if all(pair.tau is None for pair in found.pairs):
        return {"rows": [], "reason": "; ".join(sorted(reasons)) or "no two columns can be compared"}
    rows = [(title_of(key, board), [_cell(found.pair(key, other)) for other in keys[:i]]) for i, key in enumerate(keys)]
    return {"rows": rows, "left_out": [title_of(key, board) for key in found.left_out]}


def title_of(key: str, board: Board) -> str:
    """The title of a column, with what tells it from others of its metric."""
    column = next(column for column in board.columns if column.key == key)
    note = note_of(board, column)
    return find_metric(column.metric).title + (f" ({note})" if note else "")


def _cell(pair: Pair | None) -> PairCell:
    if pair is None or pair.tau is None or pair.same is None or pair.reversed is None or pair.open is None:
        return PairCell("", pair.reason or "" if pair else "not compared", 0, True)
    total = pair.same + pair.reversed + pair.open
    title = f"{pair.in_words()}, over {pair.n} generators; Kendall’s τ of the values {written(pair.tau, 2)}"
    text = f"{pair.same} : {pair.reversed}"
    return PairCell(text, title, round(100 * pair.same / total), 2 * pair.open > total)
