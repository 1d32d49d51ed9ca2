"""Ratings files: what a page gives back, read as what strangers send, and replayed question by question.

The digest finds what was changed by accident or by hand. It is no signature, since the page that computes it is in the
rater's hands; what a rater says can never be proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from ...benchmarks.human.attention import Attention
from ...benchmarks.human.protocol import ProtocolName
from ...benchmarks.human.session import Question, questions
from ...core.errors import BadEntry
from ...core.files import read_bytes, sha256
from ...core.serialization import parse_json
from ...registry.fields import Sha256, Strict
from .key import SCHEMA, Opaque, StudyKey

LARGEST = 4 * 2**20  # bytes: ten thousand answers
MOST = 10_000  # answers
_LONGEST = 24 * 3600 * 1000.0  # milliseconds of a question
_SLOWEST = 60_000.0  # of an exposure: a page in the background shows an image again
_SAVED = "ask the rater for the file as the page saved it"

Time = Annotated[float, Field(gt=0, le=_LONGEST, allow_inf_nan=False)]
Exposure = Annotated[float, Field(gt=0, le=_SLOWEST, allow_inf_nan=False)]


class Given(Strict):
    """One answer, with the exposure that was asked for and shown, and the time it took, in milliseconds."""

    check: Literal["left", "right"] | None
    images: tuple[Opaque, ...] = Field(max_length=2)
    answer: Literal["left", "right", "tie", "real", "generated"]
    asked: Exposure | None
    shown: Exposure | None
    time: Time

    @property
    def line(self) -> str:
        """What the digest covers."""
        times = ("" if t is None else f"{t:.1f}" for t in (self.asked, self.shown, self.time))
        return ",".join([self.check or "", "+".join(self.images), self.answer, *times])


class Ratings(Strict):
    """The file of one rater."""

    schema_: int = Field(SCHEMA, alias="schema", ge=SCHEMA, le=SCHEMA)
    study: Opaque
    protocol: ProtocolName
    version: int
    rater: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    screen: Literal["phone", "tablet", "desk"]
    frame: float = Field(ge=0, le=1000, allow_inf_nan=False)
    answers: tuple[Given, ...] = Field(max_length=MOST)
    digest: Sha256

    def own_digest(self) -> str:
        head = [self.schema_, self.study, self.protocol, self.version, self.rater, self.screen, f"{self.frame:.1f}"]
        return sha256("\n".join([*map(str, head), *(given.line for given in self.answers)]).encode())


@dataclass(frozen=True)
class Session:
    """A rater's answers that belong to the questions of the study.

    Attributes:
        scored: the answers but for attention checks.
    """

    path: Path
    ratings: Ratings
    attention: Attention
    scored: tuple[Given, ...]


def read_session(path: Path, key: StudyKey) -> Session:
    """The session in a ratings file.

    Raises:
        BadEntry: the file is none of this study, was changed since it was saved, is not complete, or says what cannot
            have been.
    """
    if path.is_file() and (size := path.stat().st_size) > LARGEST:
        raise BadEntry(path, "", f"{size:,} bytes, a ratings file has at most {LARGEST:,}", _SAVED)
    value = parse_json(read_bytes(path), path)
    try:
        ratings = Ratings.model_validate(value)
    except ValidationError as e:
        first = e.errors()[0]
        raise BadEntry(path, ".".join(map(str, first["loc"])), first["msg"], _SAVED) from e
    if ratings.study != key.study:
        raise BadEntry(path, "study", f"{ratings.study}, the key is of {key.study}", "name its key with --key")
    if (ratings.protocol, ratings.version) != (key.protocol, key.protocol_version):
        raise BadEntry(path, "protocol", f"{ratings.protocol} {ratings.version}, not that of the study", _SAVED)
    if ratings.digest != ratings.own_digest():
        raise BadEntry(path, "digest", "not that of its contents: the file was changed after it was saved", _SAVED)
    if len(ratings.answers) < key.plan.questions:
        few = f"{len(ratings.answers)} of {key.plan.questions} questions are answered"
        raise BadEntry(path, "answers", few, "ask the rater to go on in the same browser, and to save again")
    if len(ratings.answers) > key.plan.questions:
        many = f"{len(ratings.answers)} answers to {key.plan.questions} questions"
        raise BadEntry(path, "answers", many, _SAVED)
    _replay(path, ratings, key)
    checks = [given for given in ratings.answers if given.check]
    attention = Attention(len(checks), sum(given.answer == given.check for given in checks))
    return Session(path, ratings, attention, tuple(given for given in ratings.answers if not given.check))


def _replay(path: Path, ratings: Ratings, key: StudyKey) -> None:
    """Raises BadEntry at the first answer that the page cannot have taken."""
    asking = questions(key.plan, ratings.rater, key.right)
    question = next(asking)
    for number, given in enumerate(ratings.answers):
        where = f"answers.{number}"
        if (given.check, given.images, given.asked) != (question.check, question.images, question.asked):
            raise BadEntry(
                path, where, "not the question that follows from the answers before: an answer was changed", _SAVED
            )
        if given.answer not in _allowed(question, key):
            raise BadEntry(path, where, f"{given.answer!r} is no answer to it", _SAVED)
        problem = _impossible(given, ratings.frame, key.rules.fewest)
        if problem:
            raise BadEntry(path, where, problem, _SAVED)
        if number + 1 < len(ratings.answers):
            question = asking.send(given.answer)


def _allowed(question: Question, key: StudyKey) -> tuple[str, ...]:
    if key.protocol == "pairs":
        return ("left", "right", "tie")
    return ("left", "right") if question.check else ("real", "generated")


def _impossible(given: Given, frame: float, fewest: float) -> str | None:
    """What cannot be of the times of an answer; none if all can."""
    if (given.asked is None) != (given.shown is None):
        return "an exposure was measured where none was asked for, or not where one was"
    if given.shown is not None and given.asked is not None and given.shown < given.asked - frame - 1:
        return f"shown for {given.shown:g} ms, a frame less than the {given.asked:g} ms that were asked for"
    soonest = max(fewest, given.shown or 0.0)
    if given.time < soonest - 1:
        return f"answered after {given.time:g} ms, the page takes no answer before {soonest:g} ms"
    return None
