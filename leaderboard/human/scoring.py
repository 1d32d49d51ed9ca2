"""Ratings files and the key of their study, made into scores with their provenance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np

from ...benchmarks.human.bradley_terry import FIRST, SECOND, TIE
from ...benchmarks.human.scores import Scores, hype_infinity, hype_time, preference
from ...benchmarks.human.staircase import modal_exposure
from ...core.errors import BadEntry, BadStudy, GenboardError
from ..storage.people import LeftOutRater, PeopleStudy, PersonsScore, Refused, Timing
from .key import REAL, StudyKey
from .ranks import ranked
from .ratings import Session, read_session

LONGEST = 300  # characters of a reason
_OUTCOMES = {"left": FIRST, "right": SECOND, "tie": TIE}


def score_files(files: Sequence[Path], key: StudyKey) -> PeopleStudy:
    """The scores of a study from ratings files; those that are refused, and raters who are left out, are listed.

    Raises:
        BadStudy: no file counts.
    """
    sessions, refused = _sessions(files, key)
    passes = key.rules.passes
    counted = [one for one in sessions if one.attention.enough(passes)]
    excluded = tuple(
        LeftOutRater(rater=one.ratings.rater[:8], passed=one.attention.passed, given=one.attention.given)
        for one in sessions
        if not one.attention.enough(passes)
    )
    if not counted:
        why = refused[0].reason if refused else "the rater failed the attention checks"
        raise BadStudy(f"none of {len(files)} files counts; the first: {why}", "see docs/human.md: what is refused")
    scores = _SCORED[key.protocol](counted, key)
    names = [one.name for one in key.contestants]
    places = ranked(names, scores.scores, scores.covariance, key.study)
    rows = tuple(
        PersonsScore(
            generator=one.name,
            digest=one.digest,
            **{field: getattr(score, field) for field in ("value", "se", "lo", "hi", "reason", "answers")},
            rank=(places[one.name].first, places[one.name].last) if one.name in places else None,
            tied=places[one.name].tied if one.name in places else (),
        )
        for one, score in zip(key.contestants, scores.scores, strict=True)
    )
    order = sorted(range(len(rows)), key=lambda i: (rows[i].value is None, -(rows[i].value or 0.0), names[i]))
    covariance = None
    if scores.covariance is not None:
        covariance = tuple(map(tuple, scores.covariance[np.ix_(order, order)].tolist()))
    return PeopleStudy(
        schema=1,
        study=key.study,
        track=key.track,
        track_version=key.track_version,
        metric=key.rules.metric,
        version=key.rules.version,
        unit=key.rules.unit,
        source=None,
        raters=len(counted),
        method=scores.method,
        rows=tuple(rows[i] for i in order),
        covariance=covariance,
        excluded=excluded,
        refused=refused,
        timing=_timing(counted),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _sessions(files: Sequence[Path], key: StudyKey) -> tuple[list[Session], tuple[Refused, ...]]:
    """The sessions of the files, each rater once, and the files that are refused."""
    found: dict[str, Session] = {}
    refused = []
    for path in files:
        try:
            session = read_session(path, key)
            first = found.setdefault(session.ratings.rater, session)
            if first is not session:
                raise BadEntry(path, "rater", f"a second file of the rater of {first.path.name}")
        except GenboardError as e:
            reason = e.fact.removeprefix(f"{path}: ")
            refused.append(Refused(file=_printable(path.name), reason=_printable(reason)))
    return list(found.values()), tuple(refused)


def _printable(text: str) -> str:
    """The beginning of a text that may hold anything.

    >>> _printable("a\u202eb")
    'a?b'
    """
    return "".join(c if c.isprintable() else "?" for c in text[:LONGEST])


def _hype_time(sessions: Sequence[Session], key: StudyKey) -> Scores:
    exposures = np.zeros((len(sessions), len(key.sets)))
    for r, session in enumerate(sessions):
        for j, images in enumerate(key.sets):
            mine = set(images)
            block = [given for given in session.scored if given.images[0] in mine]
            asked, shown = ([getattr(given, name) or 0.0 for given in block] for name in ("asked", "shown"))
            exposures[r, j] = modal_exposure(asked, shown)
    return hype_time(exposures, len(key.sets[0]))


def _hype_infinity(sessions: Sequence[Session], key: StudyKey) -> Scores:
    places = {image: (j, i) for j, images in enumerate(key.sets) for i, image in enumerate(images)}
    numbers = {image: i for i, image in enumerate(places)}
    rows = [
        (
            r,
            numbers[image],
            places[image][0],
            key.items[image].source == REAL,
            not key.right(image, given.answer),
        )
        for r, session in enumerate(sessions)
        for given in session.scored
        for image in given.images
    ]
    raters, images, contestants, real, wrong = np.array(rows, int).T
    return hype_infinity(raters, images, contestants, real, wrong, len(key.sets))


def _preference(sessions: Sequence[Session], key: StudyKey) -> Scores:
    places = {image: (j, i) for j, images in enumerate(key.sets) for i, image in enumerate(images)}
    rows = []
    for r, session in enumerate(sessions):
        for given in session.scored:
            (left, place), (right, _) = (places[image] for image in given.images)
            rows.append((r, place, left, right, _OUTCOMES[given.answer]))
    raters, images, a, b, outcome = np.array(rows, int).T
    return preference(raters, images, a, b, outcome, [one.name for one in key.contestants])


_SCORED = {"hype-time": _hype_time, "hype-infinity": _hype_infinity, "pairs": _preference}


def _timing(sessions: Sequence[Session]) -> Timing | None:
    errors = [
        given.shown - given.asked
        for session in sessions
        for given in session.scored
        if given.shown is not None and given.asked is not None
    ]
    if not errors:
        return None
    frame = median(session.ratings.frame for session in sessions)
    return Timing(frame=frame, mean=sum(errors) / len(errors), largest=max(map(abs, errors)))
