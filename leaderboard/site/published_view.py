"""What the page of published numbers shows: our value beside a paper's, and the models that nobody measured yet.

What others published stands in the registry's entries, each with its source; it enters no ranking and no result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...benchmarks.result import MetricRecord
from ...registry.catalog import entries, find, tracks_of
from ...registry.metrics import METRICS
from ...registry.schema import Dataset, Generator, Local, Reported, Track
from ..text.numbers import Figure, decimals, figure, missing, split, written
from .content import Content, Made, shown
from .links import Segment, linked


@dataclass(frozen=True)
class Published:
    """A published value of a model.

    Attributes:
        what: the metric, and the feature space it was measured in.
        against: how many samples they drew, and the images they compared with.
        differs: in what it was measured otherwise; empty if nothing is known.
    """

    what: str
    value: str
    against: str
    source: tuple[Segment, ...]
    differs: str


@dataclass(frozen=True)
class Line:
    """A model on a track; `ours`, `n` and `difference` are of the value that was measured here, if one was."""

    name: str
    title: str
    track: Track
    sampler: str
    nfe: int | None
    published: Published | None
    ours: Figure | None
    n: str
    difference: Figure | None

    @property
    def order(self) -> tuple[str, int, str]:
        """The tracks one after the other, on each the most expensive first."""
        return (self.track.name, -(self.nfe or 0), self.name)


def published_pages(site: Content) -> Made:
    """Every model that has a published value or whose entry says how it is sampled, by track."""
    lines = sorted(_lines(site), key=lambda line: line.order)
    compared = [line for line in lines if line.ours]
    declared = [line for line in lines if not line.ours]
    yield (
        "published.html",
        {
            "compared": compared,
            "declared": declared,
            "easiest": min(declared, key=_effort, default=None),
        },
    )


def published_of(name: str) -> list[Published]:
    """The published values of a generator; none of one that the registry does not hold."""
    entry = entries(Generator).get(name)
    return [_published(value) for value in entry.reported] if entry else []


def _effort(line: Line) -> tuple[bool, int, int]:
    """What is the least to measure: images that come by themselves, few of them, and few evaluations a sample."""
    dataset = find(Dataset, line.track.dataset)
    return isinstance(dataset.source, Local), dataset.count, line.nfe or 0


def _lines(site: Content) -> Iterator[Line]:
    for entry in entries(Generator).values():
        if not entry.reported and entry.sampler is None:
            continue
        for track in (site.tracks[name] for name in tracks_of(entry) if name in site.tracks):
            for value in entry.reported or (None,):
                yield _line(site, entry, track, value)


def _line(site: Content, entry: Generator, track: Track, value: Reported | None) -> Line:
    record = _measured(site, entry.name, track, value.column if value else track.primary)
    gap = None
    if record is not None and record.value is not None and value is not None:
        u = record.uncertainty
        places = decimals(record.value, u.se if u else None)
        gap = Figure(*split(written(record.value - value.value, places)), "", "ours less the published value")
    return Line(
        entry.name,
        entry.title,
        track,
        entry.sampler or "",
        entry.nfe,
        _published(value) if value else None,
        figure(record) if record else None,
        "" if record is None else f"{record.n:,}",
        gap or missing("nothing was published to compare it with"),
    )


def _measured(site: Content, name: str, track: Track, column: str) -> MetricRecord | None:
    """The value of the result that the generator's page shows, if that has one in the column."""
    mine = [r for r in site.generators.get(name, ()) if r.result.track.name == track.name and not r.result.error]
    if not mine:
        return None
    record = shown(mine, site.boards.get(track.name)).result.metric(column)
    return record if record and record.value is not None else None


def _published(value: Reported) -> Published:
    metric, _, extractor = value.column.partition(":")
    return Published(
        f"{METRICS[metric].title} in {extractor}",
        written(value.value, value.decimals),
        f"{value.samples:,} samples against {value.reference}",
        linked(value.source),
        value.differs,
    )
