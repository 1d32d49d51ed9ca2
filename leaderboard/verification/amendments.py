"""Amendments: corrected words about a generator, appended to a result's log. No number changes, and no file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...benchmarks.result import Result, Selection
from ...core.errors import GenboardError
from .log import read_entries
from .log_entry import Entry
from .submitter_words import Words

# Where a result keeps what a submitter says.
_GENERATOR = ("title", "family", "licence", "paper")
_SUBMISSION = ("authors", "contact", "page", "code", "training_data", "parameters", "notes")
_SELECTION = ("tried", "chosen_by", "chosen_on")
_NEEDED = ("title", "family", "licence", "authors", "training_data", "tried")


def not_amendable(result: Result, metadata: Words) -> str | None:
    """Why these words of a result cannot be amended; none if they can."""
    given = metadata.model_fields_set
    empty = sorted(name for name in given & {*_NEEDED} if not getattr(metadata, name))
    if empty:
        return f"{empty[0]} cannot be empty"
    if result.generator.kind == "registered" and given & {*_GENERATOR}:
        return f"{sorted(given & {*_GENERATOR})[0]} is what the registry says of {result.generator.name}"
    if result.submission is None and given - {*_GENERATOR}:
        return f"nobody submitted it, so it has no {sorted(given - {*_GENERATOR})[0]}"
    if given & {*_SELECTION} and metadata.tried is None:
        return "chosen_by and chosen_on are amended together with tried"
    return None


def amended(result: Result, entries: Iterable[Entry]) -> Result:
    """The result with the words of its amendments, the latest of each field."""
    for entry in entries:
        if entry.amends is not None and not_amendable(result, entry.amends) is None:
            result = _with(result, entry.amends)
    return result


def as_amended(result: Result, path: Path) -> Result:
    """The result of a file with the amendments of the log beside it; without any where the log is damaged."""
    try:
        return amended(result, read_entries(path))
    except GenboardError:  # which the board and the checks tell of
        return result


def words_of(result: Result) -> dict[str, Any]:
    """What a result says in the fields that can be amended."""
    words = {field: getattr(result.generator, field) for field in _GENERATOR}
    if result.submission is not None:
        words |= {field: getattr(result.submission, field) for field in _SUBMISSION}
        chosen = result.submission.selection
        words |= {"tried": chosen.tried, "chosen_by": chosen.metric, "chosen_on": chosen.on}
    return words


def _with(result: Result, words: Words) -> Result:
    given = words.model_fields_set
    generator = result.generator.model_copy(update={f: getattr(words, f) for f in _GENERATOR if f in given})
    submission = result.submission
    if submission is not None:
        update = {f: getattr(words, f) for f in _SUBMISSION if f in given}
        if words.tried is not None:
            update["selection"] = Selection(tried=words.tried, metric=words.chosen_by, on=words.chosen_on)
        submission = submission.model_copy(update=update)
    return result.model_copy(update={"generator": generator, "submission": submission})
