"""Letters for a ranking: rows that share one are not significantly different from each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .ranking import Ranked

MOST = 10  # groups whose letters can be read; of more, a row has strings of them


def letters(places: Sequence[Ranked]) -> dict[str, str]:
    """The letters of each row, best first; empty for a row that differs significantly from all others.

    One letter for each largest group whose rows are all pairwise not distinguished.
    """
    groups = groups_of(places)
    found = dict.fromkeys((place.name for place in places), "")
    for i, group in enumerate(groups):
        for name in group:
            found[name] += _letter(i)
    return found


def legible(found: Iterable[str]) -> bool:
    """Whether there are letters at all, and of so few groups that they can be read.

    >>> legible(["ab", "b", ""]), legible(["j", "jk", "k"]), legible(["", ""])
    (True, False, False)
    """
    every = "".join(found)
    return bool(every) and _letter(MOST) not in every


def groups_of(places: Sequence[Ranked]) -> list[frozenset[str]]:
    """Every largest group, of two rows or more, that are all pairwise not distinguished; those of the best first."""
    names = [place.name for place in places]
    at = {name: i for i, name in enumerate(names)}
    tied = [sum(1 << at[other] for other in place.tied if other in at) for place in places]
    groups = []
    for i, others in enumerate(tied):  # each group from its best row
        worse = others >> (i + 1) << (i + 1)
        groups += [g for g in _cliques(1 << i, worse, others ^ worse, tied) if g.bit_count() > 1]
    return [frozenset(names[i] for i in rows) for rows in sorted(map(_bits, groups))]


def _cliques(group: int, candidates: int, done: int, tied: Sequence[int]) -> list[int]:
    """Bron and Kerbosch's enumeration of maximal cliques, with a pivot; a set of rows is the bits of a number.

    What is tied with all other candidates joins at once: of a board of thousands most are, and one call each would be
    too deep.
    """
    inside = {i: candidates & tied[i] for i in _bits(candidates)}
    while joining := [i for i, others in inside.items() if others | 1 << i == candidates]:
        for i in joining:
            group, candidates, done = group | 1 << i, candidates & tied[i], done & tied[i]
        inside = {i: others & candidates for i, others in inside.items() if candidates >> i & 1}
    if not candidates:
        return [] if done else [group]
    pivot = max([*inside, *_bits(done)], key=lambda i: (tied[i] & candidates).bit_count())
    found = []
    for i in _bits(candidates & ~tied[pivot]):
        found += _cliques(group | 1 << i, candidates & tied[i], done & tied[i], tied)
        candidates, done = candidates & ~(1 << i), done | 1 << i
    return found


def _bits(rows: int) -> list[int]:
    """
    >>> _bits(0b1011)
    [0, 1, 3]
    """
    found = []
    while rows:
        found.append((rows & -rows).bit_length() - 1)
        rows &= rows - 1
    return found


def _letter(i: int) -> str:
    """
    >>> [_letter(i) for i in (0, 25, 26)]
    ['a', 'z', 'aa']
    """
    return (_letter(i // 26 - 1) if i >= 26 else "") + "abcdefghijklmnopqrstuvwxyz"[i % 26]
