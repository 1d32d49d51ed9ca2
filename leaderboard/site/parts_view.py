"""What a generator's page shows of parts: a value of each class, and what the samples of each class were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...benchmarks.result import MetricRecord, PartRecord, UncertaintyRecord
from ...registry.catalog import entries
from ...registry.columns import titled
from ...registry.metrics import METRICS
from ...registry.schema import Dataset
from ..board.board import Board
from ..text.numbers import Figure, figure

MOST = 100  # parts a page shows; of more there are downloads


@dataclass(frozen=True)
class Parts:
    """A table of parts: a row for each, a column for each metric.

    Attributes:
        noun: what a part is, `Class`, `Group`, `Subject` or `Attribute`.
        heads: of the columns.
        rows: the name of each part and its figures.
        left: how many further parts there are.
    """

    noun: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]
    left: int


@dataclass(frozen=True)
class Confusion:
    """How many images of each class were taken for each class.

    Attributes:
        of: which images.
        names: of the classes.
        rows: counts, by class and by what they were taken for.
    """

    of: str
    names: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]


def tables_of(metrics: Sequence[MetricRecord], board: Board | None) -> list[Parts]:
    """A table for the metrics that have a value of each class, and one for each that has values of other parts."""
    groups: dict[tuple[str, ...], list[MetricRecord]] = {}
    for record in metrics:
        if record.parts:
            groups.setdefault(tuple(part.name for part in record.parts), []).append(record)
    return [_table(names, records, board) for names, records in groups.items()]


def confusions_of(metrics: Sequence[MetricRecord], board: Board | None) -> list[Confusion]:
    """The confusion matrices of the samples and of the real images, where they were kept."""
    found = []
    for record in metrics:
        rows = [part.counts for part in record.parts or () if part.counts is not None]
        if rows and len(rows) == len(record.parts or ()) and all(len(row) == len(rows) for row in rows):
            real = "real.labels" in METRICS[record.name].reads if record.name in METRICS else False
            names = _names([part.name for part in record.parts or ()], record, board)
            found.append(Confusion("real images" if real else "samples", names, tuple(rows)))
    return list(dict.fromkeys(found))  # top 1 and top 5 have the same one


def _table(names: tuple[str, ...], records: Sequence[MetricRecord], board: Board | None) -> Parts:
    shown = _names(list(names), records[0], board)
    rows = tuple(
        (shown[i], tuple(figure(_as_record(record, (record.parts or ())[i])) for record in records))
        for i in range(min(MOST, len(names)))
    )
    noun = _noun(records[0])
    heads = tuple(titled(record.key) for record in records)
    return Parts(noun, heads, rows, max(0, len(names) - MOST))


def _as_record(record: MetricRecord, part: PartRecord) -> MetricRecord:
    """A part as if it were measured alone: its interval has the level and the target of the whole's."""
    u, whole = None, record.uncertainty
    if part.se is not None and part.lo is not None and part.hi is not None and whole is not None:
        u = UncertaintyRecord(
            target=whole.target, se=part.se, lo=part.lo, hi=part.hi, level=whole.level, method=whole.method
        )
    return record.model_copy(update={"value": part.value, "uncertainty": u, "reason": part.reason, "parts": None})


def _noun(record: MetricRecord) -> str:
    parts = METRICS[record.name].parts if record.name in METRICS else "class"
    return parts.capitalize() if isinstance(parts, str) else "Attribute"


def _of_classes(record: MetricRecord) -> bool:
    return record.name not in METRICS or METRICS[record.name].parts == "class"


def _names(names: Sequence[str], record: MetricRecord, board: Board | None) -> tuple[str, ...]:
    """What parts are called: of classes, as the track's data set calls them."""
    dataset = entries(Dataset).get(board.track.dataset) if board else None
    classes = dataset.classes if dataset and _of_classes(record) else ()
    known = {str(label): name for label, name in enumerate(classes)}
    return tuple(known.get(name, name) for name in names)
