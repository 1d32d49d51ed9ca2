"""What people said, as plain text for the command line."""

from __future__ import annotations

from collections.abc import Sequence

from ..board.agreement import Pair
from ..storage.people import PeopleStudy, PersonsScore
from ..text.numbers import decimals, written
from ..text.tables import table


def people_text(study: PeopleStudy) -> str:
    """One line a generator, best first, then how the numbers were made."""
    rows = [[row.generator, _rank(row), *_value(row), f"{row.answers:,}", row.reason or ""] for row in study.rows]
    head = f"{study.metric} on {study.track}@{study.track_version}, {study.unit}, higher is better"
    made = f"{study.target}: {study.method}" if study.method else "none"
    said = [f"{study.raters} rater{'s' * (study.raters != 1)}; intervals: {made}"]
    if study.source:
        said.append(f"ratings of others: {study.source}")
    if study.timing:
        t = study.timing
        said.append(
            f"exposures: shown {t.mean:+.1f} ms of what was asked for, {t.largest:.1f} ms at most; a frame is "
            f"{t.frame:.1f} ms"
        )
    return "\n\n".join(
        [
            head,
            table(["generator", "rank", "value", "95% interval", "answers", ""], rows, right=(2, 4)),
            "\n".join(said),
        ]
    )


def _rank(row: PersonsScore) -> str:
    if row.rank is None:
        return "-"
    first, last = row.rank
    return str(first) if first == last else f"{first}-{last}"


def _value(row: PersonsScore) -> tuple[str, str]:
    if row.value is None:
        return "-", ""
    if row.se is None or row.lo is None or row.hi is None:
        return f"{row.value:.3g}", ""
    places = decimals(row.value, row.se)
    return written(row.value, places), f"{written(row.lo, places)} to {written(row.hi, places)}"


def agreement_text(study: PeopleStudy, pairs: Sequence[Pair]) -> str:
    """One line a metric: how many pairs of generators it orders as people do, and what Kendall's tau may be."""
    rows = []
    for pair in pairs:
        tau = "" if pair.tau is None else written(pair.tau, 2)
        ends = "" if pair.tau_ends is None else " to ".join(written(end, 2) for end in pair.tau_ends)
        rows.append([pair.b, tau, ends, pair.in_words()])
    head = f"agreement with {study.metric}, {study.raters} rater{'s' * (study.raters != 1)}, study {study.study}"
    return f"{head}\n\n{table(['metric', 'tau', '95% interval', 'pairs of generators'], rows, right=(1,))}"
