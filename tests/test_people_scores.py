"""Scores of people: worked by hand, against others' Bradley-Terry, and null where too little is known."""

from __future__ import annotations

import choix
import numpy as np
import pytest
from genboard.benchmarks.human.attention import Attention
from genboard.benchmarks.human.bradley_terry import FIRST, SECOND, TIE, strengths, why_none
from genboard.benchmarks.human.choice import Tally, next_pair
from genboard.benchmarks.human.clusters import BOTH_WHOLE, by_raters_and_images
from genboard.benchmarks.human.protocol import PROTOCOLS, find_protocol
from genboard.benchmarks.human.randomness import Stream
from genboard.benchmarks.human.scores import LEAST, hype_infinity, hype_time, preference
from genboard.benchmarks.human.session import LONG, Plan, check_places, questions
from genboard.benchmarks.human.staircase import Staircase, modal_exposure
from genboard.leaderboard.human.ranks import ranked
from scipy.optimize import minimize

from genboard.core.errors import UnknownName


def test_a_staircase_by_hand() -> None:
    stairs = Staircase()
    right = [True, True, False, True, True, True]
    exposures = stairs.exposures(right)
    assert exposures == [500, 490, 480, 510, 500, 490]
    # 500 and 490 were asked for twice each: the mean of what was shown at both.
    assert modal_exposure(exposures, [501, 489, 480, 511, 503, 491]) == (501 + 503 + 489 + 491) / 4
    assert stairs.threshold * stairs.down == (1 - stairs.threshold) * stairs.up
    assert [stairs.after(105, True), stairs.after(980, False)] == [100, 1000]


def test_hype_time_by_hand() -> None:
    exposures = np.array([[300.0, 400], [320, 420], [280, 380], [340, 440], [260, 360]])
    found = hype_time(exposures, 150)
    first = found.scores[0]
    # Standard deviation 31.62 over the root of five raters, and Student's quantile of four degrees of freedom, 2.776.
    assert (first.value, first.answers) == (300, 750)
    assert first.se == pytest.approx(14.142, abs=1e-3)
    assert first.hi == pytest.approx(300 + 2.7764 * 14.1421, abs=1e-2)
    # Every rater is 100 ms slower on the other: the difference is certain, though each value alone is not.
    places = ranked(["a", "b"], found.scores, found.covariance, "0" * 16)
    assert (places["b"].first, places["b"].last, places["a"].first) == (1, 1, 2)


def infinity(raters: int, wrong_real: int = 3, wrong_fake: int = 4, images: int = 10):
    """Each rater gets so many of ten real images and of ten samples wrong, the same ones but for a turn."""
    rows = [
        (r, kind * images + i, 0, kind, int((i + r) % images < (wrong_real if kind else wrong_fake)))
        for r in range(raters)
        for kind in (0, 1)
        for i in range(images)
    ]
    return hype_infinity(*np.array(rows).T, k=1)


def test_hype_infinity_by_hand() -> None:
    found = infinity(6).scores[0]
    # 3 of 10 real images were taken for generated and 4 of 10 samples for real: (30% + 40%) / 2.
    assert found.value == pytest.approx(35.0)
    assert found.answers == 120


def test_without_enough_raters_or_images_there_is_a_value_and_no_interval() -> None:
    few = infinity(LEAST - 1).scores[0]
    assert few.value == pytest.approx(35.0)
    assert few.lo is few.hi is few.se is None
    assert few.reason == f"{LEAST - 1} raters, an interval needs {LEAST}"
    assert "images, an interval needs" in str(infinity(8, images=9).scores[0].reason)
    assert hype_time(np.full((LEAST - 1, 1), 300.0), 150).scores[0].reason == few.reason


def test_raters_who_agree_in_everything_tell_nothing_of_a_spread() -> None:
    found = infinity(8, 0, 0).scores[0]
    assert (found.value, found.se) == (0.0, None)
    assert "nothing tells their spread" in str(found.reason)


def test_both_raters_and_images_count() -> None:
    rng = np.random.default_rng(0)
    raters, images = (part.ravel() for part in np.meshgrid(np.arange(12), np.arange(15), indexing="ij"))
    values = rng.normal(0, 1, 12)[raters] + rng.normal(0, 1, 15)[images] + rng.normal(0, 1, 180)
    influence = ((values - values.mean()) / 180)[:, None]

    def part(codes: np.ndarray) -> float:
        sums = [influence[codes == c].sum() for c in np.unique(codes)]
        return float(np.square(sums).sum() * len(sums) / (len(sums) - 1))

    found = by_raters_and_images(influence, raters, images)
    expected = part(raters) + part(images) - part(np.arange(180))
    np.testing.assert_allclose(found.covariance, [[expected]], rtol=1e-12)
    assert found.df == 11


def test_what_is_no_variance_stays_whole_and_says_so() -> None:
    z = np.random.default_rng(5).normal(0, 1, (8, 10))
    z -= 0.8 * z.mean(axis=1, keepdims=True)
    z -= 0.8 * z.mean(axis=0)
    raters, images = (part.ravel() for part in np.meshgrid(np.arange(8), np.arange(10), indexing="ij"))
    found = by_raters_and_images(z.reshape(-1, 1), raters, images)
    both = (z.sum(axis=1) ** 2).sum() * 8 / 7 + (z.sum(axis=0) ** 2).sum() * 10 / 9
    assert both < (z**2).sum() * 80 / 79  # so the difference is below zero
    np.testing.assert_allclose(found.covariance, [[both]], rtol=1e-12)
    assert found.method == BOTH_WHOLE


def votes(seed: int, n: int, values: list[float], nu: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = np.array([rng.permutation(len(values))[:2] for _ in range(n)]).T
    pi = np.exp(values)
    weights = np.stack([pi[a], pi[b], nu * np.sqrt(pi[a] * pi[b])], 1)
    cumulative = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    return a, b, (rng.random((n, 1)) > cumulative).sum(axis=1)


def test_without_ties_strengths_are_those_of_choix() -> None:
    a, b, outcome = votes(1, 400, [0.9, 0.2, -0.1, -1.0], nu=0.0)
    assert set(outcome) == {FIRST, SECOND}
    found = strengths(a, b, outcome, 4)
    data = [(i, j) if o == FIRST else (j, i) for i, j, o in zip(a, b, outcome, strict=True)]
    theirs = choix.opt_pairwise(4, data, alpha=0.0, tol=1e-12)
    np.testing.assert_allclose(found.values, theirs - theirs.mean(), atol=1e-5)
    assert found.tie is None


def test_with_ties_strengths_maximise_davidsons_likelihood() -> None:
    a, b, outcome = votes(2, 500, [0.8, 0.1, -0.9], nu=0.7)

    def loss(x: np.ndarray) -> float:
        pi, nu = np.exp([x[0], x[1], -x[0] - x[1]]), np.exp(x[2])
        tied = nu * np.sqrt(pi[a] * pi[b])
        total = pi[a] + pi[b] + tied
        return float(-np.log(np.where(outcome == TIE, tied, np.where(outcome == FIRST, pi[a], pi[b])) / total).sum())

    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 5000})
    found = strengths(a, b, outcome, 3)
    np.testing.assert_allclose([*found.values[:2], found.tie], best.x, atol=1e-4)
    # To leave one vote out moves the strengths by its influence.
    without = strengths(np.delete(a, 7), np.delete(b, 7), np.delete(outcome, 7), 3).values
    np.testing.assert_allclose(found.values - without, found.influence[7], rtol=0.05, atol=1e-5)


def test_who_is_never_preferred_to_another_has_no_strength() -> None:
    a, b = np.array([0, 0, 1, 1]), np.array([1, 1, 2, 2])
    outcome = np.array([FIRST, SECOND, FIRST, FIRST])
    assert why_none(a, b, outcome, 3) == (2, 0)
    found = preference(np.arange(4), np.arange(4), a, b, outcome, ["x", "y", "z"])
    assert {score.value for score in found.scores} == {None}
    assert str(found.scores[0].reason).startswith("z was never preferred to x")
    with pytest.raises(ValueError, match="no finite strengths"):
        strengths(a, b, outcome, 3)
    # A tie is as good as a win each way.
    assert why_none(a, b, np.array([FIRST, SECOND, TIE, FIRST]), 3) is None


def test_votes_go_where_the_order_is_in_doubt() -> None:
    truth, rng, count = [2.0, 0.1, 0.0, -2.0], np.random.default_rng(3), np.zeros((4, 4))
    for session in range(40):
        tally, stream = Tally(4), Stream("votes", str(session))
        for _ in range(60):
            a, b = next_pair(tally, stream)
            count[a, b] += 1
            tally.add(a, b, float(rng.random() < 1 / (1 + np.exp(truth[b] - truth[a]))))
    both = count + count.T
    assert both.sum() == 2 * 40 * 60
    assert both[1, 2] > 2 * both[0, 3]  # nearly equal, and far apart
    assert both[both > 0].size == 12  # every pair is reached
    assert 0.45 < np.triu(count).sum() / count.sum() < 0.55  # sides are drawn


def test_streams_are_those_of_mulberry32() -> None:
    # As printed by the page's script for the words "a" and "b".
    stream = Stream("a", "b")
    np.testing.assert_allclose(
        [stream.number() for _ in range(3)], [0.4616186257917434, 0.18145321332849562, 0.09730543033219874], rtol=1e-15
    )
    assert sorted(Stream("c").shuffled(range(100))) == list(range(100))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.name)
def test_a_session_asks_for_everything_once_and_checks_attention_apart(protocol) -> None:
    sets = tuple(tuple(f"{j:02d}{i:014d}" for i in range(30)) for j in range(3))
    plan = Plan("0" * 16, protocol, sets, 50)
    asking, found = questions(plan, "r", lambda image, answer: answer == "real"), []
    question = next(asking)
    for number in range(plan.questions):
        found.append(question)
        if number + 1 < plan.questions:
            question = asking.send(question.check or ("left" if protocol.name == "pairs" else "real"))
    checks = [q for q in found if q.check]
    assert len(checks) == len(check_places(plan, "r")) == -(-plan.scored // protocol.every)
    assert all(q.images == () and q.asked == (LONG if protocol.staircase else None) for q in checks)
    seen = [image for q in found for image in q.images]
    if protocol.name == "pairs":
        assert all(a[:2] != b[:2] and a[2:] == b[2:] for a, b in (q.images for q in found if not q.check))
        assert len(found) - len(checks) == 50
    else:
        assert sorted(seen) == sorted(i for images in sets for i in images)
    if protocol.staircase:
        mine = [q.asked for q in found if q.images][:30]
        assert mine == [500.0 - 10 * i for i in range(30)]


def test_attention_is_what_excludes() -> None:
    assert [Attention(5, passed).enough(0.8) for passed in range(6)] == [False] * 4 + [True] * 2


def test_an_unknown_protocol_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'hype-time'"):
        find_protocol("hypetime")
