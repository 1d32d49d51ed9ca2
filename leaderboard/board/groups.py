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
    order = {place.name: i for i, place in enumerate(places)}
    tied = {place.name: set(place.tied) & order.keys() for place in places}
    groups = [g for g in _cliques(set(), set(order), set(), tied) if len(g) > 1]
    return sorted(groups, key=lambda group: sorted(order[name] for name in group))


def _cliques(group: set[str], candidates: set[str], done: set[str], tied: dict[str, set[str]]) -> list[frozenset[str]]:
    """Bron and Kerbosch's enumeration of maximal cliques, with a pivot."""
    if not candidates and not done:
        return [frozenset(group)]
    pivot = max(sorted(candidates | done), key=lambda name: len(tied[name] & candidates))
    found: list[frozenset[str]] = []
    for name in sorted(candidates - tied[pivot]):
        found += _cliques(group | {name}, candidates & tied[name], done & tied[name], tied)
        candidates, done = candidates - {name}, done | {name}
    return found


def _letter(i: int) -> str:
    """
    >>> [_letter(i) for i in (0, 25, 26)]
    ['a', 'z', 'aa']
    """
    return (_letter(i // 26 - 1) if i >= 26 else "") + "abcdefghijklmnopqrstuvwxyz"[i % 26]
