"""The tables of `make bench`, from what pytest-benchmark saved of its rounds.

`python benchmarks/speed/report.py RUN.json` writes RESULTS.md beside this file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rounds import ARITHMETIC, OURS

from genboard.core.files import write_bytes

OUT = Path(__file__).parent / "RESULTS.md"
MEMORY = ("resident", "on_top")

HEAD = """# Speed

10,000 real and 10,000 generated features, 2,048 wide, float32, {threads} threads; {processor}; {day}.
Made by `make bench`, nothing else running.

Every round times each program once, one right after the other. Seconds are medians over the rounds, a ratio is the
median of the ratios within a round, and behind it are the lowest and the highest. They are quoted because the speed of
a machine wanders: one float64 product of 2,048 x 2,048, timed before every round of this run, took {fast:.2f} s at
best, {middle:.2f} s in the middle and {slow:.2f} s at worst.
"""


@dataclass(frozen=True)
class Ratio:
    """What rounds say of one call against another, lower being better.

    Attributes:
        ours, theirs: median seconds.
        middle, low, high: of the ratios within a round.
    """

    ours: float
    theirs: float
    middle: float
    low: float
    high: float

    @staticmethod
    def of(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
        ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
        return Ratio(median(ours), median(theirs), median(ratios), min(ratios), max(ratios))

    @property
    def text(self) -> str:
        return f"{self.middle:.2f} x ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True)
class Work:
    """One benchmark: what it says of itself, and the seconds of each round of each call."""

    info: dict[str, Any]
    seconds: dict[str, list[float]]

    def ratio(self, ours: str, theirs: str) -> Ratio:
        return Ratio.of(self.seconds[ours], self.seconds[theirs])


def works(run: dict[str, Any]) -> list[Work]:
    return [
        Work(entry["extra_info"], {OURS: entry["stats"]["data"], **entry["extra_info"]["seconds"]})
        for entry in run["benchmarks"]
    ]


def table(head: str, rows: Iterator[tuple[str, ...]]) -> str:
    """Markdown; the columns are named in `head`, with bars between."""
    lines = [f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def peers(all_works: list[Work]) -> Iterator[tuple[str, ...]]:
    for work in all_works:
        for name, ours, theirs in work.info.get("compared", ()):
            r = work.ratio(ours, theirs)
            yield name, f"{r.ours:.2f} s", theirs, f"{r.theirs:.2f} s", r.text


def alone(all_works: list[Work]) -> Iterator[tuple[str, ...]]:
    for work in all_works:
        if "alone" in work.info:
            took = work.info.get("took", work.seconds[OURS][0])
            memory = (f"{work.info[key]:.2f} GiB" if key in work.info else "not measured" for key in MEMORY)
            yield work.info["alone"], f"{took:.0f} s", *memory, work.info.get("peers", "")


def rates(all_works: list[Work]) -> Iterator[tuple[str, ...]]:
    for work in all_works:
        for who, seconds in work.seconds.items() if "images" in work.info else ():
            rate = work.info["images"] / median(seconds)
            faster = "" if who == OURS else Ratio.of(seconds, work.seconds[OURS]).text
            yield work.info["what"], who, f"{rate:.1f}", faster


def arithmetic(all_works: list[Work]) -> Iterator[tuple[str, ...]]:
    for work in all_works:
        if "arithmetic" in work.info:
            what, operations = work.info["arithmetic"]
            r = work.ratio(OURS, ARITHMETIC)
            yield work.info["compared"][0][0], what, f"{operations / 1e9:,.0f} G", f"{r.theirs:.2f} s", r.text


def ways(all_works: list[Work]) -> Iterator[tuple[str, ...]]:
    for work in all_works:
        for way, seconds in work.seconds.items() if "step" in work.info else ():
            name = f"{work.info['taken']} (taken)" if way == OURS else way
            ratio = "" if way == OURS else Ratio.of(seconds, work.seconds[OURS]).text
            yield work.info["step"], name, f"{median(seconds):.2f} s", ratio


def report(run: dict[str, Any]) -> str:
    """The whole page."""
    measured, cpu = works(run), run["machine_info"]["cpu"]
    pace = [second for work in measured for second in work.info["yardstick"]]
    head = HEAD.format(
        threads=cpu.get("count", "?"),
        processor=cpu.get("brand_raw", "unknown processor"),
        day=run["datetime"][:10],
        fast=min(pace),
        middle=median(pace),
        slow=max(pace),
    )
    sections = (
        "## Against peers",
        table("work | genboard | peer | its median | genboard's time to its", peers(measured)),
        table("work | genboard | resident memory | of it on top of the features | peers", alone(measured)),
        "## Feature extraction",
        "The float32 features are the same; bf16 is another space.",
        table("work | program | images per second | genboard's rate to its", rates(measured)),
        "## The arithmetic alone",
        "The products and eigenvalues of each work, done plainly at the speed of the library that does them. Less than "
        "1 is possible: larger products are faster than small ones.",
        table("work | its arithmetic | operations | its median | genboard's time to it", arithmetic(measured)),
        "## Other ways",
        "Steps that were tried in other ways.",
        table("step | way | its median | its time to the taken way's", ways(measured)),
    )
    return "\n\n".join([head.rstrip(), *sections]) + "\n"


def main(path: Path) -> None:
    text = report(json.loads(path.read_text("utf-8")))
    write_bytes(OUT, text.encode())
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
