"""What every column of a track's table is, for the button in its head: what it measures, which way is better, what a
perfect model has, and when not to trust it. From the registry, the noise floor, the baselines and the studies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...registry.columns import qualifiers
from ...registry.metrics import METRICS, Metric
from ..board.board import Board
from ..board.costs import machine
from ..text.numbers import figure
from .cautions import Caution, concerning
from .columns import Column, columns_of, reading
from .content import Content
from .costs_view import TOLD
from .findings import in_prose
from .glossary_view import evidence


@dataclass(frozen=True)
class Help:
    """What is told of a column.

    Attributes:
        measures: what it is.
        better: which way is better.
        perfect: what a perfect model has.
        doubts: when not to trust it, each with the study that found it or nothing.
        metric: whose entry says more, if there is one.
    """

    title: str
    measures: str
    better: str
    perfect: str
    doubts: tuple[tuple[str, str], ...]
    metric: str


def helps_of(site: Content, board: Board) -> list[Help]:
    """Of every column of figures, in their order."""
    found = concerning(site.studies.cautions, board.track.id, [column.key for column in board.columns])
    return [_help(board, column, [one for one in found if not one.generator]) for column in columns_of(board)]


def _help(board: Board, column: Column, cautions: Sequence[Caution]) -> Help:
    name = column.key.partition(":")[0]
    metric = METRICS.get(name)
    title = f"{column.title}{f', {column.note}' if column.note else ''}"
    if metric is None:
        measures, better, doubt = TOLD[column.key][1:] if column.key in TOLD else (f"{column.meaning}.", "", "")
        return Help(title, measures.format(machine=machine()), better, "", ((doubt, ""),) if doubt else (), "")
    return Help(
        title, metric.summary, _better(metric), _perfect(board, column, metric), _doubts(board, column, cautions), name
    )


def _better(metric: Metric) -> str:
    if metric.better is None and metric.target is None:
        return "Shown, not ranked: neither end is better."
    return f"{reading(metric.better, metric.target)[1].capitalize()}."


def _perfect(board: Board, column: Column, metric: Metric) -> str:
    """What held-out real images have: a perfect model has no better value, but for chance."""
    floor = board.floor
    record = floor.cells.get(column.key) or floor.suspicion.get(column.key) if floor else None
    if record is None or record.value is None:
        return "" if metric.target is None else f"A perfect model scores {metric.target:g}."
    shown = figure(record)
    margin = f" {shown.margin}" if shown.margin else ""
    return f"A perfect model scores about {shown.text}{margin}, as held-out real images do at N = {record.n:,}."


def _doubts(board: Board, column: Column, cautions: Sequence[Caution]) -> tuple[tuple[str, str], ...]:
    name = column.key.partition(":")[0]
    metric = METRICS[name]
    found = []
    if not any(read.startswith(("real", "train", "reference")) for read in metric.reads):
        found.append(("It looks at the samples alone: it cannot tell whether they are like real images.", ""))
    if metric.role == "diversity" and metric.unit and "real.features" in metric.reads:
        found.append(("It grows with the number of samples: compare it at one N only.", ""))
    if metric.suspicion or metric.detects_copies:
        found.append(("A low value is a reason to look at the nearest training images, and no proof of copying.", ""))
    fooled = [
        who
        for who, cases in evidence(name, metric.better, [board]).fooled
        if any(case.where == _where(board, column.key) for case in cases)
    ]
    if fooled:
        verb = "scores" if len(fooled) == 1 else "score"
        found.append((f"Here {in_prose(fooled)} {verb} no worse than real images.", ""))
    found += [(f"{one.kind}: {one.brief}.", one.study) for one in cautions if one.key in (column.key, name)]
    return tuple(found)


def _where(board: Board, key: str) -> str:
    column = next(c for c in board.columns if c.key == key)
    return ", ".join([column.extractor, *qualifiers(key)])
