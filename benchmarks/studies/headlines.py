"""What a study found on a track, in one short sentence: for people, without code names. A verdict says it in full.

A study without a function here is headed by its question.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from statistics import fmean
from types import MappingProxyType

from ...registry.metrics import METRICS
from .cycle import SENT, error_at
from .evaluator import NOTES, metric_of
from .faults import FaultResponse, Word, fault_responses, word_of
from .listing import find_study
from .outliers import responses_of_points
from .rungs import exactly, ladders_of, passing, phrase
from .spread import RANKED
from .table import Row, Table, number
from .truncation import compared, trades
from .unawareness import ALL, CHANGED

# Named first where there are more metrics than names.
KNOWN = ("fd", "kid", "coverage", "recall", "precision", "is")

Words = dict[str, Word]  # by metric


def headline(table: Table) -> str:
    """The finding of a table; the study's question where there is none to say."""
    say = _HEADLINES.get(table.study)
    return (say(table) if say else "") or find_study(table.study).question


def headline_of_points(table: Table) -> str:
    """What was found of points that a study makes itself beside a track's images; nothing where it makes none."""
    if table.study != "outliers":
        return ""
    rewarded = [metric_of(s.metric).name for s in responses_of_points(table) if word_of(s) == "rewarded by it"]
    return f"One outlier is rewarded by {titles(rewarded)}" if rewarded else "One outlier rewards no metric"


def titles(names: Iterable[str], most: int = 2) -> str:
    """Metrics by their titles.

    >>> titles(["vendi", "recall", "fd", "kid"]), titles(["is"])
    ('Fréchet distance, Kernel distance and 2 more', 'Inception score')
    """
    order = [*KNOWN, *METRICS]
    shown = [METRICS[name].title for name in sorted(names, key=order.index)]
    if len(shown) > most:
        shown[most:] = [f"{len(shown) - most} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _under(table: Table, fault: str) -> Words:
    """What each metric that is judged, and has an interval, does under a fault."""
    return {metric: word_of(said) for (metric, own), said in _judged(table).items() if own == fault}


def _judged(table: Table) -> Mapping[tuple[str, str], FaultResponse]:
    found = fault_responses([table]).items()
    return {key: said for key, said in found if word_of(said) != "does not apply" and said.response != NOTES[1]}


def _saying(words: Words, *wanted: Word) -> list[str]:
    return [metric for metric, word in words.items() if word in wanted]


def _clauses(parts: Mapping[str, Collection[str]], most: int) -> str:
    """`missed by A and B, and rewarded by C`, without what is empty."""
    said = [f"{words} {titles(names, most)}" for words, names in parts.items() if names]
    return ", and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def _copies(table: Table) -> str:
    words = _under(table, "exact")
    missed, rewarded = _saying(words, "misses it"), _saying(words, "rewarded by it")
    if not (missed or rewarded):
        return f"Exact copies are seen by {len(_saying(words, 'sees it'))} of {len(words)} metrics" if words else ""
    parts = {"missed by": missed, "rewarded by": rewarded}
    return f"Exact copies are {_clauses(parts, 2 if not rewarded or len(rewarded) == 1 else 1)}"


def _corruptions(table: Table) -> str:
    judged, seen = _judged(table), dict[str, int]()
    for (metric, _), said in judged.items():
        seen[metric] = seen.get(metric, 0) + (word_of(said) == "sees it")
    if not seen:
        return ""
    count, least = len({fault for _, fault in judged}), min(seen.values())
    text = f"{sum(n == count for n in seen.values())} of {len(seen)} metrics see all {count} corruptions"
    fewest = [metric for metric, n in seen.items() if n == least]
    sees = "sees" if len(fewest) == 1 else "see"
    return text if least == count else f"{text}; {titles(fewest, 1)} {sees} fewest, {least}"


def _modes(table: Table) -> str:
    words = _under(table, "dropped")
    parts = {"seen by": _saying(words, "sees it"), "missed by": _saying(words, "misses it")}
    return f"Missing classes are {_clauses(parts, 1)}" if any(parts.values()) else ""


def _outliers(table: Table) -> str:
    words = _under(table, "outlier")
    rewarded, still = _saying(words, "rewarded by it"), _saying(words, "unmoved")
    if rewarded:
        return f"One outlier among the images is rewarded by {titles(rewarded)}"
    if not still:
        return ""
    unclear = len(_saying(words, "unclear"))
    return f"One outlier leaves {titles(still)} unmoved" + (f"; for {unclear} it is unclear" if unclear else "")


def _samples(table: Table) -> str:
    words, sizes = _under(table, "few"), table.seen("n", "value")
    worse, better = _saying(words, "worsened by it"), _saying(words, "rewarded by it")
    said = [f"{titles(names, 1)} look {how}" for names, how in ((worse, "worse"), (better, "better")) if names]
    said = [text.replace(" look ", " looks ") if " more " not in text else text for text in said]
    return f"With {sizes[0]:,} samples instead of {sizes[-1]:,}, {' and '.join(said)}" if said else ""


def _k(table: Table) -> str:
    rows = [row for row in table.of("real", metric="precision") if row["value"] is not None]
    if len(rows) < 2:
        return ""
    first, last = rows[0], rows[-1]
    return (
        f"Real images have a precision of {first['value']:.2f} at k = {first['k']} and of {last['value']:.2f} "
        f"at k = {last['k']}: a value says little without its k"
    )


def _grid(table: Table) -> str:
    few = min(table.seen("n"), default=0)
    rows = [row for row in table.of("order", n=few) if row["tau"] is not None]
    if not rows or len(table.card.generators) < RANKED:
        return ""
    best = max(rows, key=lambda row: row["tau"])
    by, tau = f"by {metric_of(best['metric']).title} at k = {best['k']}", f"Kendall's tau {best['tau']:.2f}"
    if best["tau"] >= 0.9:
        return f"With {few:,} samples the ranking survives {by} ({tau})"
    return f"With {few:,} samples no k keeps the ranking: at best {tau}, {by}"


def _ranking(table: Table) -> str:
    where = {"n": "with fewer samples", "extractors": "in another feature space"}
    primary = table.card.primary
    rows = [row for row in table.of("tau", metric=primary) if row["axis"] in where and _enough(table, row)]
    if not rows:
        return ""
    worst = min(rows, key=lambda row: row["tau"])
    by, setting = metric_of(primary).title, where[worst["axis"]]
    return f"The ranking by {by} changes most {setting}: Kendall's tau {worst['tau']:.2f} at worst"


def _enough(table: Table, row: Row) -> bool:
    return row["tau"] is not None and int(row.get("generators", len(table.ranked))) >= RANKED


def _extractors(table: Table) -> str:
    name = metric_of(table.card.primary).name
    rows = [row for row in table.of("agreement", metric=name) if row["tau"] is not None and row["generators"] >= RANKED]
    if not rows:
        return ""
    worst = min(row["tau"] for row in rows)
    least = " at worst" if len(rows) > 1 else ""
    how = "agree" if worst >= 0.9 else "disagree"
    return f"Feature spaces {how} on the ranking by {METRICS[name].title}: Kendall's tau {worst:.2f}{least}"


def _seeds(table: Table) -> str:
    rows = list(table.of("calibration"))
    if not rows:
        return ""
    worst, mean = min(rows, key=lambda row: row["held"]), fmean(row["held"] for row in rows)
    name = metric_of(worst["metric"]).title
    return f"Of intervals that claim 95%, {mean:.1%} hold over fresh seeds; least often for {name}, {worst['held']:.1%}"


def _truncation(table: Table) -> str:
    found = trades(table)
    if not found:
        return ""
    fidelity, diversity = (METRICS[name].title.lower() for name in compared(table))
    traded = f"{sum(found.values())} of {len(found)} generators"
    return f"Truncation or guidance trades {fidelity} for {diversity} in {traded}"


def _cycle(table: Table) -> str:
    names = [name for name in table.seen("generator", "value") if name in table.ranked]
    if not names:
        return ""
    best = min(names, key=lambda name: number(error_at(table, name, SENT[0], 0), "value"))
    own, right = (number(error_at(table, best, sent, 0), "value") for sent in SENT)
    return (
        f"Translated there and back by {best}, images return at a mean error of {own:.3f}; right answers at {right:.3f}"
    )


def _sanity(table: Table) -> str:
    asked: dict[str, list[bool]] = {}
    for row in table.of("check"):
        if row["passed"] is not None:
            asked.setdefault(row["metric"], []).append(row["passed"])
    if not asked:
        return ""
    whole = sum(map(all, asked.values()))
    least = min(asked, key=lambda name: fmean(asked[name]))
    said = f"{whole or 'None'} of {len(asked)} metrics pass{'es' * (whole == 1)} every sanity check"
    if whole == len(asked):
        return said
    return f"{said}; {METRICS[least].title} passes the smallest share, {sum(asked[least])} of {len(asked[least])}"


def _ruler(table: Table) -> str:
    primary = table.card.primary
    ladders = ladders_of(table, primary)
    if not {"classes", "blur"} <= ladders.keys():
        return ""
    missing = ladders["classes"][1]
    blur = passing(ladders["blur"], missing.loss)
    if blur is None:
        return ""
    images, like = phrase(table, "classes", exactly(missing.strength)), phrase(table, "blur", exactly(blur))
    return f"By {metric_of(primary).title}, real images {images} are as bad as ones {like}"


def _unawareness(table: Table) -> str:
    rows = list(table.of("changed", group=ALL, measure=CHANGED))
    if not rows:
        return ""
    least, most = (pick(rows, key=lambda row: number(row, "value")) for pick in (min, max))
    said = f"Asked for the other group, {least['generator']} shows another subject in {least['value']:.1%} of samples"
    return said if most is least else f"{said}, {most['generator']} in {most['value']:.1%}"


_HEADLINES: Mapping[str, Callable[[Table], str]] = MappingProxyType(
    {
        "k": _k,
        "samples": _samples,
        "grid": _grid,
        "ranking": _ranking,
        "extractors": _extractors,
        "seeds": _seeds,
        "corruptions": _corruptions,
        "outliers": _outliers,
        "modes": _modes,
        "copies": _copies,
        "truncation": _truncation,
        "cycle": _cycle,
        "unawareness": _unawareness,
        "sanity": _sanity,
        "ruler": _ruler,
    }
)
