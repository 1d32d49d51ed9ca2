"""The figures and tables in the documentation, made from the registry and the committed results.

`python -m genboard.leaderboard.maintenance.docs` fills the blocks between `<!-- generated: NAME -->` and `<!-- end -->`
in the documents. With `--check` it writes nothing, and fails if a block is out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

from ...benchmarks.precision import TABLE as PRECISION
from ...benchmarks.precision import Effect
from ...benchmarks.selftest import TABLE as SELF_TEST
from ...benchmarks.selftest import SelfTest
from ...benchmarks.validation import read_table
from ...core.errors import UnknownName
from ...core.files import read_bytes, write_bytes
from ...core.serialization import read_json
from ...registry.catalog import KINDS, entries, find
from ...registry.images import describe
from ...registry.kinds import RECORDED, Diffusers
from ...registry.metrics import METRICS
from ...registry.overview import listed
from ...registry.schema import Dataset, Extractor, Generator, Track
from ...registry.weights import ROOT as WEIGHTS
from ...registry.weights import count_numbers
from ..board.board import make_board
from ..export.terminal import board_text
from ..storage.records import COMMITTED, Record, read_records
from ..submission.check import CHECKS
from ..submission.metadata import FIELDS
from ..text.numbers import figure, written
from ..text.tables import markdown_table
from ..verification.copying import TABLE as COPIES
from . import (
    fairness_docs,
    field_docs,
    memory_docs,
    monitor_docs,
    scale_docs,
    study_docs,
    validation_docs,
    version_docs,
)
from .copies_test import Flagged
from .rank_coverage import TABLE as RANK_COVERAGE
from .rank_coverage import Coverage
from .verification_docs import levels, tolerances

ROOT = Path(__file__).resolve().parents[2]
MEMORY = ROOT / "benchmarks" / "speed" / "reference_memory.json"
_BLOCK = re.compile(r"(<!-- generated: (?P<name>[a-z0-9 :-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def blocks() -> Mapping[str, Callable[[], str]]:
    """Every block that a document may ask for."""
    boards = {f"board {name}": (lambda name=name: _board(name)) for name in entries(Track)}
    findings = {f"findings {name}": partial(study_docs.verdicts, track.id) for name, track in entries(Track).items()}
    intervals: dict[str, Callable[[], str]] = {
        "intervals fixed": lambda: validation_docs.held(read_table(), "fixed"),
        "intervals outside": lambda: validation_docs.outside(read_table()),
        "intervals missing": lambda: validation_docs.missing(read_table()),
        "intervals claimed": lambda: validation_docs.claimed(read_table()),
        "intervals redrawn": lambda: validation_docs.held(read_table(), "redrawn"),
    }
    fields = {f"fields {kind}": partial(field_docs.tables, kind) for kind in KINDS}
    others: dict[str, Callable[[], str]] = {
        "self-test": _self_test,
        "rank coverage": _rank_coverage,
        "copies": _copies,
        "precision": _precision,
        "metrics": _metrics,
        "generators": _generators,
        "known models": _known_models,
        "zoo": _zoo,
        "extractors": _extractors,
        "reading memory": _reading_memory,
        "reference memory": _reference_memory,
        "datasets": _datasets,
        "tracks": _tracks,
        "checks": _checks,
        "fairness": fairness_docs.found,
        "submission fields": _submission_fields,
        "studies": study_docs.listing,
        "scorecard": lambda: study_docs.card("digits@1"),
        "tolerances": tolerances,
        "false alarms": monitor_docs.false_alarms,
        "monitor overhead": monitor_docs.overhead,
        "cluster memory": memory_docs.cluster_memory,
        "cluster sets": memory_docs.cluster_sets,
        "workers sleeper": partial(scale_docs.workers, "sleeper"),
        "workers ddpm": partial(scale_docs.workers, "ddpm"),
        "verification": lambda: levels(_committed()),
        "version changes": lambda: version_docs.changes(_committed()),
    }
    return {**boards, **findings, **intervals, **fields, **others}


def filled(text: str) -> str:
    """A document with all its blocks made anew.

    Raises:
        UnknownName: it asks for a block that nobody makes.
    """
    known = blocks()

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in known:
            raise UnknownName("generated block", name, known)
        return f"{match[1]}{known[name]()}\n{match[3]}"

    return _BLOCK.sub(fill, text)


def documents() -> list[Path]:
    top = ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md")
    return [*(ROOT / name for name in top), *sorted((ROOT / "docs").glob("*.md"))]


def outdated() -> list[Path]:
    """Documents whose generated blocks are not what they would be now."""
    return [path for path in documents() if filled(text := read_bytes(path).decode()) != text]


def main(arguments: list[str]) -> None:
    stale = outdated()
    if "--check" in arguments:
        if stale:
            names = ", ".join(path.relative_to(ROOT).as_posix() for path in stale)
            sys.exit(f"out of date: {names}\n\nhint: make docs")
        return
    for path in stale:
        write_bytes(path, filled(read_bytes(path).decode()).encode())
        print(path.relative_to(ROOT).as_posix(), file=sys.stderr)


@cache
def _committed() -> tuple[Record, ...]:
    """All committed results, which many blocks need: read once."""
    return read_records([COMMITTED]).readable


def _board(name: str) -> str:
    board = make_board(find(Track, name), _committed())
    return f"```text\n{board_text(board)}\n```"


def _metrics() -> str:
    arrows = {"lower": "lower", "higher": "higher", None: "shown, not ranked"}
    rows = [(f"`{m.name}`", m.title, arrows[m.better], m.summary, m.paper) for m in METRICS.values()]
    return markdown_table(("name", "metric", "better", "what it measures", "source"), rows)


def _self_test() -> str:
    found = [SelfTest(**entry) for entry in read_json(SELF_TEST)]
    rows = [(o.track, f"`{o.metric}`", o.comparisons, f"{o.different:.1%}") for o in found]
    return markdown_table(("track", "metric", "comparisons", "called different"), rows, right=(2, 3))


def _rank_coverage() -> str:
    rows = []
    for o in (Coverage(**entry) for entry in read_json(RANK_COVERAGE)):
        separated = "-" if o.separated is None else f"{o.separated:.1%}"
        rows.append((o.design, o.errors, f"{o.boards:,}", f"{o.held:.1%}", separated, f"{o.width:.1f}"))
    head = ("true values", "errors", "boards", "held", "separated", "ranks in an interval")
    return markdown_table(head, rows, right=range(2, 6))


def _copies() -> str:
    rows = []
    for f in (Flagged(**entry) for entry in read_json(COPIES)):
        named = {"exact": f"{f.share:.0%} copies", "augmented": "altered copies"}
        rates = [f"{rate:.1%}" for rate in (f.copies, f.suspected, f.alone)]
        count = (f"{f.n:,}", f"{f.partitions:,}", written(f.beyond, 2))
        rows.append((f.track, named.get(f.kind, f.kind), *count, *rates))
    head = ("track", "samples", "n", "partitions", "threshold", "copies", "suspected", "without held-out images")
    return markdown_table(head, rows, right=range(2, 8))


def _precision() -> str:
    rows = []
    for e in (Effect(**entry) for entry in read_json(PRECISION)):
        apart = "-" if not e.se else written((e.half - e.full) / e.se, 2)
        rows.append((e.track, f"`{e.column}`", f"{e.full:.6g}", f"{e.half:.6g}", apart))
    head = ("track", "column", "float32", "bf16", "difference in standard errors")
    return markdown_table(head, rows, right=(2, 3, 4))


def _checks() -> str:
    rows = [(f"`{c.code}`", c.severity, c.title, c.hint) for c in CHECKS]
    return markdown_table(("code", "", "what it finds", "what to do"), rows)


def _submission_fields() -> str:
    who = {"all": "everybody", "unregistered": "all but registered ones", "several tried": "`tried` > 1", "nobody": ""}
    rows = [(f"`{f.name}`", f"`{f.flag}`", f.question, who[f.needed]) for f in FIELDS]
    return markdown_table(("field", "flag", "what it says", "needed of"), rows)


def _reading_memory() -> str:
    table = read_json(MEMORY)
    read, name = table["read"], find(Dataset, table["dataset"])
    beyond = read["peak_mib"] - read["before_mib"]
    libraries = f"the {read['before_mib']:.0f} MiB of the interpreter and its libraries"
    return f"Reading all {name.count:,} images of `{name.name}` takes {beyond:.0f} MiB beyond {libraries}."


def _reference_memory() -> str:
    rows = []
    for b in read_json(MEMORY)["builds"]:
        sizes = b["before_mib"], b["peak_mib"], b["peak_mib"] - b["before_mib"], b["file_mib"]
        rows.append((f"`{b['space']}`", f"{b['images']:,}", f"{b['features']:,}", *(f"{s:,.0f} MiB" for s in sizes)))
    head = ("space", "images", "reference features", "before", "peak", "of which the build's", "file")
    return markdown_table(head, rows, right=range(1, 7))


def _extractors() -> str:
    rows = []
    for e in entries(Extractor).values():
        taken = describe(e.input) if isinstance(e.input, tuple) else {"rgb": "RGB, any size", "any": "any"}[e.input]
        preprocessing = f"`{e.preprocessing}`" if isinstance(e.preprocessing, str) else str(e.preprocessing)
        rows.append((f"`{e.name}`", e.title, preprocessing, e.dim or "-", e.classes or "-", taken))
    return markdown_table(("name", "what it is", "preprocessing", "wide", "logits", "images"), rows, right=(3, 4))


def _datasets() -> str:
    rows = []
    for d in entries(Dataset).values():
        digest = f"`{d.content_digest[:12]}`" if d.content_digest else "not yet recorded"
        shape = f"texts of {d.shape[1]}" if d.alphabet else describe(d.shape)
        rows.append((f"`{d.name}`", d.title, f"{d.count:,}", shape, d.source.kind, d.licence, digest))
    return markdown_table(("name", "what it is", "images", "shape", "source", "licence", "digest"), rows, right=(2,))


def _tracks() -> str:
    rows = [
        (f"`{t.name}`", f"`{t.dataset}`", f"{t.samples:,}", f"`{t.primary}`", len(t.metrics))
        for t in entries(Track).values()
    ]
    return markdown_table(("name", "data set", "samples", "ranked by", "columns"), rows, right=(2, 4))


def _generators() -> str:
    rows = [(f"`{g['name']}`", g["title"], g["family"], g["origin"]) for g in listed("generators")]
    return markdown_table(("name", "what it is", "family", "origin"), rows)


def _known_models() -> str:
    """The pipelines of others: how each samples, which commit is read, and what was published of it."""
    rows = []
    for e in entries(Generator).values():
        if not isinstance(e.source, Diffusers) or e.source.revision is None:
            continue
        commit = RECORDED if e.source.revision == RECORDED else f"`{e.source.revision[:12]}`"
        repo = f"[{e.source.repo}](https://huggingface.co/{e.source.repo})"
        said = [
            f"{written(r.value, r.decimals)} ({r.source}{'; ' + r.differs if r.differs else ''})" for r in e.reported
        ]
        nfe = "-" if e.nfe is None else f"{e.nfe:,}"
        rows.append((f"`{e.name}`", ", ".join(e.tracks), repo, commit, e.sampler or "-", nfe, "; ".join(said) or "-"))
    head = ("name", "track", "repository", "commit", "sampler", "NFE", "published FID")
    return markdown_table(head, rows, right=(5,))


def _zoo() -> str:
    """The generators trained here, in the order of their board, with what their weights take."""
    track, shown = find(Track, "digits"), ("fd", "precision", "recall")
    space = track.space
    rows = []
    for row in make_board(track, _committed()).rows:
        entry = entries(Generator).get(row.name)
        if entry is None or entry.weights is None or entry.weights.file is None:
            continue
        path = WEIGHTS / entry.weights.file
        size = f"{count_numbers(path):,} in {path.stat().st_size / 1024:,.0f} KiB"
        values = [figure(row.cells.get(f"{metric}:{space}")) for metric in shown]
        cells = [f"{value.text} {value.margin}".strip() or "-" for value in values]
        rows.append((f"`{row.name}`", entry.family, *cells, size, entry.origin))
    head = ("", "family", "Fréchet distance, 95% interval", "precision", "recall", "numbers in its weights", "origin")
    return markdown_table(head, rows, right=range(2, 6))


if __name__ == "__main__":
    main(sys.argv[1:])
