"""Ratings of others: a table of human error rates, as dgm-eval publishes them, made into a study with its source.

dgm-eval (arXiv:2306.04675) has a row for each participant: `model`, and the error rates on samples (`f_err_rt`) and on
real images (`r_err_rt`), whose mean is what `hype_infinity` is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

from ...benchmarks.evaluation_target import slug
from ...benchmarks.human.protocol import find_protocol
from ...benchmarks.human.scores import Score, few_raters
from ...benchmarks.uncertainty import LEVEL
from ...core.errors import BadEntry
from ...core.files import read_bytes
from ...core.serialization import digest_of
from ...registry.schema import Track
from ..storage.people import PeopleStudy, PersonsScore
from ..text.words import LONG, problem_with
from .ranks import ranked

LARGEST = 16 * 2**20  # bytes
METHOD = "Student's, over raters"
_FORM = (
    "give columns model, f_err_rt and r_err_rt (or err_rt), from 0 to 1, a row for each rater; id tells raters apart"
)


def import_table(path: Path, track: Track, source: str) -> PeopleStudy:
    """The study in a CSV table of error rates.

    Raises:
        BadEntry: `path: line: problem`, or a source that may not be shown.
    """
    problem = problem_with(source, LONG)
    if problem:
        raise BadEntry(path, "source", problem, "say in one plain line where the ratings are published")
    rates, raters = _rates(path)
    names = list(rates)
    scores = [_score(list(rates[name].values())) for name in names]
    covariance = _covariance(rates) if all(score.se is not None for score in scores) else None
    study = digest_of([source, {name: list(found.items()) for name, found in rates.items()}])[:16]
    places = ranked(names, scores, covariance, study)
    order = sorted(range(len(names)), key=lambda i: (-(scores[i].value or 0.0), names[i]))
    protocol = find_protocol("hype-infinity")
    return PeopleStudy(
        schema=1,
        study=study,
        track=track.name,
        track_version=track.version,
        metric=protocol.metric,
        version=protocol.version,
        unit=protocol.unit,
        source=source,
        raters=raters,
        method=METHOD,
        rows=tuple(
            PersonsScore(
                generator=names[i],
                digest=None,
                **{field: getattr(scores[i], field) for field in ("value", "se", "lo", "hi", "reason", "answers")},
                rank=(places[names[i]].first, places[names[i]].last) if names[i] in places else None,
                tied=places[names[i]].tied if names[i] in places else (),
            )
            for i in order
        ),
        covariance=None if covariance is None else tuple(map(tuple, covariance[np.ix_(order, order)].tolist())),
        excluded=(),
        refused=(),
        timing=None,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _rates(path: Path) -> tuple[dict[str, dict[str, float]], int]:
    """By generator and rater the error rate in per cent, and how many raters there are."""
    if path.is_file() and (size := path.stat().st_size) > LARGEST:
        raise BadEntry(path, "", f"{size:,} bytes, {LARGEST:,} are allowed", "give the table of one track")
    try:
        text = read_bytes(path).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except (UnicodeDecodeError, csv.Error) as e:
        raise BadEntry(path, "", f"not CSV in UTF-8: {e}", _FORM) from e
    found: dict[str, dict[str, float]] = {}
    for number, row in enumerate(rows, 2):
        where = f"line {number}"
        name, rate = slug(row.get("model") or ""), _rate(path, where, row)
        rater = row.get("id") or f"row {number}"
        if not row.get("model"):
            raise BadEntry(path, where, "no model", _FORM)
        if rater in found.setdefault(name, {}):
            raise BadEntry(path, where, f"a second row of rater {rater!r} on {name}", "give one row for each rater")
        found[name][rater] = 100 * rate
    if not found:
        raise BadEntry(path, "", "it holds no rows", _FORM)
    return found, len({rater for one in found.values() for rater in one})


def _rate(path: Path, where: str, row: Mapping[str, str | None]) -> float:
    columns = ("f_err_rt", "r_err_rt") if row.get("f_err_rt") and row.get("r_err_rt") else ("err_rt",)
    rates = []
    for column in columns:
        try:
            rate = float(row.get(column) or "")
        except ValueError as e:
            raise BadEntry(path, where, f"{column} = {row.get(column)!r} is no number", _FORM) from e
        if not isfinite(rate) or not 0 <= rate <= 1:
            raise BadEntry(path, where, f"{column} = {rate:g} is not from 0 to 1", _FORM)
        rates.append(rate)
    return sum(rates) / len(rates)


def _score(rates: list[float]) -> Score:
    """Mean and interval of one generator; `answers` counts its raters, whose answers are not in the table."""
    n, value = len(rates), float(np.mean(rates))
    if few := few_raters(n):
        return Score(value, None, None, None, few, n)
    se = float(np.std(rates, ddof=1) / np.sqrt(n))
    if se == 0:
        return Score(value, None, None, None, "all raters gave the same: nothing tells their spread", n)
    half = float(stdtrit(n - 1, 0.5 + LEVEL / 2)) * se
    return Score(value, se, max(value - half, 0.0), min(value + half, 100.0), None, n)


def _covariance(rates: Mapping[str, Mapping[str, float]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Of the errors of the means: raters who rated several generators are in all of them."""
    raters = {rater: i for i, rater in enumerate(dict.fromkeys(r for one in rates.values() for r in one))}
    moved = np.zeros((len(raters), len(rates)))
    for j, one in enumerate(rates.values()):
        values = np.array(list(one.values()))
        n = len(values)
        moved[[raters[r] for r in one], j] = (values - values.mean()) / np.sqrt(n * (n - 1))
    return moved.T @ moved
