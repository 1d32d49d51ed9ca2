"""The experiment that four studies share: real images are altered at rising levels, and each metric should respond.

A study says what is measured at which level; its `Intervention` makes the rows, the verdict and the cells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean, stdev
from typing import Any

from ...core.errors import BadStudy
from ...reference_stats.features import Measured
from .changes import of_blocks, of_subsets
from .context import StudyContext
from .evaluator import MetricEvaluator, MetricValues, called, decides, judges, losses, metric_of, significant
from .steps import Steps
from .table import Cell, Finding, Row, Table, Value, number

RESPONSES = {
    "worse": "detected by",
    "better": "rewarded by",
    "blind": "not detected by",
    "moves": "changed, though no direction is better:",
    "unmeasured": "not measured on so few images:",
}

Draw = tuple[str, MetricEvaluator, Measured]  # a level, what to measure against, and what to measure
Values = dict[str, list[MetricValues]]  # by level: of each draw
Errors = dict[str, MetricValues]  # by untouched level


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What a study does to real images, after which each metric should be worse.

    Attributes:
        study: its name.
        columns: of a row, and how each is read from the name of a level, such as `dropped/3`. The last says how much is
            altered; the level that ends in 0 is untouched, and the others are compared with it.
        claimed: whether standard errors are those that the metrics claim; otherwise they are seen in the draws.
        falls: metrics that should fall, though neither direction is better in general.
    """

    study: str
    columns: Mapping[str, Callable[[str], Value]]
    claimed: bool = False
    falls: tuple[str, ...] = ()

    def evaluator(self, context: StudyContext, n: int, resamples: int, **options: Any) -> MetricEvaluator:
        """What measures sets of n samples; what it leaves out is noted.

        Raises:
            BadStudy: fewer than three resamples.
        """
        if resamples < 3:
            raise BadStudy(f"{resamples} resamples show no spread", "use --resamples 3 or more")
        evaluator = MetricEvaluator.of(context, n, **options)
        context.left_out.update(evaluator.left_out)
        return evaluator

    def measure(
        self,
        context: StudyContext,
        steps: Steps,
        evaluator: MetricEvaluator,
        units: Sequence[str],
        draws: Callable[[str], Iterable[Draw]],
        **decisive: Any,
    ) -> tuple[Values, Errors]:
        """The values of all draws of all units of work, and the errors claimed for the first one of untouched levels.

        Args:
            decisive: what the values depend on beside the track, the evaluator and the unit.
        """
        values: Values = {}
        errors: Errors = {}

        def measured(unit: str) -> dict[str, Any]:
            found: Values = {}
            claimed: Errors = {}
            for level, against, fake in draws(unit):
                if self.claimed and level not in found and level == self.untouched(level):
                    claimed[level] = against.errors(fake.features, fake.logits)
                found.setdefault(level, []).append(against.values(fake.features, fake.logits))
            return {"levels": list(found), "values": found, "errors": claimed}

        for unit in steps.each(units):
            known = decides(context, evaluator, unit=unit, **decisive)
            found = context.part(self.study, unit.replace(" ", "-"), known, partial(measured, unit))
            errors |= found["errors"]
            for level in found["levels"]:
                values.setdefault(level, []).extend(found["values"][level])
        return values, errors

    def untouched(self, level: str) -> str:
        """The level that a level is compared with."""
        return f"{level.rpartition('/')[0]}/{list(self.columns.values())[-1]('0')}"

    def rows(self, values: Values, errors: Errors, n: int, total: int = 0) -> list[Row]:
        """A row for each metric at each level: its value, and how far it moved, in standard errors; plus is worse.

        Args:
            values: a level that not every draw allows gets no row.
            total: images of which the draws are subsets of n; 0 where draws share no images.
        """
        rows: list[Row] = []
        draws = max(map(len, values.values()))
        for level, found in values.items():
            base, parts = self.untouched(level), zip(self.columns.items(), level.split("/"), strict=True)
            columns: Row = {name: read(part) for (name, read), part in parts}
            for key in found[0] if len(found) == draws else ():
                known = [value for one in found if (value := one[key]) is not None]
                mean, spread = (fmean(known), stdev(known)) if len(known) == draws else (None, None)
                row: Row = {"what": "value", **columns, "metric": key, "n": n, "value": mean, "spread": spread}
                now, before = (self.losses(key, [one[key] for one in values[at]]) for at in (level, base))
                if level != base and now and before:
                    # Subsets of one set vary less than fresh draws do, the nearer they come to all of it.
                    unit = errors[base][key] if self.claimed else stdev(before) / (1 - n / total) ** 0.5
                    apart = [a - b for a, b in zip(now, before, strict=True)]
                    if unit:
                        row |= (of_subsets(apart, n, total) if total else of_blocks(apart)).over(unit).columns
                rows.append(row)
        return rows

    def losses(self, key: str, values: Sequence[float | None]) -> list[float] | None:
        """The loss of each value of a column; none where one is missing."""
        if metric_of(key).name not in self.falls:
            return losses(key, values)
        return [-value for value in values if value is not None] if None not in values else None

    def judges(self, key: str) -> bool:
        """Whether a change of a column is for better or worse."""
        return metric_of(key).name in self.falls or judges(metric_of(key))

    def response(self, row: Row) -> str:
        """What a metric made of a level, one of `RESPONSES`."""
        if row.get("lo") is None:
            return "unmeasured"
        sign = significant(row)
        if sign and self.judges(str(row["metric"])):
            return "worse" if sign > 0 else "better"
        return "moves" if sign else "blind"

    def verdict(self, table: Table, title: str, written: Callable[[Any], str], **kind: Value) -> Finding:
        """How each metric responds to the highest level of a kind, and from which level on, if it does."""
        level, found = list(self.columns)[-1], dict[str, list[str]]()
        detected: list[tuple[Any, str]] = []
        for key in table.seen("metric", "value"):
            rows = [row for row in table.of("value", metric=key, **kind) if row[level]]
            responses = [self.response(row) for row in rows]
            if "unmeasured" in responses or (responses[-1] == "blind" and not self.judges(key)):
                continue
            if responses[-1] == "worse":
                first = max((i + 1 for i, response in enumerate(responses) if response != "worse"), default=0)
                detected.append((rows[first][level], called(key)))
            else:
                found.setdefault(responses[-1], []).append(called(key))
        return finding(title, {"worse": [f"{name} (from {written(at)} on)" for at, name in sorted(detected)], **found})

    def cells(self, rows: Iterable[Row], failure: str, cause: str, better: bool = False) -> list[Cell]:
        """What the scorecard says of each metric at a level, but for those against training images.

        Args:
            cause: what moved a metric, in words; columns of the row may stand in it in braces.
            better: whether plus is better, and not worse.
        """
        found = []
        for row in rows:
            key = str(row["metric"])
            if row.get("moved") is not None and not key.endswith(":train"):
                sign = -1 if better else 1
                ends = [row.get(end) for end in ("lo", "hi")][::sign]
                lo, hi = (sign * end if isinstance(end, int | float) else None for end in ends)
                plus = ("lower", "higher", "better", "worse")[2 * self.judges(key) + (not better)]
                plus = "lower, as it should be" if metric_of(key).name in self.falls else plus
                unit = f"standard errors at n = {row['n']:,}, by which {cause.format(**row)} moved it; plus is {plus}"
                by = sign * number(row, "moved")
                found.append(Cell(metric_of(key).name, failure, by, lo, hi, unit, self.study))
        return found


def finding(title: str, found: Mapping[str, Sequence[str]]) -> Finding:
    """A sentence on the metrics by their response, one of `RESPONSES`."""
    said = "; ".join(f"{words} {{{response}}}" for response, words in RESPONSES.items() if response in found)
    names = {response: ", ".join(own) or "no metric" for response, own in found.items()}
    return Finding(f"{{title}}: {said}.", {"title": title, **names})
