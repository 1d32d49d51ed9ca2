"""Do the metrics agree: Kendall's tau of every two columns, as a triangle of figures."""

from __future__ import annotations

from dataclasses import dataclass

from ...registry.metrics import find_metric
from ..agreement import Pair
from ..board import Board
from ..numbers import written
from .findings import about_agreement


@dataclass(frozen=True)
class TauCell:
    """A pair: tau and its interval, shaded by tau; pale where the interval holds 0."""

    text: str
    title: str
    shade: int  # per cent
    pale: bool


@dataclass(frozen=True)
class AgreementView:
    """The lower triangle: each row has a cell for every column before it."""

    heading: str
    rows: tuple[tuple[str, str, tuple[TauCell, ...]], ...]  # number, title, cells
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
    notes = [column.extractor] if len(board.track.extractors) > 1 else []
    notes += ["against train"] if column.against == "train" else []
    return find_metric(column.metric).title + (f" ({', '.join(notes)})" if notes else "")


def _cell(pair: Pair | None, a: str, b: str) -> TauCell:
    if pair is None or pair.tau is None or pair.lo is None or pair.hi is None:
        return TauCell("", pair.reason or "" if pair else "not compared", 0, True)
    title = f"{written(pair.lo, 2)} to {written(pair.hi, 2)} over {pair.n} generators"
    return TauCell(written(pair.tau, 2), title, round(100 * max(0.0, pair.tau)), pair.lo <= 0 <= pair.hi)
