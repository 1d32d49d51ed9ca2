"""The tables of `make bench`: medians, and the ratio of this project's to each peer's at the same work.

`python benchmarks/speed/report.py RUN.json` reads what pytest-benchmark saved and writes RESULTS.md beside this file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from genboard.files import write_bytes

OUT = Path(__file__).parent / "RESULTS.md"
# What the grid of all cells is held against: one call of the peer at full size.
GRID = "the same for k = 1..10 x 8 nested sizes x 10 resamples"
FOUR = "precision, recall, density, coverage, k = 5"


def table(run: dict[str, Any]) -> str:
    """Markdown: one line a piece of work and peer."""
    medians: dict[str, dict[str, float]] = {}
    memory: dict[str, tuple[float, float]] = {}
    for entry in run["benchmarks"]:
        info = entry["extra_info"]
        if "work" not in info or "images" in info:
            continue
        medians.setdefault(info["work"], {})[info["who"]] = entry["stats"]["median"]
        if "gib" in info:
            memory[info["work"]] = info["seconds"], info["gib"]
    rows = ["| work | genboard | peer | its median | ratio |", "|---|---|---|---|---|"]
    for work, by_who in medians.items():
        ours = by_who["genboard"]
        peers = {who: seconds for who, seconds in by_who.items() if who != "genboard"}
        if work == GRID:
            peers = {f"{who}, one call": s for who, s in medians[FOUR].items() if who != "genboard"}
        if work in memory:
            seconds, gib = memory[work]
            rows.append(f"| {work} | {seconds:.0f} s, {gib:.1f} GiB resident | prdc | needs over 24 GB | - |")
            continue
        if not peers:
            rows.append(f"| {work} | {ours:.0f} s | none | - | - |")
        for who, theirs in peers.items():
            rows.append(f"| {work} | {ours:.2f} s | {who} | {theirs:.2f} s | {ours / theirs:.2f} x |")
    return "\n".join(rows)


def throughput(run: dict[str, Any]) -> str:
    """Markdown: images per second of feature extraction, one line a piece of work and program."""
    rates: dict[str, dict[str, float]] = {}
    for entry in run["benchmarks"]:
        info = entry["extra_info"]
        if "images" in info:
            rates.setdefault(info["work"], {})[info["who"]] = info["images"] / entry["stats"]["median"]
    rows = ["| work | program | images per second | genboard's rate to it |", "|---|---|---|---|"]
    for work, by_who in rates.items():
        for who, rate in by_who.items():
            rows.append(f"| {work} | {who} | {rate:.1f} | {by_who['genboard'] / rate:.2f} x |")
    return "\n".join(rows)


def floors(run: dict[str, Any]) -> str:
    """Markdown: the arithmetic of each work done plainly, and how far from it this project is."""
    ours = {
        e["extra_info"]["work"]: e["stats"]["median"]
        for e in run["benchmarks"]
        if e["extra_info"].get("who") == "genboard"
    }
    rows = ["| work | its arithmetic | operations | its median | genboard's to it |", "|---|---|---|---|---|"]
    for entry in run["benchmarks"]:
        info, seconds = entry["extra_info"], entry["stats"]["median"]
        if "floor" in info:
            cells = info["floor"], info["what"], f"{info['operations'] / 1e9:,.0f} G", f"{seconds:.2f} s"
            rows.append(f"| {' | '.join(cells)} | {ours[info['floor']] / seconds:.2f} x |")
    return "\n".join(rows)


def ways(run: dict[str, Any]) -> str:
    """Markdown: several ways to do one step."""
    rows = ["| step | way | its median |", "|---|---|---|"]
    for entry in run["benchmarks"]:
        info = entry["extra_info"]
        if "step" in info:
            rows.append(f"| {info['step']} | {info['way']} | {entry['stats']['median']:.2f} s |")
    return "\n".join(rows)


def conditions(run: dict[str, Any]) -> str:
    cpu = run["machine_info"]["cpu"]
    return (
        f"10,000 real and 10,000 generated features, 2,048 wide, float32, {cpu.get('count', '?')} threads; "
        f"{cpu.get('brand_raw', 'unknown processor')}; {run['datetime'][:10]}. Medians of up to three rounds in one "
        "process, nothing else running."
    )


def main(path: Path) -> None:
    run = json.loads(path.read_text("utf-8"))
    text = f"# Speed\n\n{conditions(run)} Made by `make bench`.\n\n{table(run)}\n"
    text += (
        f"\n## Feature extraction\n\nThe float32 features are the same; bf16 is another space.\n\n{throughput(run)}\n"
    )
    text += (
        "\n## The arithmetic alone\n\nThe products and eigenvalues of each work, done plainly at the speed of the "
        "library that does them. Below 1 is possible: plain products do the half that symmetry saves, "
        "and rounds differ.\n\n"
        f"{floors(run)}\n"
    )
    text += f"\n## Other ways\n\nSteps that were tried in other ways.\n\n{ways(run)}\n"
    write_bytes(OUT, text.encode())
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
