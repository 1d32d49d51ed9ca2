"""Sentences about a board, computed from it: who leads, whether significantly, and how far real images are."""

from __future__ import annotations

from collections.abc import Sequence

from ...registry.columns import qualifiers
from ...registry.metrics import find_metric
from ...registry.schema import Track
from ..board.board import Board, Row
from ..board.ranking import Ranked
from ..board.scored import ALPHA, Scored, p_value
from ..text.numbers import ends, figure

_NAMED = 3  # names in a row before the rest are counted
SAID = {"copies": "copies training images", "suspected": "suspected of copying"}


def short_title(track: Track) -> str:
    """A track's title without its task, which all tracks beside it share; commas within the title stay."""
    return track.title.removesuffix(f", {track.task}")


def in_prose(names: Sequence[str]) -> str:
    """
    >>> in_prose(["a"]), in_prose(["a", "b", "c"]), in_prose(["a", "b", "c", "d", "e"])
    ('a', 'a, b and c', 'a, b, c and 2 others')
    """
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def named(board: Board, names: Sequence[str]) -> str:
    """Names in prose; one that fails the test for copies never leads without saying so."""
    flags = [board.by_name[name].copying.flag for name in names[: _NAMED + 1]]
    told = [f"{name} ({SAID[flag]})" if flag else name for name, flag in zip(names, flags, strict=False)]
    return in_prose([*told, *names[_NAMED + 1 :]])


def heading(board: Board) -> str:
    """The finding in one line."""
    place, ranked = short_title(board.track), _places(board)
    if not ranked:
        return f"Nothing is ranked on {place} yet"
    leader = ranked[0]
    beyond = [row.name for row in board.ranked if board.track.primary in row.better_than_real]
    if leader.name in beyond:
        verb = "scores" if len(beyond) == 1 else "score"
        return f"{named(board, beyond)} {verb} better than real images on {place}, which is suspicious"
    first = named(board, [leader.name])
    if len(ranked) == 1:
        return f"{first} is the only generator ranked on {place}"
    if len(ranked) == 2:
        other = named(board, [ranked[1].name])
        if leader.tied:
            return f"{first} and {other}, the only two generators on {place}, are not significantly different"
        return f"{first} is better than {other}, the only other generator on {place}"
    if not leader.tied:
        return f"{first} leads on {place}"
    group = [p for p in ranked if p is leader or p.name in leader.tied]
    if any(b.name not in a.tied for a in group for b in group if a is not b):
        return f"{first} leads on {place}, but is not significantly different from {named(board, leader.tied)}"
    if len(group) == len(ranked) > _NAMED:
        return f"The {len(ranked)} generators on {place} are not significantly different"
    where = "on" if len(group) == len(ranked) else "at the top of"
    return f"{named(board, [p.name for p in group])} are not significantly different {where} {place}"


def lead(board: Board) -> str:
    """Whether the leader is significantly better than the others."""
    ranked = _places(board)
    if not ranked:
        return "—"
    if len(ranked) == 1:
        return "nothing to compare with"
    if ranked[0].tied:
        return f"not significantly different from {named(board, ranked[0].tied)}"
    others = [place.name for place in ranked[1:]]
    all_of = named(board, others) if len(others) <= _NAMED else f"all {len(others)} others"
    return f"significantly better than {all_of}"


def lede(board: Board) -> str:
    """What the numbers are, which way is better, and how far the leader is from real images."""
    primary = board.columns[0]
    metric = find_metric(primary.metric)
    space = ", ".join([f"{metric.title} in {primary.extractor} space", *qualifiers(primary.key)])
    first = f"{space}, {board.track.samples:,} samples each. {board.better.capitalize()} is better."
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
    return f"Rank {rank_text(row.place)} {of}, not significantly different from {named(board, row.place.tied)}."


def about_spread(board: Board) -> str:
    """How many ranked rows are not significantly different from real images."""
    if board.floor is None or not board.ranked:
        return "Every interval on one axis"
    near = [row for row in board.ranked if not apart(board, row, board.floor)]
    if not near:
        return "Every ranked generator is significantly different from real images"
    if len(near) == len(board.ranked):
        return "No ranked generator is significantly different from real images"
    verb = "reaches" if len(near) == 1 else "reach"
    return f"{len(near)} of {len(board.ranked)} ranked generators {verb} the noise floor: {named(board, _names(near))}"


def about_bars(board: Board, rows: Sequence[Row]) -> str:
    """Why bars may overlap where rows differ significantly, and the other way round: how often they do among these.

    Ranked rows are compared as the ranks are; with the noise floor each row alone, as `about_spread` does.
    """
    shown = [row for row in rows if row.place or row is board.floor]
    disjoint, overlapping = [], []
    for i, a in enumerate(shown):
        for b in shown[i + 1 :]:
            differ = apart(board, a, b)
            (_, lo, hi), (_, low, high) = (ends(row.cells[board.track.primary]) for row in (a, b))
            overlap = lo <= high and low <= hi
            if not differ and not overlap:
                disjoint.append(f"{_called(board, a)} and {_called(board, b)}")
            if differ and overlap:
                overlapping.append(f"{_called(board, a)} and {_called(board, b)}")
    said = ["Each bar is the 95% interval of one row alone; two rows are compared by the error of their difference."]
    if disjoint:
        said.append(f"Not significantly different although their bars are apart: {_pairs(disjoint)}.")
    if overlapping:
        said.append(f"Significantly different although their bars overlap: {_pairs(overlapping)}.")
    return " ".join(said)


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
    count = board.limit.count
    if board.limit.column is None:
        return "The order for N → ∞ is not known here"
    if not count:
        return "The order stays the same for N → ∞"
    said = "1 rank reversal" if count == 1 else f"{count:,} rank reversals"
    clear = f"{board.limit.significant:,}" if board.limit.significant else "none"
    return f"{said} between N and N → ∞, {clear} of them significant"


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
        name = named(board, [leader.name])
        if p_value(leader, floor) >= ALPHA:
            said.append(f"{name} is not significantly different from them.")
        elif (leader.value < floor.value) == (board.better == "lower"):
            said.append(f"{name} scores better than they do, which calls for a look at its nearest training images.")
        else:
            said.append(f"Even {name} is clearly worse.")
    return said


def apart(board: Board, a: Row, b: Row) -> bool:
    """Whether two rows differ significantly: ranked ones as the ranks say, others each pair alone."""
    if a.place and b.place:
        return b.name not in a.place.tied
    key = board.track.primary
    return p_value(_scored(a, key), _scored(b, key)) < ALPHA


def _called(board: Board, row: Row) -> str:
    return "the noise floor" if row is board.floor else row.name


def _pairs(pairs: Sequence[str]) -> str:
    more = len(pairs) - _NAMED
    return "; ".join(pairs[:_NAMED]) + (f"; and {more} more pair{'s' * (more > 1)}" if more > 0 else "")


def _names(rows: Sequence[Row]) -> list[str]:
    return [row.name for row in rows]


def _scored(row: Row, key: str) -> Scored:
    scored = row.scored(key)
    assert scored is not None  # `board.why_not` leaves out what has none
    return scored


def _places(board: Board) -> list[Ranked]:
    return [row.place for row in board.rows if row.place]
