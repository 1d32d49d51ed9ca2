"""Groups of rows that are not distinguished from each other."""

from __future__ import annotations

from itertools import combinations

from genboard.leaderboard.board.groups import groups_of
from genboard.leaderboard.board.ranking import Ranked
from hypothesis import given
from hypothesis import strategies as st

NAMES = "abcdefgh"
ties = st.sets(st.sampled_from(list(combinations(NAMES, 2))))


def places(names: list[str], tied: set[tuple[str, str]]) -> list[Ranked]:
    of = {name: {b if a == name else a for a, b in tied if name in (a, b)} for name in names}
    return [Ranked(name, float(i), 1, len(names), tuple(sorted(of[name]))) for i, name in enumerate(names)]


@given(tied=ties)
def test_the_groups_are_the_largest_sets_of_rows_that_are_all_tied(tied: set[tuple[str, str]]) -> None:
    sets = [set(group) for size in range(2, 9) for group in combinations(NAMES, size)]
    whole = [group for group in sets if all(pair in tied for pair in combinations(sorted(group), 2))]
    largest = {frozenset(group) for group in whole if not any(group < other for other in whole)}
    found = groups_of(places(list(NAMES), tied))
    assert len(found) == len(set(found))
    assert set(found) == largest
    assert found == sorted(found, key=sorted)


def test_thousands_of_rows_that_all_tie_are_one_group() -> None:
    names = [f"g{i:04d}" for i in range(2_000)]
    everybody = [Ranked(name, 0.0, 1, len(names), tuple(n for n in names if n != name)) for name in names]
    assert groups_of(everybody) == [frozenset(names)]
