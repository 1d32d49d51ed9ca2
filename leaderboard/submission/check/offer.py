"""Does it say what a reader of the board must know: who, and how the checkpoint was chosen."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Problem
from .tree import Case

_SEEN = {
    "reference": "the images that samples are measured against",
    "held-out": "the images that stand in for a perfect generator",
    "samples": "the standardized samples themselves",
}


def nobody_offers(case: Case) -> Iterator[Problem]:
    if case.result.submission is None and case.result.generator.kind != "registered":
        yield Problem("submission", "null: nothing says who offers this result")


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
