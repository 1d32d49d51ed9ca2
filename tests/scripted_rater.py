"""A rater in a browser who answers by a rule, with the keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genboard.leaderboard.human.key import StudyKey

KEYS = {"left": "ArrowLeft", "right": "ArrowRight", "tie": "ArrowDown", "real": "ArrowLeft", "generated": "ArrowRight"}
Rule = Callable[[Any], str]


def rate(page: Any, key: StudyKey, rule: Rule, stop_after: int | None = None) -> None:
    """Answer questions until all are, or so many.

    Args:
        rule: the answer to a question, see `session.Question`.
    """
    from genboard.benchmarks.human.session import questions

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    stored = stored_of(page, key)
    if not stored["practised"]:
        rounds = key.rules.practice
        for number in range(rounds):
            page.wait_for_function(
                "n => document.getElementById('progress').textContent.startsWith(`Practice ${n} of`)"
                " && !document.querySelector('[data-answer]').disabled",
                arg=number + 1,
            )
            page.wait_for_timeout(key.rules.fewest + 20)
            page.keyboard.press("ArrowLeft")
    asking = questions(key.plan, stored["rater"], key.right)
    question = next(asking)
    for number in range(key.plan.questions):
        answer = rule(question)
        if number >= len(stored["answers"]):
            if number == stop_after:
                return
            page.wait_for_function(
                "text => document.getElementById('progress').textContent === text"
                " && !document.querySelector('[data-answer]').disabled",
                arg=f"{number + 1} of {key.plan.questions}",
            )
            page.wait_for_timeout(key.rules.fewest + 20)
            page.keyboard.press(KEYS[answer])
        else:
            answer = stored["answers"][number]["answer"]
        if number + 1 < key.plan.questions:
            question = asking.send(answer)
    page.wait_for_selector("#save:visible")


def stored_of(page: Any, key: StudyKey) -> Any:
    """What the page keeps of the rater."""
    return json.loads(page.evaluate("place => localStorage.getItem(place)", f"genboard:{key.study}"))


def save(page: Any, folder: Path) -> Path:
    """The file that the rater saves at the end."""
    with page.expect_download() as found:
        page.keyboard.press("Enter")
    path = folder / found.value.suggested_filename
    found.value.save_as(path)
    return path
