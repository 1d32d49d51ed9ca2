"""Boards as plain text for the command line: pure functions."""

from __future__ import annotations

from textwrap import wrap

from ...registry.schema import TrackMetric
from ..board.across import NO_RESULT, Across, Cell
from ..board.agreement import Agreement
from ..board.board import FROM_IMAGES, Board, Row
from ..board.groups import legible
from ..board.pareto import Side
from ..board.ranking import Ranked
from ..board.reversals import RankReversal
from ..text.numbers import Figure, figure
from ..text.tables import table
from .tables import Table, Value

HEADLINE = 7  # columns of figures beside a name, as far as they fit
REVERSALS = 12  # rank reversals that are named
WIDTH = 110  # of a page
_FLAGS = {"copies": "repeat", "suspected": "may repeat"}
_TIED = "\u00a0"  # stands for a space at which no line is broken


def board_text(board: Board) -> str:
    """The ranking as a page of about `WIDTH` columns: the rows, what the signs mean, and what is left out."""
    parts = [[_heading(board)], [_rows(board)] if board.rows else [], _legend(board), _front_lines(board)]
    parts += [_agreement_lines(board), _left_out(board)]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _heading(board: Board) -> str:
    track, count = board.track, len(board.ranked)
    if not board.rows and board.left_out:
        return _wrap(f"{track.title} ({track.id}): results were found, but none can be ranked:")
    if not board.rows:
        return _wrap(f"{track.title} ({track.id}): no results yet; genboard evaluate GENERATOR --track {track.name}")
    return _wrap(
        f"{track.title} ({track.id}): {count or 'no'} generator{'' if count == 1 else 's'} ranked by {track.primary} "
        f"at N = {track.samples:,}, {board.better} is better"
    )


def _rows(board: Board) -> str:
    """The rows with as many of the columns as fit."""
    limited, lettered = board.limit.column is not None, _lettered(board)
    header = ["rank", *["letters"] * lettered, *["N → ∞"] * limited, "generator"]
    lines = []
    for row in board.rows:
        mark = "*" if row.name in board.limit.reversed else ""
        in_limit = _rank(board.limit.place(row.name)) + mark
        lines.append([_place(row), *[row.letters] * lettered, *[in_limit] * limited, row.name])
    marks = [_mark(row, board.track.primary) for row in board.rows]
    taken = [max(map(len, column)) for column in zip(header, *lines, strict=True)] + [max(map(len, marks))]
    room, first, shown = WIDTH - sum(taken) - 2 * len(header), len(header), 0
    for column in board.columns[:HEADLINE]:
        cells = [_short(column), *(_cell(figure(row.cells.get(column.key))) for row in board.rows)]
        room -= max(map(len, cells)) + 2
        if room < 0 and shown:
            break
        shown += 1
        for line, cell in zip([header, *lines], cells, strict=True):
            line.append(cell)
    for line, mark in zip([header, *lines], ["", *marks], strict=True):
        line.append(mark)
    return table(header, lines, right=range(first, first + shown))


def _lettered(board: Board) -> bool:
    return legible(row.letters for row in board.rows)


def _legend(board: Board) -> list[str]:
    """What the signs in the rows mean, as far as they occur."""
    said = []
    if board.rows:
        said.append("±: half a 95% interval.")
    if board.ranked:
        said[0] += " rank: where the true rank lies, for all rows at once with a chance of 95%."
    if _lettered(board):
        said.append("letters: rows that share one are not significantly different.")
    if board.limit.column is not None:
        pairs = [f"{one.ahead} and {one.behind}{_significance(one)}" for one in board.limit.reversals[:REVERSALS]]
        pairs += [f"{board.limit.count - len(pairs):,} more"] * (board.limit.count > len(pairs))
        by = f"N → ∞: the rank by {board.limit.column}, a bias-corrected estimate"
        said.append(f"{by}; *: rank reversals: {', '.join(pairs)}." if pairs else f"{by}.")
    elif board.ranked:
        said.append(f"no rank for N → ∞: {board.limit.reason}.")
    if board.floor:
        said.append("floor: the noise floor, real images that no generator has seen, measured like samples.")
    if any(row.place is None for row in board.rows if row is not board.floor):
        said.append("base: a baseline, which should score poorly; never ranked.")
    if any(row.copying.copies for row in board.rows):
        said.append("copies: its samples are far closer to the training images than new real images are.")
    suspects = [row for row in board.rows if row.copying.suspected and not row.copying.copies]
    if suspects:
        said.append("suspected: too good for chance: copies of real images, altered copies, or chosen images.")
        said += [f"  {row.name}: {'; '.join(row.copying.seen)}." for row in suspects]
    if any(row.better_than_real for row in board.ranked):
        said.append("beyond floor: significantly better than the noise floor, which is no record but a reason to look.")
        said += [f"  {row.name}: {', '.join(row.better_than_real)}." for row in board.ranked if row.better_than_real]
    if any(row.from_images for row in board.ranked):
        said.append(f"images: {FROM_IMAGES}")
    if any(row.conditional for row in board.rows):
        said.append("class-conditional: it is given a class for each sample, which this track does not ask for.")
    checked = [row.name for row in board.rows if row.verification.private and row.verification.private.agrees]
    if checked:
        said.append(f"public and private reference agree on {', '.join(checked)}.")
    for name, changed in board.earlier.items():
        said.append(f"earlier version: genboard rank --track {name}; changed since: {'; '.join(changed) or 'nothing'}.")
    if board.unread:
        reasons = "; ".join(sorted(set(board.unread.values())))
        said.append(
            f"ranks and letters without the influences of samples, which could not be read ({reasons}): "
            f"{len(board.unread)} of {len(board.rows)} rows."
        )
    said += [f"disputed: {row.name}: {row.verification.disputed}" for row in board.rows if row.verification.disputed]
    said += [f"not reproduced: {row.name}: {row.verification.failed}" for row in board.rows if row.verification.failed]
    return [_wrap(line) for line in said]


def _front_lines(board: Board) -> list[str]:
    """The first front there is, in the order of certainty."""
    front = next((front for front in board.fronts if front.rows), None)
    if front is None or len(front.rows or ()) < 2:
        return []
    lines = [f"The front of {front.fidelity} against {front.diversity}, right as a whole with a chance of 95%"]
    sides: tuple[tuple[Side, str], ...] = (
        ("on", "on it:          "),
        ("open", "perhaps:        "),
        ("off", "beaten in both: "),
    )
    for side, words in sides:
        names = ", ".join(front.names(side)) or "none"
        lines.append(_wrap(f"  {words}{names}", " " * 18))
    return lines


def _agreement_lines(board: Board) -> list[str]:
    """How far each column orders the rows as the primary one does."""
    said = []
    for key in board.agreement.columns:
        pair = board.agreement.pair(board.track.primary, key)
        if pair and pair.same is not None:
            said.append((key, pair.same, pair.reversed, pair.open))
    if not said:
        return []
    head = f"Other columns against {board.track.primary}: pairs of rows in the same order, reversed, and open"
    (key, same, reversed_, open_), *others = said
    first = f"{key} {same} the same, {reversed_} reversed, {open_} open".replace(" ", _TIED)
    rest = [_TIED.join([key, "/".join(map(str, counts))]) for key, *counts in others]
    return [_wrap(head), _wrap(f"  {', '.join([first, *rest])}")]


def _left_out(board: Board) -> list[str]:
    """What is not ranked, reason by reason."""
    reasons: dict[str, list[str]] = {}
    for item in board.left_out:
        reasons.setdefault(item.reason, []).append(f"{item.name}{_TIED}({item.id})")
    return [_wrap(f"not ranked: {', '.join(names)}: {reason}") for reason, names in reasons.items()]


def agreement_text(found: Agreement) -> str:
    """The pairs of rows that both columns order the same way, and reversed, with numbers for names across."""
    keys = found.columns
    header = ["", "column", *(str(i + 1) for i in range(len(keys)))]
    lines = []
    for i, a in enumerate(keys):
        pairs = [found.pair(a, b) for b in keys]
        counts = ["" if p is None or p.same is None else f"{p.same}:{p.reversed}" for p in pairs]
        lines.append([str(i + 1), a, *counts[:i], "", *counts[i + 1 :]])
    text = table(header, lines, right=[0, *range(2, len(header))])
    reasons = sorted({pair.reason for pair in found.pairs if pair.reason})
    notes = [*reasons, *(f"{key}: {reason}" for key, reason in found.left_out.items())]
    return "\n".join([text, *(["", *(_wrap(f"not known: {note}") for note in notes)] if notes else [])])


def table_text(found: Table) -> str:
    """Any table of the leaderboard as it is; a column that holds nothing is left out."""
    kept = [i for i in range(len(found.columns)) if any(row[i] not in (None, "") for row in found.rows)]
    if not kept:
        return "none"
    right = [kept.index(i) for i in kept if found.columns[i][1] in ("number", "count")]
    lines = [[plain(row[i]) for i in kept] for row in found.rows]
    return table([found.columns[i][0] for i in kept], lines, right=right)


def plain(value: Value) -> str:
    """A value of a table as the terminal shows it.

    >>> plain(None), plain(True), plain(0.123456), plain(7)
    ('-', 'yes', '0.1235', '7')
    """
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case _:
            return str(value)


def across_text(found: Across) -> str:
    """Generators by tracks: the ranks each may have, with the letters of that track."""
    header = ["generator", *(board.track.name for board in found.boards), "clearly better on every track than"]
    lines = []
    for row in found.rows:
        cells = [" ".join(filter(None, [_rank(cell), cell.letters, cell.flag])) or "-" for cell in row.cells]
        lines.append([row.name, *cells, "-" if row.ahead_of is None else ", ".join(row.ahead_of) or "none"])
    said = [
        "Ranks as far as they are known, all of a track at once with a chance of 95%; rows of a track that share a "
        "letter are not distinguished from each other. Nothing is added up over tracks.",
        *(
            f"{board.track.id}: {len(board.ranked)} ranked by {board.track.primary}, {board.better} is better"
            for board in found.boards
        ),
    ]
    flagged = {cell.flag for row in found.rows for cell in row.cells if cell.flag}
    said += [
        f"{flag}: its samples {_FLAGS[flag]} real images; genboard rank --track says why." for flag in sorted(flagged)
    ]
    missing: dict[str, list[str]] = {}
    for row in found.rows:
        for board, cell in zip(found.boards, row.cells, strict=True):
            if cell.reason and cell.reason != NO_RESULT:
                missing.setdefault(f"{board.track.name}: {cell.reason}", []).append(row.name)
    said += [f"no rank on {reason}: {', '.join(names)}" for reason, names in missing.items()]
    said.append(f"-: {NO_RESULT}, or in the last column: not ranked on every track.")
    return "\n".join([table(header, lines), "", *map(_wrap, said)])


def _rank(place: Ranked | Cell | None) -> str:
    """The ranks that a row may have; nothing for one that is not ranked."""
    if place is None or place.first is None:
        return ""
    return str(place.first) if place.first == place.last else f"{place.first}-{place.last}"


def _place(row: Row) -> str:
    if row.place:
        return _rank(row.place)
    return "floor" if row.result.generator.noise_floor else "base"


def _mark(row: Row, primary: str) -> str:
    level = [row.verification.level] if row.verification.level != "self-reported" else []
    flags = [row.copying.flag] if row.copying.flag else []
    flags += ["class-conditional"] * row.conditional
    flags += ["beyond floor"] * (primary in row.better_than_real and row.place is not None)
    flags += ["images"] * (row.from_images and row.place is not None)
    return ", ".join([*flags, *level, *["disputed"] * bool(row.verification.disputed)])


def _short(column: TrackMetric) -> str:
    return column.key.replace(f":{column.extractor}", "", 1)


def _significance(one: RankReversal) -> str:
    """A reversal is significant only where the two rows differ significantly at N and for N → ∞."""
    return " (significant)" if one.clear_at_n and one.clear_in_limit else ""


def _wrap(text: str, indent: str = "  ") -> str:
    """Lines of at most `WIDTH` columns, the second and later ones indented; names and numbers stay whole."""
    lines = wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines).replace(_TIED, " ")


def _cell(shown: Figure) -> str:
    return f"{shown.text} {shown.margin}".strip() or "-"
