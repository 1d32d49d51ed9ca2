"""The ranks of a published example: 37 countries by their mathematics score in PISA 2018.

The scores and standard errors are the OECD's, as the R package csranks, by the authors of the method, prints them
(github.com/danielwilhelm/R-CS-ranks, README). What is expected is what its vignette "Inference for Ranks" prints or
states. It draws its errors anew with each run, 1,000 of them; these are the statements that survive that.
"""

from __future__ import annotations

import pytest
from genboard.leaderboard.board.ranking import Ranked, rank
from genboard.leaderboard.board.scored import Scored

SCORES = """
Australia 491.3600 1.939833; Austria 498.9423 2.970999; Belgium 508.0703 2.262662; Canada 512.0169 2.357476
Chile 417.4066 2.415888; Colombia 390.9323 2.989559; Czech Republic 499.4677 2.460662; Denmark 509.3984 1.735002
Estonia 523.4146 1.743602; Finland 507.3014 1.967920; France 495.4076 2.320214; Germany 500.0438 2.647083
Greece 451.3703 3.091228; Hungary 481.0826 2.319597; Iceland 495.1874 1.953083; Ireland 499.6329 2.198621
Israel 463.0345 3.498563; Italy 486.5899 2.780046; Japan 526.9733 2.471475; Korea 525.9330 3.121394
Latvia 496.1263 1.962767; Lithuania 481.1912 1.953282; Luxembourg 483.4215 1.097632; Mexico 408.8015 2.493226
Netherlands 519.2310 2.632278; New Zealand 494.4897 1.705943; Norway 500.9638 2.219045; Poland 515.6479 2.602085
Portugal 492.4874 2.684570; Slovak Republic 486.1649 2.555596; Slovenia 508.8975 1.363878; Spain 481.3926 1.462418
Sweden 502.3877 2.654251; Switzerland 515.3147 2.908004; Turkey 453.5078 2.260407
United Kingdom 501.7699 2.564428; United States 478.2447 3.235444
"""
COUNTRIES = [
    Scored(name, float(score), float(se))
    for line in SCORES.strip().splitlines()
    for name, score, se in (entry.strip().rsplit(" ", 2) for entry in line.split(";"))
]
# irank(math_score), in the alphabetical order of the countries
RANKS = "24 18 10 7 35 37 17 8 3 11 20 15 34 30 21 16 32 25 1 2 19 29 27 36 4 22 14 5 23 26 9 28 12 6 33 13 31"
TOP_FIVE_AT_90 = {
    "Belgium", "Canada", "Denmark", "Estonia", "Finland", "Japan",
    "Korea", "Netherlands", "Poland", "Slovenia", "Switzerland",
}  # fmt: skip


def places(level: float) -> dict[str, Ranked]:
    return {place.name: place for place in rank(COUNTRIES, "higher", 1 - level)}


def test_the_order_is_the_published_one() -> None:
    order = list(places(0.95))
    assert [order.index(row.name) + 1 for row in COUNTRIES] == [int(r) for r in RANKS.split()]
    assert len(order) == 37


@pytest.mark.parametrize(("level", "expected"), [(0.95, TOP_FIVE_AT_90 | {"Sweden"}), (0.9, TOP_FIVE_AT_90)])
def test_the_countries_that_may_be_among_the_best_five_are_the_published_ones(level: float, expected: set[str]) -> None:
    assert {name for name, place in places(level).items() if place.first <= 5} == expected


def test_the_last_three_are_clearly_last() -> None:
    found = places(0.95)
    last = [found.pop(name) for name in ("Chile", "Mexico", "Colombia")]
    assert min(place.first for place in last) > max(place.last for place in found.values())


def test_germany_and_korea_share_a_rank_at_95_per_cent_and_none_at_75() -> None:
    wide, narrow = places(0.95), places(0.75)
    assert wide["Germany"].first == wide["Korea"].last == 7
    assert narrow["Germany"].first > narrow["Korea"].last
