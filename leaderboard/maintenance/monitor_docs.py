"""The tables of docs/monitor.md: false alarms of the test over many looks, and what a monitor costs."""

from __future__ import annotations

from pathlib import Path

from ...benchmarks.monitor.false_alarms import TABLE as ALARMS
from ...benchmarks.monitor.false_alarms import Alarms
from ...core.serialization import read_json
from ..text.tables import markdown_table

OVERHEAD = Path(__file__).resolve().parents[2] / "benchmarks" / "speed" / "monitor_overhead.json"


def false_alarms() -> str:
    found = [Alarms(**entry) for entry in read_json(ALARMS)]
    rows = [
        (a.design, f"`{a.metric}`", a.trainings, a.looks, f"{a.sequential:.1%}", f"{a.repeated:.1%}") for a in found
    ]
    head = ("samples", "metric", "trainings", "looks", "false alarms", "with intervals at 95% each")
    return markdown_table(head, rows, right=range(2, 6))


def overhead() -> str:
    rows = [
        (
            f"`{entry['space']}`",
            f"{entry['images']:,}",
            f"{1e3 * entry['extractor_s'] / entry['images']:.3g} ms",
            f"{1e3 * entry['monitor_s'] / entry['images']:.3g} ms",
            f"{entry['monitor_s'] / entry['extractor_s'] - 1:.1%}",
        )
        for entry in read_json(OVERHEAD)
    ]
    head = ("feature space", "images", "an image, in the extractor", "in all", "overhead")
    return markdown_table(head, rows, right=range(1, 5))
