"""Sentences about a board, computed from it: who leads, whether significantly, and how far real images are."""

from __future__ import annotations

from collections.abc import Sequence

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..board.ranking import ALPHA, Ranked, Scored, p_value
from ..text.numbers import figure

_NAMED = 3  # names in a row before the rest are counted


def short_title(title: str) -> str:
    """A track's title up to its first comma.

    >>> short_title("Digits, unconditional")
    'Digits'
    """
    return title.partition(",")[0].strip()


def in_prose(names: Sequence[str]) -> str:
    """
    >>> in_prose(["a"]), in_prose(["a", "b", "c"]), in_prose(["a", "b", "c", "d", "e"])
    ('a', 'a, b and c', 'a, b, c and 2 others')
    """
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def heading(board: Board) -> str:
    """The finding in one line."""
    place, ranked = short_title(board.track.title), _places(board)
    if not ranked:
        return f"Nothing is ranked on {place} yet"
    leader = ranked[0]
    beyond = [row.name for row in board.ranked if board.track.primary in row.better_than_real]
    if leader.name in beyond:
        verb = "scores" if len(beyond) == 1 else "score"
        return f"{in_prose(beyond)} {verb} better than real images on {place}, which is suspicious"
    if len(ranked) == 1:
        return f"{leader.name} is the only generator ranked on {place}"
    if not leader.tied:
        return f"{leader.name} leads on {place}"
    group = [p for p in ranked if p is leader or p.name in leader.tied]
    if any(b.name not in a.tied for a in group for b in group if a is not b):
        return f"{leader.name} leads on {place}, but is not significantly different from {in_prose(leader.tied)}"
    if len(group) == len(ranked) > _NAMED:
        return f"The {len(ranked)} generators on {place} are not significantly different"
    where = "on" if len(group) == len(ranked) else "at the top of"
    return f"{in_prose([p.name for p in group])} are not significantly different {where} {place}"


def lead(board: Board) -> str:
    """Whether the leader is significantly better than the others."""
    ranked = _places(board)
    if not ranked:
        return "—"
    if len(ranked) == 1:
        return "nothing to compare with"
    if ranked[0].tied:
        return f"not significantly different from {in_prose(ranked[0].tied)}"
    others = [place.name for place in ranked[1:]]
    return f"significantly better than {in_prose(others) if len(others) <= _NAMED else f'all {len(others)} others'}"


def lede(board: Board) -> str:
    """What the numbers are, which way is better, and how far the leader is from real images."""
    primary = board.columns[0]
    metric = find_metric(primary.metric)
    split = f", against {primary.against}" if primary.against != "reference" else ""
    first = (
        f"{metric.title} in {primary.extractor} space{split}, {board.track.samples:,} samples each. "
        f"{board.better.capitalize()} is better."
    )
    return " ".join([first, *_about_floor(board)])


def about_row(board: Board, row: Row) -> str:
    """The place of a row on its board."""
    where = board.track.title
    if row.result.generator.noise_floor:
        return f"The noise floor of {where}: real images nobody trained on, measured like samples and never ranked."
    if row.place is None:
        return f"A baseline of {where}: shown beside the generators, never ranked."
    if len(board.ranked) == 1:
        return f"The only generator ranked on {where}."
    of = f"of {len(board.ranked)} on {where}"
    if not row.place.tied:
        return f"Rank {rank_text(row.place)} {of}, significantly different from every other ranked row."
    return f"Rank {rank_text(row.place)} {of}, not significantly different from {in_prose(row.place.tied)}."


def about_spread(board: Board) -> str:
    """How many ranked rows are not significantly different from real images."""
    if board.floor is None or not board.ranked:
        return "Every interval on one axis"
    floor = _scored(board.floor, board.track.primary)
    near = [row for row in board.ranked if p_value(_scored(row, board.track.primary), floor) >= ALPHA]
    if not near:
        return "Every ranked generator is significantly different from real images"
    if len(near) == len(board.ranked):
        return "No ranked generator is significantly different from real images"
    verb = "reaches" if len(near) == 1 else "reach"
    return f"{len(near)} of {len(board.ranked)} ranked generators {verb} the noise floor: {in_prose(_names(near))}"


def about_agreement(board: Board) -> str:
    """Which metric orders the rows least as the primary one does."""
    with_primary = [p for p in board.agreement.pairs if p.tau is not None and board.track.primary in (p.a, p.b)]
    if not with_primary:
        return "Do the metrics agree?"
    worst = min(with_primary, key=lambda p: p.tau if p.tau is not None else 1.0)
    other = worst.b if worst.a == board.track.primary else worst.a
    primary = find_metric(board.columns[0].metric).title
    return f"{find_metric(other.split(':')[0]).title} agrees least with {primary}: {worst.in_words()}"


def about_reversals(board: Board) -> str:
    """What becomes of the order as N grows."""
    reversals = board.limit.reversals
    clear = sum(one.clear_at_n or one.clear_in_limit for one in reversals)
    if board.limit.column is None:
        return "The order for N → ∞ is not known here"
    if not reversals:
        return "The order stays the same for N → ∞"
    count = "1 rank reversal" if len(reversals) == 1 else f"{len(reversals)} rank reversals"
    return f"{count} between N and N → ∞, {clear or 'none'} of them significant"


def rank_text(place: Ranked | None) -> str:
    """The ranks that a row may have; nothing for one that is not ranked."""
    if place is None:
        return ""
    return str(place.first) if place.first == place.last else f"{place.first}–{place.last}"


def _about_floor(board: Board) -> list[str]:
    if board.floor is None:
        return []
    key = board.track.primary
    floor = _scored(board.floor, key)
    said = [f"The dashed line is the noise floor: real images score {figure(board.floor.cells[key]).text}."]
    if board.ranked:
        leader = _scored(board.ranked[0], key)
        if p_value(leader, floor) >= ALPHA:
            said.append(f"{leader.name} is not significantly different from them.")
        elif (leader.value < floor.value) == (board.better == "lower"):
            said.append(
                f"{leader.name} scores better than they do, which calls for a look at its nearest training images."
            )
        else:
            said.append(f"Even {leader.name} is clearly worse.")
    return said


def _names(rows: Sequence[Row]) -> list[str]:
    return [row.name for row in rows]


def _scored(row: Row, key: str) -> Scored:
    scored = row.scored(key)
    assert scored is not None  # `board.why_not` leaves out what has none
    return scored


def _places(board: Board) -> list[Ranked]:
    return [row.place for row in board.rows if row.place]
