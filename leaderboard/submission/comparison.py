"""A new result beside its neighbours on the board and the generator's earlier results, as Markdown for a review."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...benchmarks.result import MetricRecord, Result
from ...core.files import read_bytes
from ...registry.catalog import entries
from ...registry.schema import Track
from ..board.board import FROM_IMAGES, NOT_MEASURED, Board, Row, make_board
from ..storage.records import Record, read_records
from ..text.numbers import difference, figure
from ..text.tables import markdown_table
from .check import Finding, rooted

NEAREST = 2  # rows above, and as many below
COLUMNS = 5  # beside the name
LONGEST = 10_000  # characters in a cell: a line of a log stands in the review in full


def review(findings: Sequence[Finding], paths: Sequence[Path], published: Sequence[Path]) -> str:
    """Findings, and every result at or below the paths that is not published as it is, beside its neighbours."""
    others = read_records(list(published)).readable
    known = {(r.result.path.as_posix(), read_bytes(r.path)) for r in others}
    roots = dict.fromkeys(rooted(path.absolute()) for path in paths)
    new = [
        record
        for root, place in roots
        for record in read_records([root]).readable
        if (record.result.path.as_posix(), read_bytes(record.path)) not in known
        and record.result.path.as_posix().startswith(place)
    ]
    return f"## Checks\n\n{findings_table(findings)}\n## Results\n\n{compared(new, others)}"


def compared(new: Sequence[Record], others: Sequence[Record]) -> str:
    """A section for each new result."""
    return "\n".join(_section(record, others) for record in new) or "No new results.\n"


def findings_table(findings: Sequence[Finding]) -> str:
    """The findings as a Markdown table, or a line that says there are none."""
    if not findings:
        return "Nothing contradicts itself.\n"
    rows = [
        [f"`{f.code}`", f.severity, _cell(f"{Path(f.file).name} {f.field}"), _cell(f.problem), f.hint] for f in findings
    ]
    return markdown_table(["code", "", "where", "problem", "hint"], rows) + "\n"


def _section(record: Record, others: Sequence[Record]) -> str:
    result = record.result
    head = f"### {result.generator.name} on {result.track.name}@{result.track.version} ({result.id})\n"
    track = entries(Track).get(result.track.name)
    if track is None:
        return f"{head}\nThere is no such track.\n"
    rest = [r for r in others if r.result.id != result.id]
    board = make_board(track, [*rest, record])
    at = next((i for i, row in enumerate(board.rows) if row.result.id == result.id), None)
    keys = [column.key for column in board.columns[:COLUMNS]]
    if at is None:
        reason = next((item.reason for item in board.left_out if item.id == result.id), "it cannot be compared")
        text = f"{head}\nNot on the board: {_cell(reason)}\n"
    else:
        near = board.rows[max(0, at - NEAREST) : at + NEAREST + 1]
        rows = [[_rank(row), _name(row, row.result.id == result.id), *_figures(row, keys)] for row in near]
        text = f"{head}\n{markdown_table(['rank', 'generator', *keys], rows)}\n"
        text += _suspicion(board, board.rows[at])
    text += _moved(make_board(track, rest), board, result.id)
    earlier = [r.result for r in others if _same_generator(r.result, result) and r.result.id != result.id]
    return text + "".join(_change(result, before) for before in earlier)


def _suspicion(board: Board, row: Row) -> str:
    """What a reviewer should look at: the flags of a row, and what was not looked at."""
    said = [f"**{'copies' if row.copying.copies else 'suspected'}**: {seen}" for seen in row.copying.seen]
    said += [
        f"**beyond floor**: {key} is significantly better than that of real images" for key in row.better_than_real
    ]
    if row.from_images:
        said.append(f"**images**: {FROM_IMAGES}")
    if absent := [key for key in board.suspicion_columns if key not in row.suspicion]:
        said.append(f"{NOT_MEASURED}: {', '.join(absent)}; `genboard verify` with the samples measures them")
    return "".join(f"\n- {line}" for line in said) + "\n" * bool(said)


def _moved(before: Board, after: Board, new: str) -> str:
    """The rows of others that this result takes away, or moves."""
    now = {row.name: row for row in after.rows}
    rows = []
    for row in before.rows:
        later = now.get(row.name)
        if later is None or later.result.id != row.result.id:
            rows.append([_cell(row.name), row.result.id, f"superseded by {new}" if later else "off the board"])
        elif _rank(later) != _rank(row):
            rows.append([_cell(row.name), row.result.id, f"rank {_rank(row)}, now {_rank(later)}"])
    if not rows:
        return "\nNo other row changes.\n"
    return f"\nRows that change:\n\n{markdown_table(['generator', 'result', 'change'], rows)}\n"


def _change(now: Result, before: Result) -> str:
    rows = []
    for record in now.metrics:
        old = before.metric(record.key)
        if old is not None and old.value != record.value:
            rows.append([f"`{record.key}`", _shown(old), _shown(record), difference(record, old).text or "-"])
    head = f"\nAgainst its earlier result {before.id} of {before.provenance.created}:"
    if not rows:
        return f"{head} no value differs.\n"
    return f"{head}\n\n{markdown_table(['column', 'before', 'now', 'change'], rows)}\n"


def _same_generator(a: Result, b: Result) -> bool:
    return (a.track.name, a.generator.name) == (b.track.name, b.generator.name)


def _figures(row: Row, keys: Sequence[str]) -> list[str]:
    return [_shown(row.cells.get(key)) for key in keys]


def _shown(record: MetricRecord | None) -> str:
    shown = figure(record)
    return f"{shown.text} {shown.margin}".strip() or "-"


def _name(row: Row, new: bool) -> str:
    return f"**{_cell(row.name)}**" if new else _cell(row.name)


def _rank(row: Row) -> str:
    if row.place is None:
        return "-"
    first, last = row.place.first, row.place.last
    return str(first) if first == last else f"{first}-{last}"


def _cell(text: str) -> str:
    """Text that cannot end its cell, nor become markup or a mention: whoever submits wrote part of it."""
    escaped = "".join(f"\\{c}" if c in "\\`*_[]<>|#!~&" else c for c in text)
    cut = f" and {len(escaped) - LONGEST:,} more characters" if len(escaped) > LONGEST else ""
    return escaped[:LONGEST].replace("@", "@\u200b").replace("\n", " ") + cut
