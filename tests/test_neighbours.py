"""The one pass over the distances: every count equals a brute force in float64, on easy and on hostile data."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.manifold import coverage, density, expected_coverage, precision, recall
from genboard.benchmarks.metrics.realism import realism, realism_scores
from genboard.benchmarks.neighbours import (
    Neighbours,
    Resample,
    count_neighbours,
    distances,
    identity_resample,
    members_within,
    nearest_rows,
    to_other_rows,
)
from genboard.benchmarks.neighbours.dealing import deal
from genboard.benchmarks.neighbours.duplicates import distinct
from genboard.errors import BadFeatures
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

Array = np.ndarray


def squared(a: Array, b: Array) -> Array:
    return np.square(a[:, None].astype(np.float64) - b[None].astype(np.float64)).sum(axis=2)


def brute_force(real: Array, fake: Array, k: int, closed: bool) -> list[tuple[int, int, int, int]]:
    """Precision, recall, density and coverage counts for 1..k, as they are defined."""
    within_real, within_fake, across = squared(real, real), squared(fake, fake), squared(real, fake)
    np.fill_diagonal(within_real, np.inf)
    np.fill_diagonal(within_fake, np.inf)
    within_real.sort(axis=1)
    within_fake.sort(axis=1)
    found = []
    for j in range(k):
        around_real, around_fake = within_real[:, j, None], within_fake[:, j]
        in_real = across <= around_real if closed else across < around_real
        in_fake = across <= around_fake if closed else across < around_fake
        counts = in_real.any(axis=0).sum(), in_fake.any(axis=1).sum(), in_real.sum(), in_real.any(axis=1).sum()
        found.append(tuple(map(int, counts)))
    return found


def assert_agrees(real: Array, fake: Array, k: int, resamples: list[Resample], closed: bool) -> None:
    counts = count_neighbours(torch.from_numpy(real), torch.from_numpy(fake), k, resamples, closed)
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


def normal(n: int, d: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


X, Y = normal(150, 8, 1), normal(130, 8, 2)
HOSTILE = {
    "plain": (X, Y),
    "mean far larger than spread": (X + np.float32(1e4), Y + np.float32(1e4)),
    "exact ties on a grid": (np.round(X[:, :2]), np.round(Y[:, :2])),
    "all equal": (np.ones((40, 3), np.float32), np.ones((30, 3), np.float32)),
    "each row four times": (np.repeat(X[:30], 4, axis=0), np.repeat(Y[:30], 4, axis=0)),
    "a copy": (X, X.copy()),
    "half a copy": (X, np.concatenate([X[:60], Y[:60]])),
    "constant columns": (
        np.pad(X, ((0, 0), (0, 3)), constant_values=7),
        np.pad(Y, ((0, 0), (0, 3)), constant_values=7),
    ),
    "one outlier far away": (np.concatenate([X, X[:1] + np.float32(1e6)]), Y),
    "collapsed": (X, Y * np.float32(0.01)),
    "spread out": (X, Y * np.float32(3)),
    "tiny": (X * np.float32(1e-20), Y * np.float32(1e-20)),
    "one dimension": (X[:, :1], Y[:, :1]),
    "many dimensions": (normal(60, 4096, 3), normal(50, 4096, 4)),
    "float64": (X.astype(np.float64), Y.astype(np.float64)),
}


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


def test_recall_asked_for_alone_is_the_same():
    every = shuffled(len(X), len(Y), ((len(X), len(Y)), (60, 50)), 3)
    alone = Resample(every.real, every.fake, every.sizes, "recall")
    x, y = torch.from_numpy(X), torch.from_numpy(Y)
    both, *_ = count_neighbours(x, y, 5, [every]), None
    again = count_neighbours(x, y, 5, [alone, every])
    assert [c.covered_real.tolist() for c in again] == 2 * [c.covered_real.tolist() for c in both]
    assert [c.pairs.tolist() for c in again[2:]] == [c.pairs.tolist() for c in both]
    assert [len(c.covered_fake) + len(c.pairs) + len(c.reached_real) for c in again[:2]] == [0, 0]


def test_equal_rows_are_settled_once(monkeypatch):
    # A generator that always draws the same: all distances within its samples are ties.
    measured = []
    exact = distances.Cloud.exact
    monkeypatch.setattr(distances.Cloud, "exact", lambda *a: measured.append(len(a[1])) or exact(*a))
    collapsed = torch.from_numpy(np.repeat(Y[:1], 400, axis=0))
    neighbours = Neighbours(torch.from_numpy(X), collapsed, 5)
    assert recall(neighbours).value == 0.0
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
@pytest.mark.parametrize(("n", "parts"), [(100, 2), (103, 4), (3, 4)])
def test_dealing_gives_equal_parts_of_every_label(n, parts, labelled):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 7 if labelled else None
    seen = set()
    for _ in range(20):
        part = deal(n, parts, generator, labels)
        seen.add(tuple(part.tolist()))
        assert torch.bincount(part + 1, minlength=parts + 1).tolist() == [n % parts, *[n // parts] * parts]
        if labels is not None:
            counts = [torch.bincount(labels[part == i], minlength=7) for i in range(parts)]
            assert int((torch.stack(counts).amax(dim=0) - torch.stack(counts).amin(dim=0)).max()) <= 2
    assert len(seen) == (20 if n > parts else 1)


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
    from genboard.benchmarks.neighbours import engine

    monkeypatch.setattr(engine, "_list_length", lambda n, size, k: min(n - 1, k + 1))
    assert_agrees(X, Y, 3, [shuffled(len(X), len(Y), ((len(X), len(Y)), (40, 30), (9, 8)), 7)], False)


def test_blocks_and_flushes_do_not_show(monkeypatch):
    from genboard.benchmarks.neighbours import engine

    monkeypatch.setattr(distances, "ROWS", 17)
    monkeypatch.setattr(distances, "CHUNK", 3)
    monkeypatch.setattr(distances, "PAIRS", 40)
    monkeypatch.setattr(engine, "FLUSH", 50)
    assert_agrees(X, Y, 6, [shuffled(len(X), len(Y), ((len(X), len(Y)), (40, 50)), 8)], True)


@pytest.mark.parametrize(("n", "k"), [(5, 5), (3, 5)])
def test_too_few_rows_are_refused(n, k):
    with pytest.raises(BadFeatures, match=rf"{n} rows have no {k}-th neighbour"):
        count_neighbours(torch.from_numpy(X[:n]), torch.from_numpy(Y), k, [identity_resample(n, len(Y))])


def test_the_bound_holds_and_is_worth_having():
    x, y = distances.clouds(torch.from_numpy(normal(200, 2048, 9)), torch.from_numpy(normal(180, 2048, 10)))
    assert x.centred.dtype == torch.float32
    (_, block), *_ = distances.lower_bounds(x, y)
    rows, columns = torch.meshgrid(torch.arange(200), torch.arange(180), indexing="ij")
    exact = (x.exact(rows.reshape(-1), y, columns.reshape(-1)) * x.scale**2).view(200, 180)
    error = x.error(rows.reshape(-1), y, columns.reshape(-1)).view(200, 180)
    assert bool((block <= exact).all())
    assert bool((exact <= block.double() + 2 * error).all())
    assert float((error / exact).max()) < 5e-5


def test_density_and_coverage_of_equal_distributions_are_the_closed_forms():
    draws = [[torch.from_numpy(normal(n, 3, 2 * i + j)) for j, n in enumerate((80, 100))] for i in range(60)]
    counts = [count_neighbours(real, fake, 5, [identity_resample(80, 100)])[0] for real, fake in draws]
    for k in (1, 3, 5):
        dens = [float(c.pairs[k - 1]) / (k * 100) for c in counts]
        cover = [float(c.reached_real[k - 1]) / 80 for c in counts]
        assert np.mean(dens) == pytest.approx(1.0, abs=4 * np.std(dens) / 60**0.5)
        assert np.mean(cover) == pytest.approx(expected_coverage(80, 100, k), abs=4 * np.std(cover) / 60**0.5)


@pytest.fixture(scope="module")
def draws() -> list[Neighbours]:
    """Fresh draws of samples against one reference, some way off."""
    reference = torch.from_numpy(normal(150, 4, 100))
    return [Neighbours(reference, torch.from_numpy(normal(150, 4, 200 + i)) + 0.6, 5) for i in range(60)]


@pytest.mark.parametrize("metric", [precision, recall, density, coverage], ids=lambda m: m.__name__)
def test_conditional_intervals_hold_their_target(metric, draws):
    estimates = [metric(neighbours) for neighbours in draws]
    target = np.mean([e.value for e in estimates])
    intervals = [e.uncertainty for e in estimates]
    # Four Monte-Carlo errors of 60 draws below 0.95.
    assert np.mean([i.lo <= target <= i.hi for i in intervals]) >= 0.84
    spread = np.std([e.value for e in estimates], ddof=1)
    assert np.mean([i.se for i in intervals]) / spread == pytest.approx(1.0, abs=0.35)


def test_too_few_samples_for_half_samples_have_no_interval():
    found = recall(Neighbours(torch.from_numpy(X), torch.from_numpy(Y[:8]), 5))
    assert found.uncertainty is None
    assert "half-samples need 12" in (found.reason or "")


def test_realism_equals_its_definition():
    real, fake = torch.from_numpy(X).double(), torch.from_numpy(Y).double() * 1.2
    within = torch.cdist(real, real).fill_diagonal_(torch.inf)
    radius = within.sort(dim=1).values[:, 2]
    kept = radius <= radius.median()
    expected = (radius[kept, None] / torch.cdist(real[kept], fake)).amax(dim=0)
    torch.testing.assert_close(
        realism_scores(torch.from_numpy(X), torch.from_numpy(Y) * 1.2, 3).float(), expected.float()
    )
    found = realism(torch.from_numpy(X), torch.from_numpy(Y) * 1.2, 3)
    assert found.value == pytest.approx(float(expected.quantile(0.5)), rel=1e-5)
    assert found.uncertainty is not None
    assert np.mean((expected.numpy() > found.uncertainty.lo) & (expected.numpy() < found.uncertainty.hi)) < 0.3


def test_realism_of_copies_is_infinite_and_said_to_be():
    copies = torch.from_numpy(np.concatenate([X[:80], Y[:60]]))
    scores = realism_scores(torch.from_numpy(X), copies)
    assert bool(scores[:80].isinf().float().mean() > 0.4)
    with pytest.raises(BadFeatures, match="realism is infinite"):
        realism(torch.from_numpy(X), torch.from_numpy(np.repeat(X[np.argsort(np.abs(X).sum(1))[:5]], 10, axis=0)))


@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_nearest_row_equals_brute_force(name, narrow, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    bank, queries = HOSTILE[name]
    found, index = nearest_rows(torch.from_numpy(bank), torch.from_numpy(queries))
    expected = squared(queries, bank)
    np.testing.assert_allclose(found.numpy() ** 2, expected.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(expected[np.arange(len(queries)), index], expected.min(axis=1), rtol=1e-12)


@pytest.mark.parametrize("k", [1, 3, 20])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_the_distance_to_the_kth_other_row_equals_brute_force(name, narrow, k, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    bank = HOSTILE[name][0]
    rows = np.random.default_rng(0).permutation(len(bank))[:25]
    expected = squared(bank[rows], bank)
    expected[np.arange(25), rows] = np.inf
    found = to_other_rows(torch.from_numpy(bank), torch.from_numpy(rows), k)
    np.testing.assert_allclose(found, np.sort(expected, axis=1)[:, k - 1], rtol=1e-12)


@pytest.mark.parametrize("most", [3, 1000])
@pytest.mark.parametrize("narrow", [True, False], ids=["float64 products", "float32 products"])
@pytest.mark.parametrize("name", HOSTILE)
def test_members_within_own_radii_equal_brute_force(name, narrow, most, monkeypatch):
    if not narrow:
        monkeypatch.setattr(distances, "NARROW", 0)
    bank, queries = HOSTILE[name]
    across = squared(bank, queries)
    # Between two distances, for those are known to the last bit here and there only where they tie.
    squares = np.sort(across, axis=1)[:, 5:7].mean(axis=1)
    rank = np.random.default_rng(1).permutation(len(queries))
    pairs = members_within(*map(torch.from_numpy, (bank, queries, squares, rank)), most)
    expected = []
    for i, row in enumerate(across <= squares[:, None]):
        inside = row.nonzero()[0]
        expected += [(i, int(j)) for j in inside[np.argsort(rank[inside])][:most]]
    assert sorted(zip(*(p.tolist() for p in pairs), strict=True)) == sorted(expected)


def test_the_interval_of_coverage_is_not_too_wide_near_full_cover():
    reference = torch.from_numpy(normal(150, 4, 300))
    estimates = [coverage(Neighbours(reference, torch.from_numpy(normal(150, 4, 400 + i)), 5)) for i in range(60)]
    values, intervals = [e.value for e in estimates], [e.uncertainty for e in estimates]
    assert np.mean(values) > 0.95
    assert np.mean([i.lo <= np.mean(values) <= i.hi for i in intervals]) >= 0.84
    # The spread over half-samples is twice that of fresh draws here.
    assert 0.7 <= np.mean([i.se for i in intervals]) / np.std(values, ddof=1) <= 1.5


def test_full_and_empty_cover_have_intervals_that_end_there():
    x = torch.from_numpy(X)
    full, empty = (coverage(Neighbours(x, y, 5)) for y in (x.repeat(4, 1) + 1e-3, x + 1e3))
    assert full.value == full.uncertainty.hi == 1.0
    assert empty.value == empty.uncertainty.lo == 0.0
    assert 0 < full.uncertainty.se < 1 - full.uncertainty.lo < 0.1
    assert 0 < empty.uncertainty.se < empty.uncertainty.hi < 0.1
