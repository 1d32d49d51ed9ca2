"""What verifying found, as plain text."""

from __future__ import annotations

from ..text.numbers import written
from ..text.tables import table
from .judgement import Judgement
from .levels import Outcome
from .log import VerificationStatus
from .log_entry import Compared

LARGEST = 5  # columns of a fresh draw that are listed: those that moved most


def outcome_text(outcome: Outcome) -> str:
    """One measurement: what came of it, and a table of the columns that say why."""
    figures = outcome.figures
    head = f"{outcome.level}: {outcome.problem}" if outcome.problem else f"{outcome.level}: yes"
    lines = [f"not {head}" if outcome.problem and outcome.level != "resampled" else head]
    apart = "" if figures.largest_in_se is None else f", the largest difference {figures.largest_in_se:.2g} se"
    lines.append(f"  {figures.columns} columns{apart}")
    pixels = figures.pixels
    if pixels is not None and pixels.published == pixels.found:
        lines.append(f"  the same samples: digest {pixels.found[:12]}")
    elif pixels is not None:
        share = (
            "" if pixels.share_off is None else f", {pixels.share_off:.3%} of the values of {pixels.compared} differ"
        )
        lines.append(f"  samples with digest {pixels.found[:12]}, published {pixels.published[:12]}{share}")
    if figures.seed is not None:
        lines.append(f"  fresh seed {figures.seed}, p = {figures.p:.2g}")
    if figures.private is not None:
        said = "agree" if figures.private.agrees else f"disagree: the samples are {figures.private.problem}"
        lines.append(f"  public and private reference {said}")
    if outcome.level == "resampled":
        shown = sorted(figures.differing, key=lambda c: -abs(c.in_se or 0))[:LARGEST]
    else:
        shown = [c for c in figures.differing if not c.agrees]
    return "\n".join(lines) + (f"\n\n{compared_table(shown)}\n" if shown else "")


def compared_table(columns: list[Compared]) -> str:
    header = ["column", "published", "found", "in se", "problem"]
    rows = [
        [c.column, _value(c.published), _value(c.found), _apart(c.in_se), "" if c.agrees else c.problem or ""]
        for c in columns
    ]
    return table(header, rows, right=(1, 2, 3))


def status_text(status: VerificationStatus) -> str:
    """A result's level, what stands against it, and every entry of its log."""
    against = {"failed": status.failed, "disputed": status.disputed, "withdrawn": status.withdrawn}
    lines = [f"level: {status.level}", *(f"{what}: {reason}" for what, reason in against.items() if reason)]
    for e in status.history:
        who = f" by {e.by}" if e.by else ""
        tried = f" ({e.level})" if e.kind == "failed" else ""
        which = f" [{e.dispute or e.id}]" if e.kind == "disputed" or e.dispute else ""
        said = judgement_text(e.judgement) if e.judgement else e.reason
        lines.append(f"  {e.date}  {e.kind}{tried}{who}{f': {said}' if said else ''}{which}")
    return "\n".join(lines)


def judgement_text(found: Judgement) -> str:
    """What another judge says, in a few words."""
    tags = "1 tag" if len(found.parts) == 1 else f"{len(found.parts)} tags"
    lo, hi = found.interval
    return f"{found.judge} {written(found.value, 3)} ({written(lo, 3)} to {written(hi, 3)}), {found.n:,} images, {tags}"


def _value(value: float | None) -> str:
    return "null" if value is None else f"{value:.7g}"


def _apart(z: float | None) -> str:
    return "-" if z is None else written(z, 2)
