"""What a log claims that is impossible: about its result, its own figures, or the order of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from math import inf, isclose
from statistics import NormalDist

from ...benchmarks.difference import halves
from ...benchmarks.result import MetricRecord, Result
from ...registry.schema import Track
from .amendments import not_amendable
from .levels import LUCKY
from .log import impossible, status
from .log_entry import Compared, Entry, Figures
from .tolerance import LEVELS_OFF, PIXELS_OFF, in_se

FUTURE = timedelta(days=1)  # by which clocks may differ
AGREED = 1.0  # standard errors: what agrees is much closer, and a tie that goes the other way moves a count by one
_CLOSE = 1e-6  # relative; figures have ten digits


def contradictions(
    result: Result, track: Track | None, entries: Sequence[Entry], now: datetime
) -> Iterator[tuple[int, str]]:
    """Number of a line, and what in it contradicts itself, its result, or the lines before.

    Args:
        track: of the result, as it is today; none if it is unknown.
        now: no entry can be later.
    """
    for number, entry in enumerate(entries, 1):
        before = entries[: number - 1]
        for problem in (*_of_time(result, before, entry, now), *_of_order(result, before, entry)):
            yield number, problem
        if entry.figures is not None:
            yield from ((number, problem) for problem in _of_figures(result, track, entry, entry.figures))


def moment(date: str) -> datetime | None:
    """A date of a log or a result; none if there is no such date."""
    try:
        return datetime.fromisoformat(date).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _of_time(result: Result, before: Sequence[Entry], entry: Entry, now: datetime) -> Iterator[str]:
    at, made = moment(entry.date), moment(result.provenance.created)
    if at is None:
        yield f"{entry.date} is no date"
        return
    if at > now + FUTURE:
        yield f"{entry.date} is in the future"
    if made is not None and at < made - FUTURE:
        yield f"{entry.date} is before the result was made, {result.provenance.created}"
    last = moment(before[-1].date) if before else None
    if last is not None and at < last - FUTURE:
        yield f"{entry.date} is before the line above, {before[-1].date}"


def _of_order(result: Result, before: Sequence[Entry], entry: Entry) -> Iterator[str]:
    so_far = status(before)
    if problem := impossible(result, [entry]):
        yield problem
    if so_far.withdrawn is not None and entry.kind in ("withdrawn", "disputed", "amended", "judged"):
        yield f"{entry.kind}, though it was withdrawn before"
    if entry.kind in ("upheld", "rejected"):
        known = [d.id for d in so_far.disputes if d.state == "open" or d.id == entry.dispute]
        if not known or (entry.dispute is not None and entry.dispute not in known):
            yield f"{entry.kind} answers a dispute that is not open"
    if entry.judgement is not None and entry.judgement.n > 100 * result.sampling.n:
        yield f"{entry.judgement.n:,} images were judged, the result has {result.sampling.n:,}"
    if entry.amends is not None and (problem := not_amendable(result, entry.amends)):
        yield problem


def _of_figures(result: Result, track: Track | None, entry: Entry, figures: Figures) -> Iterator[str]:
    yield from _of_columns(result, entry, figures)
    yield from _of_pixels(result, entry, figures)
    if figures.environment.genboard != entry.genboard:
        yield f"measured with genboard {figures.environment.genboard}, written by {entry.genboard}"
    if entry.level == "resampled":
        yield from _of_fresh_draw(result, track, entry, figures)
    elif figures.seed is not None or figures.p is not None:
        yield f"{entry.level} draws no fresh seed, and has no p"


def _of_columns(result: Result, entry: Entry, figures: Figures) -> Iterator[str]:
    published = {record.key: record for record in result.metrics}
    if figures.columns != len(published):
        yield f"{figures.columns} columns, the result has {len(published)}"
    names = [c.column for c in figures.differing]
    if len(set(names)) < len(names):
        yield "a column is there twice"
    for c in figures.differing:
        record = published.get(c.column)
        if record is None:
            yield f"{c.column} is no column of the result"
            continue
        if c.published != record.value:
            yield f"{c.column}: {c.published} published, the result says {record.value}"
        yield from (f"{c.column}: {problem}" for problem in _of_difference(record, c, entry))
    if entry.kind != "failed" and not all(c.agrees for c in figures.differing):
        yield f"{entry.kind}, with columns that do not agree"
    apart = [abs(c.in_se) for c in figures.differing if c.in_se is not None]
    largest = figures.largest_in_se or 0.0
    if not isclose(max(apart, default=0.0), largest, rel_tol=_CLOSE, abs_tol=_CLOSE):
        yield f"a largest difference of {largest:g} standard errors, the columns say {max(apart, default=0.0):g}"


def _most(record: MetricRecord, found: float | None) -> float:
    """The most errors that a difference from a fresh draw can have: if that draw's value had no error at all."""
    u = record.uncertainty
    assert u is not None
    assert record.value is not None
    assert found is not None
    down, up = halves(record.value, u.se, u.lo, u.hi, u.level)
    half = down if found < record.value else up
    return abs(found - record.value) / half if half > 0 else inf


def _of_difference(record: MetricRecord, c: Compared, entry: Entry) -> Iterator[str]:
    own = in_se(record, c.found)
    if c.in_se is None or own is None:
        return
    if entry.level == "resampled":  # in errors of the difference, of the other sign
        if abs(c.in_se) > _most(record, c.found) * (1 + _CLOSE) or c.in_se * own > 0:
            yield f"{c.in_se:g} standard errors of the difference, its own give {own:g}"
        return
    if not isclose(c.in_se, own, rel_tol=1e-3, abs_tol=1e-3):
        yield f"{c.in_se:g} standard errors apart, its values give {own:g}"
    if c.agrees and abs(own) > AGREED:
        yield f"it agrees, {abs(own):.3g} standard errors apart"


def _of_pixels(result: Result, entry: Entry, figures: Figures) -> Iterator[str]:
    pixels = figures.pixels
    if (pixels is not None) != (entry.level == "reproduced"):
        yield f"{entry.level}, {'without' if pixels is None else 'with'} a comparison of samples"
    if pixels is None:
        return
    if pixels.published != result.sampling.digest:
        yield f"samples with digest {pixels.published[:12]}, the result has {str(result.sampling.digest)[:12]}"
    if pixels.published != pixels.found and entry.kind == "reproduced":
        if pixels.compared == 0 or pixels.share_off is None:
            yield "reproduced, with samples of another digest that nobody compared"
        elif pixels.share_off > PIXELS_OFF or (pixels.levels or 0) > LEVELS_OFF:
            yield f"reproduced, though {pixels.share_off:.2%} of the values differ, by up to {pixels.levels} levels"


def _of_fresh_draw(result: Result, track: Track | None, entry: Entry, figures: Figures) -> Iterator[str]:
    if figures.seed is None or figures.p is None:
        yield "resampled, without seed or p"
        return
    taken = {result.sampling.seed, track.seed if track else None}
    if figures.seed in taken:
        yield f"seed {figures.seed} is the published one"
    if (figures.p < LUCKY) != (entry.kind == "failed"):
        yield f"{entry.kind} with p = {figures.p:.2g}; a lucky draw has less than {LUCKY:g}"
    primary = track.primary if track else None
    if primary is not None:
        yield from _of_chance(result.metrics, primary, figures)


def _of_chance(records: Iterable[MetricRecord], primary: str, figures: Figures) -> Iterator[str]:
    record = next((r for r in records if r.key == primary), None)
    column = next((c for c in figures.differing if c.column == primary), None)
    if record is None or column is None or column.in_se is None:
        return
    p = NormalDist().cdf(column.in_se if record.direction == "lower" else -column.in_se)
    if not isclose(p, figures.p or 0.0, rel_tol=_CLOSE, abs_tol=_CLOSE):
        yield f"p = {figures.p:.3g}, {primary} gives {p:.3g}"
