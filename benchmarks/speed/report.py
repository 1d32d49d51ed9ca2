"""The tables of `make bench`, from what pytest-benchmark saved of its rounds.

`python benchmarks/speed/report.py RUN.json` writes RESULTS.md beside this file. A run of some of the works, or several
runs of one day, write the sections that they measured; the others stay as they are, each with its own day.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rounds import ARITHMETIC, BEFORE, OURS

from genboard.core.files import write_bytes

OUT = Path(__file__).parent / "RESULTS.md"
MEMORY = ("resident", "on_top")

HEAD = """# Speed

10,000 real and 10,000 generated features, 2,048 wide, float32. Made by `make bench`, nothing else running.

Every round times each program once, one right after the other. Seconds are medians over the rounds, a ratio is the
median of the ratios within a round, and behind it are the lowest and the highest. They are quoted because the speed of
a machine wanders: each section says how long one float64 product of 2,048 x 2,048 took before its rounds.
"""
MEASURED = (
    "Measured {day} with {threads} threads; {processor}. The product took {fast:.2f} s at best, {middle:.2f} s in the "
    "middle and {slow:.2f} s at worst."
)


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


def networks(all_works: list[Work]) -> Iterator[tuple[str, ...]]:
    return ways(
        [Work({**work.info, "step": work.info["network"]}, work.seconds) for work in _with(all_works, "network")]
    )


def stages(all_works: list[Work]) -> Iterator[tuple[str, ...]]:
    for work in _with(all_works, "stages"):
        count, width, height = work.info["images_of"]
        alone = {name: median(seconds) for name, seconds in work.seconds.items() if name not in (OURS, BEFORE)}
        shares = (f"{seconds / sum(alone.values()):.0%}" for seconds in alone.values())
        yield f"{work.info['stages']}, {count:,} of {width}x{height}", *shares


def folders(all_works: list[Work]) -> Iterator[tuple[str, ...]]:
    for work in _with(all_works, "stages"):
        count, width, height = work.info["images_of"]
        r = work.ratio(OURS, BEFORE)
        whole = (f"{seconds / count * work.info['whole'] / 60:.1f} min" for seconds in (r.theirs, r.ours))
        each = (f"{seconds / count * 1000:.2f} ms" for seconds in (r.theirs, r.ours))
        yield f"{work.info['stages']}, {count:,} of {width}x{height}", *each, r.text, *whole


def _with(all_works: list[Work], key: str) -> list[Work]:
    return [work for work in all_works if key in work.info]


def sections(all_works: list[Work]) -> Iterator[tuple[str, list[str]]]:
    """Headings, and the blocks of text below each that has rows; none where nothing of it was measured."""

    def blocks(*parts: str | tuple[str, Iterator[tuple[str, ...]]]) -> list[str]:
        made = [part if isinstance(part, str) else table(*part) for part in parts]
        return made if any(text.count("\n") > 1 for text in made if text.startswith("|")) else []

    yield (
        "Against peers",
        blocks(
            ("work | genboard | peer | its median | genboard's time to its", peers(all_works)),
            ("work | genboard | resident memory | of it on top of the features | peers", alone(all_works)),
        ),
    )
    yield (
        "Feature extraction",
        blocks(
            "The float32 features are the same; bf16 is another space.",
            ("work | program | images per second | genboard's rate to its", rates(all_works)),
        ),
    )
    yield (
        "From a folder of images",
        blocks(
            "Shares of the seconds that each stage takes by itself. The metrics are the Fréchet and kernel distances, "
            "precision and recall, whose time does not grow with the images as that of the others.",
            (
                "space, images | listing | decoding | digests | resizing | network | metrics",
                stages(all_works),
            ),
            "Listing to features. One after the other: decoded for the digest of all, then decoded again by the thread "
            "that next runs the network. Together: decoded on all cores while the network runs, and once where the "
            "pixels fit into memory. The last two columns are extrapolated to 50,000 images.",
            (
                "space, images | an image, one after the other | together | together to one after the other | "
                "50,000, one after the other | together",
                folders(all_works),
            ),
        ),
    )
    yield (
        "The arithmetic alone",
        blocks(
            "The products and eigenvalues of each work, done plainly at the speed of the library that does them. Less "
            "than 1 is possible: larger products are faster than small ones.",
            ("work | its arithmetic | operations | its median | genboard's time to it", arithmetic(all_works)),
        ),
    )
    yield (
        "Other ways",
        blocks(
            "Steps that were tried in other ways.",
            ("step | way | its median | its time to the taken way's", ways(all_works)),
        ),
    )
    yield (
        "Networks in other ways",
        blocks(
            "All with sub-batches of one core each, in float32, and features that are the same to 5e-6.",
            ("network | way | its median | its time to the taken way's", networks(all_works)),
        ),
    )


def measured_on(run: dict[str, Any], all_works: list[Work]) -> str:
    cpu, pace = run["machine_info"]["cpu"], [second for work in all_works for second in work.info["yardstick"]]
    return MEASURED.format(
        threads=cpu.get("count", "?"),
        processor=cpu.get("brand_raw", "unknown processor"),
        day=run["datetime"][:10],
        fast=min(pace),
        middle=median(pace),
        slow=max(pace),
    )


def report(run: dict[str, Any], before: str) -> str:
    """The whole page: the sections of a run, and those of the page before that the run says nothing of."""
    kept = dict(section.split("\n", 1) for section in before.split("\n## ")[1:])
    all_works = works(run)
    text = [HEAD.rstrip()]
    for heading, blocks in sections(all_works):
        if blocks:
            text.append("\n\n".join([f"## {heading}", measured_on(run, all_works), *blocks]))
        elif heading in kept:
            text.append(f"## {heading}\n{kept[heading].rstrip()}")
    return "\n\n".join(text) + "\n"


def together(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Runs of one machine and day as one."""
    return {**runs[-1], "benchmarks": [entry for run in runs for entry in run["benchmarks"]]}


def main(paths: Sequence[Path]) -> None:
    run = together([json.loads(path.read_text("utf-8")) for path in paths])
    text = report(run, OUT.read_text("utf-8") if OUT.exists() else "")
    write_bytes(OUT, text.encode())
    print(text)


if __name__ == "__main__":
    main([Path(path) for path in sys.argv[1:]])
