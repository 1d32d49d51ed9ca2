"""The log of a result in words: who measured it again and what came of it, who disputes it."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import BadEntry
from ..storage.records import Record
from ..verification.log import VerificationStatus, log_problem, status_of
from ..verification.log_entry import Entry
from ..verification.report import judgement_text


@dataclass(frozen=True)
class Event:
    """A line of a log."""

    date: str
    kind: str
    by: str
    words: str


def status_at(record: Record) -> tuple[VerificationStatus, str]:
    """The status of a result, and what is wrong with its log, if anything."""
    try:
        return status_of(record.path), ""
    except BadEntry as e:
        return VerificationStatus(), log_problem(e, record.path)


def events(status: VerificationStatus) -> tuple[Event, ...]:
    """Newest first."""
    return tuple(_event(entry) for entry in reversed(status.history))


def _event(entry: Entry) -> Event:
    kind = f"failed to be {entry.level}" if entry.kind == "failed" else entry.kind
    return Event(entry.date[:10], kind, entry.by or "", _judged(entry) or entry.reason or _found(entry))


def _judged(entry: Entry) -> str:
    return f"{judgement_text(entry.judgement)}; {entry.judgement.source}" if entry.judgement else ""


def _found(entry: Entry) -> str:
    figures = entry.figures
    if figures is None:
        return ""
    columns = f"{figures.columns} columns"
    if entry.level == "resampled":
        most = "" if figures.largest_in_se is None else f", at most {figures.largest_in_se:.2g} standard errors apart"
        return f"{columns} of a fresh draw, seed {figures.seed}{most}"
    if not figures.differing:
        return f"{columns}, all equal to the last digit"
    most = "" if figures.largest_in_se is None else f", the largest by {figures.largest_in_se:.2g} standard errors"
    return f"{columns}, {len(figures.differing)} of them not equal to the last digit{most}"
