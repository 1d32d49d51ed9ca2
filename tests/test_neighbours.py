"""The one pass over the distances: every count equals a brute force in float64, on easy and on hostile data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.manifold import recall
from genboard.benchmarks.metrics.recall_interval import half_samples
from genboard.benchmarks.neighbours import (
    Lists,
    Neighbours,
    Resample,
    ball_index,
    count_neighbours,
    distances,
    engine,
    identity_resample,
    lists,
    real_lists,
)
from genboard.benchmarks.neighbours.distances import distinct
from genboard.benchmarks.neighbours.random_partition import bits, column_counts, enough, halves, quarters
from hostile_sets import HOSTILE, Array, X, Y, brute_force, normal, squared
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metric_inputs import inputs_of

from genboard.core.errors import BadFeatures


def assert_agrees(
    real: Array, fake: Array, k: int, resamples: list[Resample], closed: bool, prepared: Lists | None = None
) -> None:
    counts = count_neighbours(torch.from_numpy(real), torch.from_numpy(fake), k, resamples, closed, prepared)
    assert len(counts) == sum(len(r.sizes) for r in resamples)
    for c in counts:
        order = resamples[c.cell.resample]
        x = real[np.argsort(order.real.numpy())[: c.cell.n_real]]
        y = fake[np.argsort(order.fake.numpy())[: c.cell.n_fake]]
        ours = torch.stack([c.covered_fake, c.covered_real, c.pairs, c.reached_real], dim=1)
        assert [tuple(row) for row in ours.tolist()] == brute_force(x, y, k, closed), c.cell


def shuffled(n: int, m: int, sizes: tuple[tuple[int, int], ...], seed: int) -> Resample:
    rng = np.random.default_rng(seed)
    return Resample(torch.from_numpy(rng.permutation(n)), torch.from_numpy(rng.permutation(m)), sizes)


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_every_count_equals_brute_force(name, narrow, closed, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    real, fake = HOSTILE[name]
    n, m = len(real), len(fake)
    sizes = ((n, m), (n // 2, m // 3), (12, 9))
    assert_agrees(real, fake, 8, [identity_resample(n, m), shuffled(n, m, sizes, 5), shuffled(n, m, sizes, 6)], closed)


@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_counts_on_lists_made_before_equal_brute_force(name, narrow, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    real, fake = HOSTILE[name]
    n, m = len(real), len(fake)
    sizes = ((n, m), (n // 2, m // 3), (12, 9))
    prepared = real_lists(torch.from_numpy(real), 8, [n, n // 2, 12])
    listed, resamples = engine.nearest_lists, [identity_resample(n, m), shuffled(n, m, sizes, 5)]
    # The second set is elsewhere and of another scale, and so are the common centre and unit.
    for other in (fake, fake * np.float32(9) - fake.mean()):
        once = iter([listed])  # for the generated rows alone
        monkeypatch.setattr(engine, "nearest_lists", lambda *args, once=once: next(once)(*args))
        assert_agrees(real, other, 8, resamples, False, prepared)


@pytest.mark.parametrize("name", HOSTILE)
def test_members_are_those_of_a_brute_force(name):
    real, fake = HOSTILE[name]
    asked = Resample(torch.arange(len(real)), torch.arange(len(fake)), ((len(real), len(fake)),), "members")
    found = count_neighbours(torch.from_numpy(real), torch.from_numpy(fake), 4, [asked])[0].members
    within = squared(real, real)
    np.fill_diagonal(within, np.inf)
    within.sort(axis=1)
    inside = squared(real, fake)[:, :, None] < within[:, None, :4]  # (real, fake, k)
    assert found.balls.tolist() == inside.sum(axis=0).tolist()
    smallest = np.where(inside.any(axis=2), inside.argmax(axis=2) + 1, 0)
    pairs = list(zip(found.real.tolist(), found.fake.tolist(), found.k.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert all(smallest[i, j] == k for i, j, k in pairs)
    # Of full balls not all members are kept, but those of the smallest k.
    for i, row in enumerate(smallest):
        kept = sorted(k for r, _, k in pairs if r == i)
        assert kept == sorted(row[row > 0])[:64]


def brute_recall(real: np.ndarray, fake: np.ndarray, k: int) -> float:
    within = squared(fake, fake)
    np.fill_diagonal(within, np.inf)
    within.sort(axis=1)
    return float((squared(real, fake) < within[:, k - 1]).any(axis=1).mean())


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
def test_recall_of_half_samples_is_that_of_a_brute_force(narrow, labelled, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    labels = torch.arange(len(Y)) % 7 if labelled else None
    neighbours = Neighbours(torch.from_numpy(X), torch.from_numpy(Y), 4, seed=3, labels=labels)
    places = neighbours.counts.places
    for k in (1, 4):
        found = half_samples(places, len(X), k, labels, 3)
        assert len(found) == 64 * enough(len(Y))
        parts = next(halves(len(Y), enough(len(Y)), 3, labels))[0]
        assert found[:8].tolist() == [brute_recall(X, Y[half == 1], k) for half in bits(parts)[:8]]


def test_equal_rows_are_settled_once(monkeypatch):
    # A generator that always draws the same: all distances within its samples are ties.
    measured = []
    exact = distances.PointSet.exact
    monkeypatch.setattr(distances.PointSet, "exact", lambda *a: measured.append(len(a[1])) or exact(*a))
    collapsed = torch.from_numpy(np.repeat(Y[:1], 400, axis=0))
    assert recall(inputs_of(collapsed, torch.from_numpy(X), k=5)).value == 0.0
    assert 0 < sum(measured) < 10 * (len(X) + 400)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_distinct_rows_are_the_first_of_each(kind):
    x = np.random.default_rng(0).integers(0, 3, (500, 4)).astype(kind)
    first, of_row = distinct(torch.from_numpy(x))
    _, expected, inverse = np.unique(x, axis=0, return_index=True, return_inverse=True)
    assert first.tolist() == sorted(expected)
    np.testing.assert_array_equal(first.numpy()[of_row.numpy()], expected[inverse.reshape(-1)])


def test_distinct_rows_with_one_key_stay_apart(monkeypatch):
    monkeypatch.setattr(torch, "randint", lambda low, high, size, generator: torch.zeros(size, dtype=torch.int64))
    first, of_row = distinct(torch.tensor([[1.0], [2.0], [1.0], [3.0]]))
    assert first[of_row].tolist() == [0, 1, 0, 3]


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize(("n", "parts"), [(100, 2), (103, 4), (3, 4), (1000, 2)])
def test_a_partition_gives_equal_parts_of_every_label(n, parts, labelled):
    labels = torch.arange(n) % 7 if labelled else None
    seen = set()
    for words in {2: halves, 4: quarters}[parts](n, 8, 0, labels):
        assert words.shape == (parts, n)
        for drawn in bits(words):
            seen.add(tuple(drawn.reshape(-1)))
            assert drawn.sum(axis=1).tolist() == [n // parts] * parts
            assert drawn.sum(axis=0).max() <= 1
            if labels is not None:
                counts = np.stack([np.bincount(labels[part == 1], minlength=7) for part in drawn])
                assert np.ptp(counts, axis=0).max() <= 2
    assert len(seen) == (8 * 64 if n > parts else 1)


def test_the_coins_of_halves_do_not_sway_sums():
    # A sum of single effects has the spread over the partitions that it has over all partitions of the pairs.
    effects = np.random.default_rng(0).normal(size=256)
    signs = 2.0 * np.concatenate([bits(words[0]) for words in halves(256, 2, 0)]) - 1
    again = 2.0 * np.concatenate([bits(words[0]) for words in halves(256, 1024, 1)]) - 1
    assert np.mean((signs @ effects) ** 2) == pytest.approx(np.mean((again @ effects) ** 2), rel=0.2)
    np.testing.assert_array_equal(np.abs(signs.T @ signs)[~np.eye(256, dtype=bool)] % 128, 0)


def test_bits_are_counted_by_column():
    words = np.random.default_rng(1).integers(0, 2**63, (3, 700), np.uint64)
    assert column_counts(words).tolist() == bits(words).sum(axis=2, dtype=int).T.tolist()


@pytest.mark.parametrize("extra", [1, 2])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_as_few_rows_as_have_a_kth_neighbour(k, extra):
    assert_agrees(X[: k + extra], Y[: k + extra + 1], k, [identity_resample(k + extra, k + extra + 1)], False)


@settings(max_examples=60, deadline=None)
@given(
    sets=st.integers(1, 3).flatmap(
        lambda d: st.tuples(
            arrays(np.float32, st.tuples(st.integers(5, 20), st.just(d)), elements=st.integers(-3, 3).map(float)),
            arrays(np.float32, st.tuples(st.integers(5, 20), st.just(d)), elements=st.integers(-3, 3).map(float)),
        )
    ),
    closed=st.booleans(),
)
def test_every_count_equals_brute_force_on_any_grid(sets, closed):
    assert_agrees(*sets, 4, [identity_resample(len(sets[0]), len(sets[1]))], closed)


def test_rows_whose_short_list_does_not_suffice_are_counted_exactly(monkeypatch):
    # Lists one longer than k leave nearly every row of a small subset to the exact fallback.
    for module in (ball_index, lists):
        monkeypatch.setattr(module, "list_length", lambda n, size, k: min(n - 1, k + 1))
    assert_agrees(X, Y, 3, [shuffled(len(X), len(Y), ((len(X), len(Y)), (40, 30), (9, 8)), 7)], False)


def test_blocks_and_flushes_do_not_show(monkeypatch):
    monkeypatch.setattr(distances, "ROWS", 17)
    monkeypatch.setattr(distances, "CHUNK", 3)
    monkeypatch.setattr(distances, "PAIRS", 40)
    monkeypatch.setattr(ball_index, "FLUSH", 50)
    assert_agrees(X, Y, 6, [shuffled(len(X), len(Y), ((len(X), len(Y)), (40, 50)), 8)], True)


@pytest.mark.parametrize(("n", "k"), [(5, 5), (3, 5)])
def test_too_few_rows_are_refused(n, k):
    with pytest.raises(BadFeatures, match=rf"k = {k} needs more than {n} images"):
        count_neighbours(torch.from_numpy(X[:n]), torch.from_numpy(Y), k, [identity_resample(n, len(Y))])


def test_the_bound_holds_and_is_worth_having():
    x, y = distances.point_sets(torch.from_numpy(normal(200, 2048, 9)), torch.from_numpy(normal(180, 2048, 10)))
    assert x.centred.dtype == torch.float32
    (_, block), *_ = distances.lower_bounds(x, y)
    rows, columns = torch.meshgrid(torch.arange(200), torch.arange(180), indexing="ij")
    exact = (x.exact(rows.reshape(-1), y, columns.reshape(-1)) * x.scale**2).view(200, 180)
    error = x.error(rows.reshape(-1), y, columns.reshape(-1)).view(200, 180)
    assert bool((block <= exact).all())
    assert bool((exact <= block.double() + 2 * error).all())
    assert float((error / exact).max()) < 5e-5
