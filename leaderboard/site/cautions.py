"""What studies found against a metric, carried to the pages that show its values: computed from the studies' tables.

An interval is too narrow where fresh seeds vary more than it claims, beyond chance over all that the study looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from scipy.special import chdtrc

from ...benchmarks.studies.evaluator import judges, metric_of, significant
from ...benchmarks.studies.seeds import calibration_rows
from ...benchmarks.studies.table import Row, Table
from ...registry.columns import titled

ALPHA = 0.05
NARROW, REWARDED, FAILS = "Interval too narrow", "Rewarded by copies", "Fails sanity checks"


@dataclass(frozen=True)
class Caution:
    """A finding against a column.

    Attributes:
        track: `name@version` of the only track that it is of; empty for every track.
        key: of the column, or the name of a metric whatever the column.
        generator: the only one that it is of; empty for all.
        words: what was found, in full.
        brief: the same beside others of its kind.
    """

    kind: str
    study: str
    track: str
    key: str
    generator: str
    words: str
    brief: str

    @property
    def title(self) -> str:
        return titled(self.key)


def cautions_of(tables: Iterable[Table]) -> tuple[Caution, ...]:
    """Everything that the tables hold against a metric; of points of no track what the first table says."""
    found: list[Caution] = []
    for table in tables:
        match table.study:
            case "seeds":
                found += _narrow(table)
            case "copies":
                found += _rewarded(table)
            case "sanity" if not any(one.kind == FAILS for one in found):
                found += _failing(table)
    return tuple(found)


def concerning(cautions: Iterable[Caution], track: str, keys: Iterable[str], generator: str = "") -> list[Caution]:
    """Those of columns that are shown on a track, and for one generator those of it and of all."""
    shown = {*keys}
    names = {key.partition(":")[0] for key in shown}
    return [
        one
        for one in cautions
        if one.track in ("", track) and one.generator in ("", generator) and (one.key in shown or one.key in names)
    ]


def together(cautions: Iterable[Caution]) -> list[tuple[str, str, str]]:
    """A line for each kind: kind, study, and what it found of each metric."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for one in cautions:
        kinds.setdefault((one.kind, one.study), []).append(f"{one.title} ({one.brief})")
    return [(kind, study, "; ".join(said)) for (kind, study), said in kinds.items()]


def _id(table: Table) -> str:
    return f"{table.track.name}@{table.track.version}"


def _narrow(table: Table) -> list[Caution]:
    """Of each metric over all generators, then of each generator where the metric's own interval holds on the whole."""
    whole = _beyond_chance([("", str(row["metric"]), row) for row in table.of("calibration")])
    cells: dict[tuple[str, str], list[Row]] = {}
    for row in table.of("value"):
        if row.get("metric") and row.get("generator"):
            cells.setdefault((str(row["generator"]), str(row["metric"])), []).append(row)
    alone = [(name, key, row) for (name, key), own in cells.items() if len(own) > 1 for row in _calibrated(key, own)]
    named = {key for _, key, _ in whole}
    found = [*whole, *(one for one in _beyond_chance(alone) if one[1] not in named)]
    return [_too_narrow(table, name, key, row) for name, key, row in found]


def _calibrated(key: str, records: Sequence[Row]) -> list[Row]:
    whole = all(None not in (row.get("value"), row.get("se"), row.get("lo"), row.get("hi")) for row in records)
    return calibration_rows(key, [records]) if whole else []


def _beyond_chance(found: Sequence[tuple[str, str, Row]]) -> list[tuple[str, str, Row]]:
    """Those whose spread is larger than claimed, by Holm's method over all of them."""
    tested = sorted(((_p_value(one[2]), i) for i, one in enumerate(found)))
    kept: set[int] = set()
    for done, (p, i) in enumerate(tested):
        if p > ALPHA / (len(tested) - done):
            break
        kept.add(i)
    return [one for i, one in enumerate(found) if i in kept]


def _p_value(row: Row) -> float:
    """The chance of so large a spread where the claimed error is right: its square is as chi-square."""
    return float(chdtrc(row["df"], row["df"] / row["ratio"] ** 2))


def _too_narrow(table: Table, generator: str, key: str, row: Row) -> Caution:
    share = f"{row['ratio']:.2f} of the spread over fresh seeds"
    whose = f"for {generator} " if generator else ""
    words = f"{whose}it claims an error of {share} ({row['lo']:.2f} to {row['hi']:.2f}); {row['held']:.0%} of such "
    return Caution(
        NARROW, table.study, _id(table), key, generator, f"{words}intervals hold, not 95%", f"{whose}{share}"
    )


def _rewarded(table: Table) -> list[Caution]:
    """The metrics that are significantly better when every sample is an exact copy."""
    rows = [row for row in table.of("value", kind="exact") if judges(metric_of(str(row["metric"])))]
    most = max((row["share"] for row in rows), default=None)
    found = []
    for row in rows:
        if row["share"] == most and significant(row) < 0:
            size = f"{-row['moved']:.1f} standard errors"
            words = f"it is better by {size} when {most:.0%} of the samples are exact copies of training images"
            found.append(Caution(REWARDED, table.study, _id(table), str(row["metric"]), "", words, f"by {size}"))
    return found


def _failing(table: Table) -> list[Caution]:
    """The metrics that fail checks whose right answer is known, and which."""
    failed: dict[str, dict[str, int]] = {}
    asked: dict[str, int] = {}
    for row in table.of("check"):
        if row["passed"] is not None:
            name = str(row["metric"])
            asked[name] = asked.get(name, 0) + 1
            if not row["passed"]:
                checks = failed.setdefault(name, {})
                checks[str(row["check"])] = checks.get(str(row["check"]), 0) + 1
    found = []
    for name, checks in failed.items():
        count = f"{sum(checks.values())} of {asked[name]}"
        words = f"{count} criteria, on points of known distributions: {'; '.join(checks)}"
        found.append(Caution(FAILS, table.study, "", name, "", words, count))
    return found


def by_metric(cautions: Iterable[Caution]) -> Mapping[str, list[Caution]]:
    found: dict[str, list[Caution]] = {}
    for one in cautions:
        found.setdefault(one.key.partition(":")[0], []).append(one)
    return found
