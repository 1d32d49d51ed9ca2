"""The simulation of intervals as tables for the documentation: metrics down, settings across."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from ...benchmarks.validation import LEFT_OUT, SETTINGS, Outcome, Setting, find_setting
from ...registry.metrics import METRICS
from ..text.tables import markdown_table

LEAST, MOST = 0.93, 0.98  # what a 95% interval should hold


def held(table: Sequence[Outcome], reference: str) -> str:
    """The share of intervals that hold their target, in per cent, by metric and setting; bold where it is outside."""

    def cell(o: Outcome) -> str:
        if o.held is None:
            return "none"
        # With the reference redrawn the intervals promise nothing.
        text = f"**{_percent(o)}**" if reference == "fixed" and is_outside(o) else _percent(o)
        return text if o.intervals == o.draws else f"{text}†"

    return _tables(table, reference, cell)


def claimed(table: Sequence[Outcome]) -> str:
    """The mean standard error over the spread of the draws and, where the target is the population, the bias."""

    def cell(o: Outcome) -> str:
        ratio = "-" if o.claimed is None else f"{o.claimed:.2f}"
        return ratio if o.bias is None else f"{ratio} ({_bias(o)})"

    return _tables(table, "fixed", cell)


def outside(table: Sequence[Outcome]) -> str:
    """The settings in which an interval does not hold what it should, each with its figures."""
    rows = []
    for o in table:
        if o.reference == "fixed" and is_outside(o) and o.target is not None:
            setting = find_setting(o.setting)
            ratio = "-" if o.claimed is None else f"{o.claimed:.2f}"
            bias = "-" if o.bias is None or o.bias_error is None else f"{_bias(o)} ± {o.bias_error:.2f}"
            rows.append((f"`{o.metric}`", setting.kind, setting.size, _percent(o), ratio, f"{o.target:.3g}", bias))
    head = ("metric", "setting", "d/n", "held, %", "claimed", "target", "bias")
    return markdown_table(head, rows, right=range(2, 7)) if rows else "None."


def missing(table: Sequence[Outcome]) -> str:
    """Where a metric gave no interval, in how many draws, and why."""
    rows = []
    for o in table:
        if o.reference == "fixed" and o.intervals < o.draws:
            setting, gone = find_setting(o.setting), f"{o.draws - o.intervals:,} of {o.draws:,}"
            rows.append((f"`{o.metric}`", setting.kind, setting.size, gone, o.reason))
    rows += [(f"`{name}`", "all", "", "not simulated", reason) for name, reason in LEFT_OUT.items()]
    head = ("metric", "setting", "d/n", "draws without", "reason")
    return markdown_table(head, rows, right=(2, 3)) if rows else "None."


def is_outside(o: Outcome) -> bool:
    """Whether the interval holds its target too rarely or, far from zero, too often."""
    return o.held is not None and (o.held < LEAST or (o.far and o.held > MOST))


def _tables(table: Sequence[Outcome], reference: str, cell: Callable[[Outcome], str]) -> str:
    """One table for each number of features and samples."""
    found = {(o.metric, o.setting): o for o in table if o.reference == reference}
    used = [setting for setting in SETTINGS if any(name == setting.name for _, name in found)]
    return "\n\n".join(_of_size(list(group), found, cell) for _, group in groupby(used, key=lambda s: s.size))


def _of_size(settings: Sequence[Setting], found: dict[tuple[str, str], Outcome], cell: Callable[[Outcome], str]) -> str:
    title = f"{settings[0].d} features, {settings[0].n:,} samples"
    rows = []
    for metric in METRICS:
        of_metric = [found.get((metric, s.name)) for s in settings]
        if any(of_metric):
            rows.append((f"`{metric}`", *(cell(o) if o else "-" for o in of_metric)))
    return markdown_table((title, *(s.kind for s in settings)), rows, right=range(1, len(settings) + 1))


def _percent(o: Outcome) -> str:
    return "-" if o.held is None else f"{100 * o.held:.1f}"


def _bias(o: Outcome) -> str:
    return "-" if o.bias is None else f"{o.bias:+.2f}".replace("-", "−")
