"""Any two rows of a track on one page, drawn by the browser from a file of the track: nothing is decided there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Any

from ...core.serialization import json_line
from ...registry.metrics import Metric, find_metric
from ..board.board import Board, Row
from ..board.pairs import PairColumn, like_real, pair_columns
from ..board.scored import ALPHA, Scored, dependence
from ..text.numbers import Figure, decimals, figure, missing, percent, written
from .columns import note_of, reading
from .content import Content, Made
from .findings import SAID, rank_text, short_title
from .seeds_view import place_of
from .sheets import Sheet, stem
from .track_view import board_cautions

MOST = 300  # rows that can be chosen: the first of the board, and the noise floor
ROOM = 80_000  # bytes for the correlations of errors: of rows that are near in rank, as far as they fit in
_FIRST = 40  # of the characters that hold six bits each


@dataclass(frozen=True)
class Line:
    """A column: how it is read, and what real images have."""

    metric: Metric
    note: str
    better: str
    arrow: str
    meaning: str
    floor: Figure


def pair_pages(site: Content) -> Made:
    for name in site.compared:
        board = site.boards[name]
        ranked, rows = len(board.ranked), chosen(board)
        near = held_apart(len(rows), len(board.columns))
        floor = board.floor.cells if board.floor else {}
        metrics = [(c, find_metric(c.metric)) for c in board.columns]
        values = {
            "track": board.track,
            "place": short_title(board.track),
            "samples": place_of(board, site.sheets),
            "primary": metrics[0][1].title,
            "others": [(other, site.boards[other].track.title) for other in site.compared if other != name],
            "lines": [
                Line(
                    m,
                    note_of(board, c),
                    m.better or "",
                    *reading(m.better, m.target),
                    figure(floor[c.key]) if c.key in floor else missing("it was not measured"),
                )
                for c, m in metrics
            ],
            "levels": (percent(1 - ALPHA), percent(1 - ALPHA / 2)),
            "pairs": ranked * (ranked - 1) // 2,
            "near": near,
            "loose": near < len(rows) - 1,
            "cut": len(board.rows) > len(rows),
            "most": MOST,
            "cautions": board_cautions(site, board),
        }
        yield f"pair/{name}.html", values


def pair_files(site: Content) -> dict[str, bytes]:
    """What the pages draw from: a classic script each, which hands its data to the element that loads it."""
    found = {}
    for name in site.compared:
        found[f"pair/{name}.js"] = b"document.currentScript.pair=" + json_line(
            pair_data(site.boards[name], site.sheets)
        )
    return found


def chosen(board: Board) -> list[Row]:
    """The rows that can be chosen, in the order of the board."""
    return [row for i, row in enumerate(board.rows) if i < MOST or row is board.floor]


def pair_data(board: Board, sheets: Mapping[str, Sheet]) -> dict[str, Any]:
    """All that the page draws.

    `near` is how many places apart two rows are at most of which the correlation of their errors is held, `start` the
    rows that are shown before anybody chooses, `verdicts` what is said of the first, the second, neither, and nothing.
    """
    rows, columns = chosen(board), pair_columns(board)
    near = held_apart(len(rows), len(columns))
    first = [i for i, row in enumerate(rows) if row.place] + [i for i, row in enumerate(rows) if not row.place]
    return {
        "near": near,
        "start": first[:2],
        "real": ["", "≈ real", "better than real"],
        "verdicts": [" is better", " is better", "no significant difference", "not judged"],
        "alt": f"samples, each {place_of(board, sheets)}, of ",
        "rows": [_row(row, sheets[stem(row.record)]) for row in rows],
        "columns": [_column(board, column, rows, near) for column in columns],
    }


def held_apart(rows: int, columns: int) -> int:
    """How many places apart two rows are at most of which the correlation of their errors is held."""
    return min(rows - 1, max(1, ROOM // (2 * rows * columns)))


def _row(row: Row, sheet: Sheet) -> dict[str, Any]:
    """A row: its name; whether it is ranked; what else there is to know of it, in words; its picture."""
    generator, flag = row.result.generator, row.copying.flag
    other = "the noise floor: held-out real images, not ranked" if generator.noise_floor else "a baseline, not ranked"
    about = [f"rank {rank_text(row.place)}" if row.place else other]
    about += [SAID[flag]] if flag else []
    about += ["images were submitted"] if row.place and row.from_images else []
    about += ["class-conditional"] if row.conditional else []
    about += [] if sheet.pairs else [f"no pictures: {sheet.reason}"]
    return {
        "name": row.name,
        "ranked": int(row.place is not None),
        "about": "; ".join(about),
        "picture": sheet.pairs.path if sheet.pairs else "",
        "looks": "px" if sheet.pairs and sheet.pairs.pixelated else "",
    }


def _column(board: Board, column: PairColumn, rows: list[Row], near: int) -> dict[str, Any]:
    """A column: `joint` is how many errors wide an interval is that holds for all pairs of ranked rows together,
    `apart` which pairs differ significantly, `real` a character a row, 1 for not significantly different from real
    images and 2 for better than they are, `why` what is missing.
    """
    names = [row.name for row in rows]
    pairs = combinations(names, 2) if column.better else ()
    return {
        "cells": [_cell(column.cells.get(name)) for name in names],
        "why": {str(i): f"missing: {_why(row, column)}" for i, row in enumerate(rows) if row.name not in column.cells},
        "real": "".join(_against_floor(board, column, row) for row in rows),
        "rho": _correlations(column, names, near),
        "joint": round(column.separation.quantile, 6) if column.separation else 0.0,
        "apart": _bits(a in column.cells and b in column.cells and column.differ(a, b) for a, b in pairs),
    }


def _why(row: Row, column: PairColumn) -> str:
    record = row.cells.get(column.key)
    return figure(record).title if record else row.empty[column.key]


def _against_floor(board: Board, column: PairColumn, row: Row) -> str:
    if row.name in column.beyond:
        return "2"
    near = column.better and row is not board.floor and like_real(column, row, board.floor)
    return "1" if near else "0"


def _cell(scored: Scored | None) -> list[float]:
    """Decimals that are shown, the value, and how far it may be too high and too low, as in `Scored.halves`; nothing
    where there is no value, and no more than that where there is no standard error.
    """
    if scored is None:
        return []
    places = decimals(scored.value, scored.se)
    halves = () if scored.se is None else scored.halves
    return [places, _rounded(scored.value, places), *(round(half, places + 3) for half in halves)]


def _rounded(value: float, places: int) -> float:
    """A value with three digits more than are shown, or all where these would change the last one shown."""
    short = round(value, places + 3)
    tie = f"{short:.{max(0, places + 3)}f}".endswith("500")
    return value if tie or written(short, places) != written(value, places) else short


def _correlations(column: PairColumn, names: list[str], near: int) -> str:
    """Two characters for each pair of rows that are near: the root of (1 - correlation) / 2 in twelve bits; nothing
    where no errors of the column are correlated.
    """
    held = []
    for i, a in enumerate(names):
        for k in range(1, near + 1):
            b = names[i + k] if i + k < len(names) else None
            held.append(_correlation(column.cells.get(a), column.cells.get(b) if b else None))
    if not any(held):
        return ""
    return "".join(_six(at >> 6) + _six(at & 63) for rho in held for at in [round(sqrt((1 - rho) / 2) * 4095)])


def _correlation(a: Scored | None, b: Scored | None) -> float:
    return 0.0 if a is None or b is None or a.se is None or b.se is None else dependence(a, b)[0]


def _bits(flags: Iterable[bool]) -> str:
    """Six a character, the first the lowest."""
    found, held = list(flags), []
    for start in range(0, len(found), 6):
        held.append(_six(sum(flag << k for k, flag in enumerate(found[start : start + 6]))))
    return "".join(held)


def _six(bits: int) -> str:
    return chr(_FIRST + bits)
