"""What one rater is asked, question by question: a pure function of the study, the rater's id and the answers so far.

The page asks by the same rules (`page.js`), so a ratings file can be replayed: an answer that was changed later leads
to other exposures or other pairs than the file says.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .choice import Tally, next_pair
from .protocol import Protocol
from .randomness import Stream

Asking: TypeAlias = "Generator[Question, str, None]"
Side: TypeAlias = Literal["left", "right"]
LONG = 1000.0  # milliseconds for which an attention check is shown where exposures are limited


@dataclass(frozen=True)
class Plan:
    """What raters of a study are asked about.

    Attributes:
        study: its id.
        sets: of HYPE, the images of each generator's block, real ones and samples together; of `pairs`, the images of
            each contestant, those at one place belonging together. All by opaque ids.
        trials: scored questions of a session of `pairs`; HYPE asks for every image once.
    """

    study: str
    protocol: Protocol
    sets: tuple[tuple[str, ...], ...]
    trials: int

    @property
    def scored(self) -> int:
        """How many scored questions a session has."""
        return self.trials if self.protocol.name == "pairs" else sum(map(len, self.sets))

    @property
    def questions(self) -> int:
        """How many questions with the attention checks."""
        return self.scored + len(check_places(self, ""))


@dataclass(frozen=True)
class Question:
    """One question: an attention check with the side it asks for, one image, or two.

    Attributes:
        images: opaque ids, the left one first; none of a check.
        asked: the exposure in milliseconds, or none where time is unlimited.
    """

    check: Side | None
    images: tuple[str, ...]
    asked: float | None


def check_places(plan: Plan, rater: str) -> dict[int, Side]:
    """Before which scored questions an attention check comes, and the side it asks for."""
    stream, every = Stream(plan.study, rater, "checks"), plan.protocol.every
    found: dict[int, Side] = {}
    for start in range(0, plan.scored, every):
        place = min(start + stream.below(every), plan.scored - 1)
        found[place] = "left" if stream.number() < 0.5 else "right"
    return found


def questions(plan: Plan, rater: str, right: Callable[[str, str], bool]) -> Asking:
    """The questions of a session in their order; the answer to each is sent before the next.

    Args:
        right: whether an answer to an image is right, for the staircase.
    """
    checks = check_places(plan, rater)
    asking = _pairs(plan, rater) if plan.protocol.name == "pairs" else _single_images(plan, rater, right)
    question = next(asking)
    for number in range(plan.scored):
        if number in checks:
            yield Question(checks[number], (), LONG if plan.protocol.staircase else None)
        answer = yield question
        if number + 1 < plan.scored:
            question = asking.send(answer)


def _single_images(plan: Plan, rater: str, right: Callable[[str, str], bool]) -> Asking:
    """Every image of every block once; each block has a staircase of its own."""
    stairs = plan.protocol.staircase
    for block in Stream(plan.study, rater, "blocks").shuffled(range(len(plan.sets))):
        exposure = stairs.start if stairs else None
        for image in Stream(plan.study, rater, "images", str(block)).shuffled(plan.sets[block]):
            answer = yield Question(None, (image,), exposure)
            if stairs and exposure is not None:
                exposure = stairs.after(exposure, right(image, answer))


def _pairs(plan: Plan, rater: str) -> Asking:
    places = Stream(plan.study, rater, "places").shuffled(range(len(plan.sets[0])))
    stream, tally = Stream(plan.study, rater, "pairs"), Tally(len(plan.sets))
    for number in range(plan.trials):
        a, b = next_pair(tally, stream)
        place = places[number % len(places)]
        answer = yield Question(None, (plan.sets[a][place], plan.sets[b][place]), None)
        tally.add(a, b, WON[answer])


WON = {"left": 1.0, "right": 0.0, "tie": 0.5}
