"""The feed of a site, by RFC 4287: new results but those of baselines, what is said against them, and moves of ranks.

An entry says what was so on its day and keeps its id, whatever the board says today: a value of a result never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from ...registry.metrics import find_metric
from ..board.by_date import Moves, moves
from ..storage.records import Record
from ..text.numbers import figure
from . import software
from .content import Content, page_of
from .findings import short_title
from .history import status_at
from .html import text

MOST = 60  # entries, the newest
NAMED = 12  # generators of a day before the rest are counted
_SPACE = uuid5(NAMESPACE_URL, f"{software.REPOSITORY}/feed")
_TOLD = ("failed", "disputed", "upheld", "rejected", "withdrawn")  # entries of logs that change what a reader believes


@dataclass(frozen=True)
class FeedEntry:
    """An entry of the feed; all texts are plain.

    Attributes:
        key: of what it is about: the same key is the same entry, on any machine.
        path: of the page it leads to.
    """

    key: str
    moment: str
    title: str
    summary: str
    path: str

    @property
    def id(self) -> UUID:
        return uuid5(_SPACE, self.key)


def feed_entries(site: Content) -> tuple[FeedEntry, ...]:
    """The newest first; of one moment in alphabetical order."""
    found = sorted({*_of_results(site), *_of_ranks(site)}, key=lambda one: (one.title, one.key))
    return tuple(sorted(found, key=lambda one: one.moment, reverse=True)[:MOST])


def feed_files(site: Content) -> dict[str, bytes]:
    """`feed.xml`, where there is anything to tell."""
    entries = feed_entries(site)
    if not entries:
        return {}
    base = site.absolute or ""
    values = {"entries": entries, "base": base, "id": uuid5(_SPACE, base or "anywhere"), "updated": entries[0].moment}
    return {"feed.xml": text("feed.xml", values)}


def _of_results(site: Content) -> Iterator[FeedEntry]:
    for record in site.records.readable:
        result, page = record.result, page_of(record.result, site.pages)
        if page not in site.pages or result.generator.baseline:
            continue
        name, board = result.generator.name, site.pages[page]
        on, place = short_title(board.track), f"generators/{name}.html"
        key = f"{result.track.name}@{result.track.version}/{name}/{result.id}"
        if moment := _moment(result.provenance.created):
            yield FeedEntry(key, moment, f"{name} on {on}: {_outcome(record, board.track.primary)}", "", place)
        for i, entry in enumerate(status_at(record)[0].history):
            said = _moment(entry.date)
            if entry.kind in _TOLD and said:
                kind = f"verification failed ({entry.level})" if entry.kind == "failed" else entry.kind
                yield FeedEntry(f"{key}/{i}", said, f"{name} on {on}: {kind}", entry.reason or "", place)


def _outcome(record: Record, primary: str) -> str:
    result = record.result
    if result.error:
        return "its run failed"
    shown = figure(result.metric(primary))
    if not shown.whole:
        return "new result, without a value"
    value = f"{shown.text}{' ' if shown.margin else ''}{shown.margin}"
    return f"new result, {find_metric(primary.partition(':')[0]).title} {value}"


def _of_ranks(site: Content) -> Iterator[FeedEntry]:
    for name, found in site.by_day.items():
        board = site.boards[name]
        on = short_title(board.track)
        for i, one in enumerate(moves(found)):
            title = _first(one, on) if found.whole and i == 0 else f"Ranks on {on} moved"
            yield FeedEntry(
                f"{board.track.id}/ranks/{one.day}", _moment(one.moment), title, in_words(one), f"tracks/{name}.html"
            )


def _first(one: Moves, on: str) -> str:
    names = [name for name, _, _ in one.moved]
    return f"{names[0]} is ranked on {on}" if len(names) == 1 else f"{len(names)} generators are ranked on {on}"


def in_words(one: Moves) -> str:
    """What a day changed, in a sentence.

    >>> in_words(Moves("2026-01-02", "", (("a", None, (1, 2)), ("b", (1, 1), (1, 2)), ("c", (2, 2), None))))
    'a: new at 1–2; b: 1 → 1–2; c: no longer ranked'
    """
    said = [
        f"{name}: no longer ranked"
        if after is None
        else f"{name}: new at {ranks(after)}"
        if before is None
        else f"{name}: {ranks(before)} → {ranks(after)}"
        for name, before, after in one.moved
    ]
    more = len(said) - NAMED
    return "; ".join([*said[:NAMED], *([f"and {more} more"] if more > 0 else [])])


def ranks(pair: Iterable[int]) -> str:
    """
    >>> ranks((1, 1)), ranks((1, 3))
    ('1', '1–3')
    """
    return "–".join(map(str, dict.fromkeys(pair)))


def _moment(moment: str) -> str:
    """A moment as RFC 3339 has it, in UTC; nothing of what is none, for results are contributed."""
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return ""
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if 1 < zoned.year < 9999 else ""
