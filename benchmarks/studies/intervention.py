"""The experiment that four studies share: real images are altered at rising levels, and each metric should respond.

A study says what is measured at which level; its `Intervention` makes the rows, the verdict and the cells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from statistics import fmean, stdev
from typing import Any

from ...core.errors import BadStudy
from ...reference_stats.features import Measured
from ...registry.columns import qualifiers
from ...registry.metrics import Metric
from .context import StudyContext
from .evaluator import NOTES, RESPONSES, MetricEvaluator, called, judges, loss, metric_of, response
from .faults import FaultResponse
from .spread import of_subsets
from .table import Cell, Row, Table, Value

Level = tuple[Value, ...]  # what was altered, and last how much: 0 for nothing
Draw = tuple[Level, MetricEvaluator, Measured]  # a level, what to measure against, and what to measure
Units = Mapping[str, Iterable[Draw]]  # gone through only where what is measured is not yet cached


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What a study does to real images, after which each metric should be worse.

    Attributes:
        columns: of a row, for the parts of a level.
        claimed: whether standard errors are those that the metrics claim; otherwise they are seen in the draws.
        whole: whether the first draw of a level is of all images, whose values are shown, and the others of its parts.
        of_copies: whether metrics that detect copies should fall, and rows count the draws in which a metric is better.
    """

    study: str
    columns: tuple[str, ...]
    claimed: bool = False
    whole: bool = False
    of_copies: bool = False

    def rows(
        self, context: StudyContext, evaluator: MetricEvaluator, units: Units, total: float = inf, **decisive: Any
    ) -> list[Row]:
        """A row for each metric at each level: its value, and how far it moved, in standard errors; plus is worse.

        Args:
            units: of work, by name. A level that not every draw allows gets no row.
            total: images of which the draws are subsets, if they share any.
            decisive: what the values depend on beside the track, the evaluator and the unit: `resamples` and more.
        """
        if (resamples := decisive["resamples"]) < 3:
            raise BadStudy(f"{resamples} resamples are too few to show a spread", "use --resamples 3 or more")
        context.left_out.update(evaluator.left_out)
        levels: dict[Level, list[Any]] = {}
        for name in context.each(list(units)):
            known = {**evaluator.decides(context), "columns": self.columns, "unit": name, **decisive}
            found = context.part(self.study, name.replace(" ", "-"), known, partial(self._measured, units[name]))
            for level, draw in found:
                levels.setdefault(tuple(level), []).append(draw)
        most, rows = max(map(len, levels.values())), []
        for level, own in levels.items():
            base = levels[(*level[:-1], 0)]
            for key in own[0]["values"] if len(own) == most else ():
                values = [draw["values"][key] for draw in own]
                mean, spread = (None, None) if None in values else (fmean(values), stdev(values))
                shown = {"value": values[0]} if self.whole else {"value": mean, "spread": spread}
                columns = dict(zip(self.columns, level, strict=True))
                row: Row = {"what": "value", **columns, "metric": key, "n": own[0]["n"], **shown}
                rows.append(row if own is base else row | self._moved(key, own, base, total))
        return rows

    def _measured(self, draws: Iterable[Draw]) -> list[tuple[Level, dict[str, Any]]]:
        """Each draw of a unit: its level, size and values, and of the first untouched one the errors claimed."""
        found: list[tuple[Level, dict[str, Any]]] = []
        for level, against, fake in draws:
            one = {"n": len(fake.features), "values": against.values(fake.features, fake.logits)}
            if self.claimed and not level[-1] and level not in dict(found):
                one["errors"] = against.errors(fake.features, fake.logits)
            found.append((level, one))
        return found

    def _moved(self, key: str, own: list[Any], base: list[Any], total: float) -> Row:
        """How far a metric moved from its values at the untouched level: `moved`, `lo` and `hi`, as far as known."""
        metric = self._metric(key)
        losses: list[list[Any]] = [
            [None if (value := draw["values"][key]) is None else loss(metric, value) for draw in draws]
            for draws in (own, base)
        ]
        gaps: list[Any] = [None if None in pair else pair[0] - pair[1] for pair in zip(*losses, strict=True)]
        apart, n = gaps[self.whole :], own[0]["n"]
        change = None if None in apart else of_subsets(apart, n, total)
        # Subsets of one set vary less than fresh draws do, the nearer they come to all of it.
        unit = base[0]["errors"][key] if self.claimed else change and stdev(losses[1]) / (1 - n / total) ** 0.5
        if self.whole and gaps[0] is not None and unit:
            if change is None:
                return {"moved": gaps[0] / unit}
            change = change.about(gaps[0])
        counts = {"better": sum(gap < 0 for gap in apart), "draws": len(apart)} if self.of_copies and change else {}
        return counts | (change.over(unit) if change and unit else {})

    def _metric(self, key: str) -> Metric:
        """The metric of a column, which falls for the worse where it is there to detect what the study does."""
        metric = metric_of(key)
        return replace(metric, better="higher") if self.of_copies and metric.detects_copies else metric

    def verdict(self, table: Table, title: Callable[[Row], str], since: str, **fixed: Value) -> list[str]:
        """How each metric responds to rising levels, in the words of `RESPONSES`: a sentence on each thing altered.

        Args:
            title: of a sentence, from a row of its highest level.
            since: said of the level from which on a metric is worse or better, unless it is the first of several, with
                the columns of its row in braces, and `before`, the value at the untouched level.
        """
        sentences = []
        for kind, metrics in self._altered(table, **fixed).items():
            found: dict[str, list[str]] = {word: [] for word in (*RESPONSES, *NOTES)}
            for key in filter(metrics.__contains__, table.seen("metric", "value")):
                rows = metrics[key]
                (word, first), note = response(rows, judges(self._metric(key))), ""
                if word in ("worse", "better") and (first or len(rows) == 1):
                    untouched = dict(zip(self.columns, (*kind, 0), strict=True))
                    before = next(table.of("value", metric=key, **untouched))["value"]
                    note = f" ({since.format(**rows[first], before=before)})"
                if word:
                    found[word].append(called(key) + note)
            judged, worse = sum(len(found[word]) for word in RESPONSES), found.pop("worse")
            parts = [f"worse in {len(worse) or 'none'} of {judged} metrics" + ": " * bool(worse) + ", ".join(worse)]
            parts += [f"{words}: {', '.join(keys)}" for words, keys in found.items() if keys]
            sentences.append(f"{title(rows[-1])}: {'; '.join(parts)}.")
        return sentences

    def responses(
        self, table: Table, fault: str, shown: Callable[[Row], bool], level: str, since: str = "", **fixed: Value
    ) -> list[FaultResponse]:
        """What each metric does under a fault, with the change that decides it.

        Args:
            shown: of the levels, the one whose change is shown where none is significant; elsewhere it is the highest.
            level: that one in words, and `since` the one from which on, with the columns of its row in braces.
            fixed: values of the columns that the fault is of.
        """
        found = []
        for metrics in self._altered(table, **fixed).values():
            for key, rows in metrics.items():
                word, first = response(rows, judges(self._metric(key)))
                since_ = since.format(**rows[first]) if first and word in ("worse", "better") else ""
                row = next(filter(shown, rows)) if word == RESPONSES[-1] else rows[-1]
                said: Row = {name: row.get(name) for name in ("moved", "lo", "hi", "n")}
                said |= {"level": level.format(**row), "since": since_}
                found.append(FaultResponse(fault=fault, metric=key, response=word, **said))
        return found

    def _altered(self, table: Table, **fixed: Value) -> dict[Level, dict[str, list[Row]]]:
        """The rows of every level but the untouched one, by what was altered and by metric."""
        *names, amount = self.columns
        found: dict[Level, dict[str, list[Row]]] = {}
        for row in table.of("value", **fixed):
            if row[amount]:
                found.setdefault(tuple(map(row.get, names)), {}).setdefault(row["metric"], []).append(row)
        return found

    def cells(self, rows: Iterable[Row], failure: str, cause: str, sign: int = 1) -> list[Cell]:
        """What the scorecard says of each metric at a level, but for those against training images.

        Args:
            failure, cause: what the scorecard asks for, and what moved a metric, with columns of the row in braces.
            sign: 1 where plus is worse, -1 where plus is better.
        """
        found = []
        for row in rows:
            metric = self._metric(row["metric"])
            if row.get("moved") is not None and not qualifiers(row["metric"]):
                by, lo, hi = (sign * row[name] if name in row else None for name in ("moved", *("lo", "hi")[::sign]))
                plus = (("better", "worse") if judges(metric) else ("lower", "higher"))[sign > 0]
                plus = "lower, as it should be" if self.of_copies and metric.detects_copies else plus
                unit = f"standard errors at n = {row['n']:,}, by which {cause.format(**row)} moved it; plus is {plus}"
                found.append(Cell(metric.name, failure.format(**row), by, lo, hi, unit, self.study))
        return found
