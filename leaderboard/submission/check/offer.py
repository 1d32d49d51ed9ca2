"""Checks of what a reader of the board must know: who submits, and how the checkpoint was chosen."""

from __future__ import annotations

from collections.abc import Iterator

from ...verification.submitter_words import MANY
from ..roles import is_account
from .finding import Problem
from .tree import Case

MOST = 10**15  # parameters, or checkpoints tried
_SEEN = {
    "reference": "the images that samples are measured against",
    "held-out": "the images that stand in for a perfect generator",
    "samples": "the standardized samples themselves",
}


def nobody_offers(case: Case) -> Iterator[Problem]:
    if case.result.submission is None and case.result.generator.kind != "registered":
        yield Problem("submission", "null: nothing says who offers this result")


def impossible_counts(case: Case) -> Iterator[Problem]:
    submission = case.result.submission
    if submission is None:
        return
    for field in ("authors", "training_data"):
        listed = getattr(submission, field)
        if len(listed) > MANY:
            yield Problem(f"submission.{field}", f"{len(listed):,}, {MANY} are allowed")
        elif len(set(listed)) < len(listed):
            yield Problem(f"submission.{field}", "one is named twice")
    for field, value in (("parameters", submission.parameters), ("selection.tried", submission.selection.tried)):
        if value is not None and value > MOST:
            yield Problem(f"submission.{field}", f"{value:,} is more than there can be")


def another_account(case: Case) -> Iterator[Problem]:
    submission = case.result.submission
    if submission and submission.account and case.author and case.document.before is None:
        if not is_account(case.author, submission.account):
            yield Problem("submission.account", f"{submission.account!r}, but {case.author} offers it")


def selection_untold(case: Case) -> Iterator[Problem]:
    selection = case.result.submission.selection if case.result.submission else None
    if selection is None:
        return
    for field, value in (("metric", selection.metric), ("on", selection.on)):
        if selection.tried > 1 and not value:
            yield Problem(f"submission.selection.{field}", f"null, with {selection.tried} checkpoints tried")
        if selection.tried == 1 and value:
            yield Problem(f"submission.selection.{field}", f"{value!r}, with one checkpoint tried: none was chosen")


def selected_on_the_test(case: Case) -> Iterator[Problem]:
    selection = case.result.submission.selection if case.result.submission else None
    if selection and selection.on in _SEEN and selection.tried > 1:
        yield Problem("submission.selection.on", f"the best of {selection.tried} on {_SEEN[selection.on]}")


def unknown_origin(case: Case) -> Iterator[Problem]:
    generator = case.result.generator
    for field in ("licence", "family"):
        if generator.kind != "registered" and getattr(generator, field).strip().lower() in ("", "unknown"):
            yield Problem(f"generator.{field}", "unknown")
