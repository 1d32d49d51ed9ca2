"""The table of docs/scale.md: what many workers cost."""

from __future__ import annotations

from pathlib import Path

from ...core.serialization import read_json
from ..text.tables import markdown_table

CLUSTER = Path(__file__).resolve().parents[2] / "benchmarks" / "speed" / "cluster_overhead.json"


def workers(generator: str) -> str:
    """What it took to draw samples of a generator, by number of workers and by executor."""
    found = [row for row in read_json(CLUSTER).values() if row["generator"] == generator]
    rows = sorted(found, key=lambda row: (row["workers"], row["executor"]))
    after = {(row["executor"], row["workers"]): row["seconds"] - (row["start_s"] or 0.0) for row in rows}
    rate = {(row["executor"], row["workers"]): row["images"] / after[row["executor"], row["workers"]] for row in rows}
    cells = []
    for row in rows:
        count, key = row["workers"], (row["executor"], row["workers"])
        start = "-" if row["start_s"] is None else f"{row['start_s']:.1f}"
        efficiency = f"{rate[key] / count / rate['local', 1]:.2f}"
        over = "-" if row["executor"] == "local" else f"{after[key] / after['local', count] - 1:+.1%}"
        whole = f"{row['images']:,}", f"{row['seconds']:.1f}"
        cells.append((count, f"`{row['executor']}`", *whole, start, f"{rate[key]:.1f}", efficiency, over))
    head = ("workers", "executor", "samples", "seconds", "of which start", "images/s", "efficiency", "over `local`")
    return markdown_table(head, cells, right=(0, 2, 3, 4, 5, 6, 7))
