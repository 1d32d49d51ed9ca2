"""The experiment that four studies share: real images are altered at rising levels, and each metric should respond.

A study says what is measured at which level; its `Intervention` makes the rows, the verdict and the cells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import fmean, stdev
from typing import Any

from ...core.errors import BadStudy
from ...reference_stats.features import Measured
from .context import StudyContext
from .evaluator import RESPONSES, MetricEvaluator, called, judges, loss, metric_of, response, significant
from .spread import of_blocks, of_subsets
from .table import Cell, Row, Table, Value

NOTES = ("changed, though neither end is better", "no interval on so few images")  # where none of `RESPONSES` applies
Draw = tuple[str, MetricEvaluator, Measured]  # a level, what to measure against, and what to measure
Units = Mapping[str, Iterable[Draw]]  # gone through only where what is measured is not yet cached


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What a study does to real images, after which each metric should be worse.

    Attributes:
        study: its name.
        columns: of a row, and how each is read from the name of a level, such as `dropped/3`. The last says how much is
            altered; the others are compared with the level that ends in 0.
        claimed: whether standard errors are those that the metrics claim; otherwise they are seen in the draws.
        whole: whether the first draw of a level is of all images, whose values are shown, and the others of its parts.
        counted: whether rows say in how many draws a level is better than the untouched one.
        falls: metrics that should fall, though neither direction is better in general.
    """

    study: str
    columns: Mapping[str, Callable[[str], Value]]
    claimed: bool = False
    whole: bool = False
    counted: bool = False
    falls: tuple[str, ...] = ()

    def rows(
        self, context: StudyContext, evaluator: MetricEvaluator, units: Units, total: int = 0, **decisive: Any
    ) -> list[Row]:
        """A row for each metric at each level: its value, and how far it moved, in standard errors; plus is worse.

        Args:
            units: of work, by name. A level that not every draw allows gets no row.
            total: images of which the draws are subsets; 0 where draws share no images.
            decisive: what the values depend on beside the track, the evaluator and the unit: `resamples` and more.
        """
        if decisive["resamples"] < 3:
            raise BadStudy(
                f"{decisive['resamples']} resamples are too few to show a spread", "use --resamples 3 or more"
            )
        context.left_out.update(evaluator.left_out)
        levels: dict[str, list[Any]] = {}
        for unit in context.each(list(units)):
            known = {**evaluator.decides(context), "unit": unit, **decisive}
            found = context.part(self.study, unit.replace(" ", "-"), known, partial(self._measured, units[unit]))
            for level, draw in found:
                levels.setdefault(level, []).append(draw)
        most, rows = max(map(len, levels.values())), []
        for level, own in levels.items():
            parts, base = zip(self.columns.items(), level.split("/"), strict=True), levels[self._untouched(level)]
            columns: Row = {name: read(part) for (name, read), part in parts}
            for key in own[0]["values"] if len(own) == most else ():
                values = [draw["values"][key] for draw in own]
                mean, spread = (None, None) if None in values else (fmean(values), stdev(values))
                shown = {"value": values[0]} if self.whole else {"value": mean, "spread": spread}
                row: Row = {"what": "value", **columns, "metric": key, "n": own[0]["n"], **shown}
                rows.append(row if own is base else row | self._moved(key, own, base, total))
        return rows

    def _measured(self, draws: Iterable[Draw]) -> list[tuple[str, dict[str, Any]]]:
        """Each draw of a unit: its level, size and values, and of the first untouched one the errors claimed."""
        found: dict[str, list[Any]] = {}
        for level, against, fake in draws:
            one = {"n": len(fake.features), "values": against.values(fake.features, fake.logits)}
            if self.claimed and level == self._untouched(level) and level not in found:
                one["errors"] = against.errors(fake.features, fake.logits)
            found.setdefault(level, []).append(one)
        return [(level, one) for level, own in found.items() for one in own]

    def _untouched(self, level: str) -> str:
        """The level that a level is compared with."""
        return f"{level.rpartition('/')[0]}/{list(self.columns.values())[-1]('0')}"

    def _moved(self, key: str, own: list[Any], base: list[Any], total: int) -> Row:
        """How far a metric moved from its values at the untouched level: `moved`, `lo` and `hi`, as far as known."""
        now, before = ([self._loss(key, draw["values"][key]) for draw in draws] for draws in (own, base))
        gaps: list[Any] = [None if None in pair else pair[0] - pair[1] for pair in zip(now, before, strict=True)]
        apart, n, change = gaps[self.whole :], own[0]["n"], None
        if None not in apart:
            change = of_subsets(apart, n, total) if total else of_blocks(apart)
        # Subsets of one set vary less than fresh draws do, the nearer they come to all of it.
        unit = base[0]["errors"][key] if self.claimed else change and stdev(before) / (1 - n / total) ** 0.5
        if self.whole and gaps[0] is not None and unit:
            if change is None:
                return {"moved": gaps[0] / unit}
            change = change.about(gaps[0])
        counts = {"better": sum(gap < 0 for gap in apart), "draws": len(apart)} if self.counted and change else {}
        return counts | (change.over(unit) if change and unit else {})

    def _loss(self, key: str, value: Any) -> Any:
        metric = metric_of(key)
        return None if value is None else -value if metric.name in self.falls else loss(metric, value)

    def judges(self, key: str) -> bool:
        """Whether a change of a column is for better or worse."""
        return metric_of(key).name in self.falls or judges(metric_of(key))

    def verdict(self, table: Table, title: str, written: Callable[[Row], str], **kind: Value) -> str:
        """How each metric responds to the levels of a kind, in the words of `RESPONSES`.

        Args:
            written: what is said of a metric that gets worse or better, of the level from which on it does; of one that
                does from the first of several levels on, nothing.
        """
        found: dict[str, list[str]] = {word: [] for word in RESPONSES}
        moves, unmeasured = (found.setdefault(note, []) for note in NOTES)
        for key in table.seen("metric", "value"):
            rows = [row for row in table.of("value", metric=key, **kind) if row[list(self.columns)[-1]]]
            if any(row.get("lo") is None for row in rows):
                unmeasured.append(called(key))
            elif rows:
                signs = [significant(row) for row in rows]
                first = max((i + 1 for i, sign in enumerate(signs) if sign != signs[-1]), default=0)
                word, note = response(signs), f" ({written(rows[first])})" if first or len(rows) == 1 else ""
                if self.judges(key):
                    found[word].append(called(key) + note * (word in ("worse", "better")))
                elif signs[-1]:
                    moves.append(called(key))
        judged, worse = sum(len(found[word]) for word in RESPONSES), found.pop("worse")
        said = [f"worse in {len(worse) or 'none'} of {judged} metrics" + ": " * bool(worse) + ", ".join(worse)]
        said += [f"{words}: {', '.join(names)}" for words, names in found.items() if names]
        return f"{title}: {'; '.join(said)}."

    def cells(self, rows: Iterable[Row], failure: str, cause: str, sign: int = 1) -> list[Cell]:
        """What the scorecard says of each metric at a level, but for those against training images.

        Args:
            cause: what moved a metric, in words; columns of the row may stand in it in braces.
            sign: 1 where plus is worse, -1 where plus is better.
        """
        found = []
        for row in rows:
            key = row["metric"]
            if row.get("moved") is not None and not key.endswith(":train"):
                by, lo, hi = (sign * row[name] if name in row else None for name in ("moved", *("lo", "hi")[::sign]))
                plus = (("better", "worse") if self.judges(key) else ("lower", "higher"))[sign > 0]
                plus = "lower, as it should be" if metric_of(key).name in self.falls else plus
                unit = f"standard errors at n = {row['n']:,}, by which {cause.format(**row)} moved it; plus is {plus}"
                found.append(Cell(metric_of(key).name, failure, by, lo, hi, unit, self.study))
        return found
