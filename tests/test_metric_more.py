"""Vendi score, alpha-precision, beta-recall, authenticity and the copying test: values, known behaviour, intervals."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import scipy.stats
import torch
from few_partitions import few_partitions
from genboard.benchmarks.metrics.authenticity import authenticity
from genboard.benchmarks.metrics.copying import copying_score
from genboard.benchmarks.metrics.typicality import alpha_precision, beta_recall
from genboard.benchmarks.metrics.vendi import vendi_score
from genboard.benchmarks.uncertainty import Estimate
from genboard.reference_stats.centres import cell_centres
from metric_inputs import inputs_of, of_two
from scipy.spatial.distance import cdist
from torch import Tensor
from vendi_score import vendi

from genboard.core.errors import BadFeatures


def copying(train: Tensor, reference: Tensor, fake: Tensor, centres: Tensor | None = None, **params: int) -> Estimate:
    """The copying test of these features."""
    return copying_score(inputs_of(fake, train=train, reference=reference, centres=centres), **params)


def gaussian(seed: int, n: int, d: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    return torch.from_numpy(shift + scale * np.random.default_rng(seed).standard_normal((n, d)))


@pytest.mark.filterwarnings("ignore:Please import `csr_matrix`:DeprecationWarning")  # the package's own
@pytest.mark.parametrize(("n", "d"), [(5, 40), (40, 5), (200, 5), (30, 30), (1, 3)])
def test_vendi_equals_the_authors_package(n, d):
    x = gaussian(1, n, d, shift=0.5)
    expected = vendi.score_dual(x.numpy()) if d < n else vendi.score_X(x.numpy())
    assert vendi_score(inputs_of(x)).value == pytest.approx(expected, rel=1e-9)


def test_vendi_of_a_published_similarity_matrix():
    root = np.linalg.cholesky(np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]]))
    assert vendi_score(inputs_of(torch.from_numpy(root))).value == pytest.approx(2.1573, abs=5e-5)


@pytest.mark.parametrize("copies", [1, 4, 1000])
def test_vendi_counts_directions_and_not_lengths(copies):
    lengths = torch.tensor([1e-30, 1.0, 1e30])
    assert vendi_score(inputs_of(torch.diag(lengths).repeat(copies, 1))).value == pytest.approx(3.0, rel=1e-12)
    assert vendi_score(inputs_of(lengths[:, None] * torch.ones(3, 4))).value == pytest.approx(1.0, abs=1e-12)


def test_vendi_refuses_a_row_without_a_direction_and_names_it():
    x = gaussian(2, 10, 3)
    x[7] = 0
    with pytest.raises(BadFeatures, match="row 7 is all zeros"):
        vendi_score(inputs_of(x))


@pytest.mark.parametrize(("d", "needed"), [(2, 30), (8, 32)])
def test_vendi_has_an_interval_from_four_samples_a_dimension_and_thirty_on(d, needed):
    below, enough = vendi_score(inputs_of(gaussian(3, needed - 1, d))), vendi_score(inputs_of(gaussian(3, needed, d)))
    assert below.uncertainty is None
    assert f"{needed - 1} samples of {d} features, at least {needed} are needed" in (below.reason or "")
    assert enough.uncertainty is not None


def integrated(levels: np.ndarray, steps: int = 200_000) -> float:
    """1 - 2 times the mean of |share of levels below a - a| over a fine grid."""
    a = (np.arange(steps) + 0.5) / steps
    return float(1 - 2 * np.abs(np.searchsorted(np.sort(levels), a) / len(levels) - a).mean())


def share_below(reference: np.ndarray, found: np.ndarray) -> np.ndarray:
    return (reference[None, :] < found[:, None]).mean(axis=1)


@pytest.mark.parametrize(("d", "shift", "scale"), [(1, 0.0, 1.0), (3, 0.7, 1.0), (3, 0.0, 0.5), (8, 0.0, 2.0)])
def test_alpha_precision_equals_the_integral_on_a_fine_grid(d, shift, scale):
    x, y = gaussian(4, 60, d), gaussian(5, 45, d, shift, scale)
    centre = x.numpy().mean(axis=0)
    r, g = (np.linalg.norm(z.numpy() - centre, axis=1) for z in (x, y))
    assert alpha_precision(inputs_of(y, x)).value == pytest.approx(integrated(share_below(r, g)), abs=2e-5)


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize(("d", "shift", "scale"), [(1, 0.0, 1.0), (3, 0.7, 1.0), (3, 0.0, 0.5), (8, 0.0, 2.0)])
def test_beta_recall_equals_the_integral_on_a_fine_grid(k, d, shift, scale):
    x, y = gaussian(6, 60, d).numpy(), gaussian(7, 45, d, shift, scale).numpy()
    own = np.linalg.norm(y - y.mean(axis=0), axis=1)
    levels = share_below(own, own)
    radii = np.sort(cdist(x, x), axis=1)[:, k]
    inside = cdist(x, y) <= radii[:, None]
    first = np.array([min(levels[row], default=1.0) for row in inside])
    assert 0 < np.mean(first < 1) < 1 or k == 5
    found = beta_recall(inputs_of(torch.from_numpy(y), torch.from_numpy(x)), k=k)
    assert found.value == pytest.approx(integrated(first), abs=2e-5)
    assert found.uncertainty is not None
    assert found.uncertainty.se > 0


def test_alpha_precision_and_beta_recall_at_their_ends():
    x = gaussian(8, 100, 4)
    assert alpha_precision(inputs_of(x, x)).value == pytest.approx(1 - 1 / 100, abs=1e-12)
    # A ball may hold a more typical sample than the copy of its centre.
    assert 0.6 < beta_recall(inputs_of(x, x)).value < 0.8
    far = x + 1e4
    assert alpha_precision(inputs_of(far, x)).value == 0.0
    assert beta_recall(inputs_of(far, x)).value == 0.0
    middle = x.mean(dim=0).expand(50, 4)
    assert alpha_precision(inputs_of(middle, x)).value == 0.0


def test_alpha_precision_sees_crowding_and_straying_alike():
    x = gaussian(9, 2000, 8)
    sets = [gaussian(10, 2000, 8, scale=s) for s in (1.0, 0.8, 1.25)]
    fresh, narrow, wide = (alpha_precision(inputs_of(y, x)).value for y in sets)
    # The area under a Brownian bridge's absolute value has the mean sqrt(pi / 32); here both sides are samples.
    assert fresh == pytest.approx(1 - 2 * (np.pi / 32) ** 0.5 * (2 / 2000) ** 0.5, abs=0.015)
    assert max(narrow, wide) < 0.7


@pytest.mark.parametrize("k", [3, 4])
def test_beta_recall_needs_more_real_images_than_neighbours(k):
    with pytest.raises(BadFeatures, match=f"k = {k} needs more than 3 real images"):
        beta_recall(inputs_of(gaussian(12, 9, 2), gaussian(11, 3, 2)), k=k)


def test_authenticity_equals_the_double_loop():
    t, y = gaussian(13, 60, 3).numpy(), gaussian(14, 80, 3).numpy()
    own = [min(np.linalg.norm(a - b) for j, b in enumerate(t) if j != i) for i, a in enumerate(t)]
    apart = cdist(y, t)
    expected = np.mean([row.min() > own[int(row.argmin())] for row in apart])
    assert 0 < expected < 1
    assert authenticity(inputs_of(torch.from_numpy(y), train=torch.from_numpy(t))).value == expected


@pytest.mark.parametrize(("d", "expected"), [(2, 0.39), (8, 0.59), (64, 0.81)])
def test_authenticity_of_a_perfect_model_depends_on_the_dimension(d, expected):
    # With 500 training images a single value varies by 0.02 to 0.03.
    sets = [(gaussian(40 + i, 1000, d), gaussian(20 + i, 500, d)) for i in range(10)]
    values = [authenticity(inputs_of(y, train=t)).value for y, t in sets]
    assert np.mean(values) == pytest.approx(expected, abs=0.025)


def test_a_sample_as_far_as_the_next_training_image_is_not_authentic():
    t = torch.tensor([[0.0], [2.0], [10.0]])
    assert authenticity(inputs_of(torch.tensor([[-2.0], [-2.5], [15.0], [18.5]]), train=t)).value == 0.5


def test_copies_are_not_authentic_and_a_single_training_image_is_refused():
    t = gaussian(15, 100, 5)
    found = authenticity(inputs_of(t, train=t))
    assert found.value == 0.0
    assert found.uncertainty is not None
    assert 0 < found.uncertainty.hi < 0.05
    assert authenticity(inputs_of(t + 100, train=t)).value == 1.0
    with pytest.raises(BadFeatures, match="at least 2 training images"):
        authenticity(inputs_of(t, train=t[:1]))


def test_the_copying_score_of_one_cell_is_the_mann_whitney_z():
    # Whole numbers in two dimensions: many distances are equal, so midranks and the tie correction matter.
    t, r, y = (gaussian(40 + i, n, 2, scale=2.0).round() for i, n in enumerate((80, 70, 90)))
    to_train = [cdist(z.numpy(), t.numpy()).min(axis=1) for z in (y, r)]
    u, p = scipy.stats.mannwhitneyu(*to_train, use_continuity=False, method="asymptotic", alternative="less")
    found = copying(t, r, y, cells=1).value
    assert len(np.unique(np.concatenate(to_train))) < 10
    assert np.sign(found) == np.sign(u - 90 * 70 / 2)
    assert scipy.stats.norm.cdf(found) == pytest.approx(p, rel=1e-9)


def clusters(seed: int, *sizes: int, scale: float = 1.0) -> list[torch.Tensor]:
    """Clusters so far apart that each is a cell."""
    return [gaussian(seed + i, n, 2, 1000.0 * i, scale) for i, n in enumerate(sizes)]


def test_the_copying_score_is_van_elterens_sum_over_cells():
    # Whole numbers, so that many distances are equal. The third cell has no samples and adds nothing.
    t, r, y = clusters(50, 40, 50, 60), clusters(60, 30, 90, 20), clusters(70, 50, 25, scale=2.0)
    t, r, y = ([rows.round() for rows in side] for side in (t, r, y))
    excess, variance = 0.0, 0.0
    for i in range(2):
        far, near = (cdist(side[i].numpy(), t[i].numpy()).min(axis=1) for side in (y, r))
        n, m = len(far), len(near)
        ranks = scipy.stats.rankdata(np.concatenate([far, near]))
        excess += (ranks[:n].sum() - n * (n + 1) / 2 - n * m / 2) / (n + m + 1)
        variance += n * m / (n + m - 1) * (np.square(ranks).mean() - ranks.mean() ** 2) / (n + m + 1) ** 2
    found = copying(torch.cat(t), torch.cat(r), torch.cat(y))
    assert found.value == pytest.approx(excess / variance**0.5, rel=1e-9)
    assert abs(found.value) > 1


def test_a_good_sample_in_an_empty_cell_hardly_moves_the_copying():
    t, r = torch.cat(clusters(30, 100, 100, 100)), torch.cat(clusters(33, 150, 150, 150))
    poor = gaussian(36, 440, 2, scale=3.0)
    alone = copying(t, r, poor)
    joined = copying(t, r, torch.cat([poor, gaussian(37, 1, 2, 1000.0), gaussian(38, 1, 2, 2000.0)]))
    assert alone.value > 10
    assert alone.uncertainty is not None
    assert abs(joined.value - alone.value) < alone.uncertainty.se


def test_no_sample_moves_the_copying_score_by_more_than_its_standard_error():
    t, r = gaussian(133, 300, 4), gaussian(134, 300, 4)
    sets = {
        "fresh": gaussian(135, 120, 4),
        "collapsed": gaussian(136, 120, 4, 1.0, 0.2),
        "copies": torch.cat([t[:118], gaussian(137, 2, 4)]),
        "far": torch.cat([gaussian(138, 119, 4, scale=6.0), t[:1]]),
    }
    for name, y in sets.items():
        whole = copying(t, r, y)
        assert whole.uncertainty is not None
        left_out = [copying(t, r, torch.cat([y[:i], y[i + 1 :]])).value for i in [*range(0, 118, 13), 118, 119]]
        assert max(abs(value - whole.value) for value in left_out) <= whole.uncertainty.se, name


@pytest.mark.parametrize("digits", [None, 0], ids=["no ties", "ties"])
def test_the_copying_scores_influence_is_what_a_sample_more_changes(digits):
    t, r, y = gaussian(130, 50, 2), gaussian(131, 400, 2), gaussian(132, 240, 2, scale=1.5)
    if digits is not None:
        t, r, y = (x.round(decimals=digits) for x in (t, r, y))
    found = copying(t, r, y)
    assert found.value > 2
    assert found.influence is not None
    for i in range(0, 240, 30):
        more = copying(t, r, torch.cat([y, y[i : i + 1]])).value
        assert more - found.value == pytest.approx(float(found.influence[i]) / 240, abs=0.002)


def test_stored_centres_serve_the_usual_cells_alone():
    t, r, y = (gaussian(140 + i, 80, 3) for i in range(3))
    stored = cell_centres(t)
    assert copying(t, r, y, centres=stored) == copying(t, r, y)
    elsewhere = stored + torch.tensor([5.0, 0.0, 0.0])
    assert copying(t, r, y, centres=elsewhere) != copying(t, r, y)
    assert copying(t, r, y, cells=4, centres=elsewhere) == copying(t, r, y, cells=4)
    assert copying(t, r, y, seed=1, centres=elsewhere) == copying(t, r, y, seed=1)


def test_copies_have_a_very_negative_score_and_fresh_images_none():
    t, r = gaussian(80, 300, 8), gaussian(81, 300, 8)
    assert copying(t, r, t).value < -10
    assert copying(t, r, t + 0.01 * gaussian(82, 300, 8)).value < -10
    assert copying(t, r, gaussian(83, 300, 8, scale=2.0)).value > 3
    fresh = [copying(t, r, gaussian(84 + i, 300, 8)).value for i in range(20)]
    assert max(np.abs(fresh)) < 3


def test_the_copying_score_of_fresh_images_is_about_standard_normal():
    scores = [copying(*(gaussian(3 * i + j, 100, 3) for j in range(3))).value for i in range(200)]
    assert abs(np.mean(scores)) < 3 / len(scores) ** 0.5
    assert np.std(scores) == pytest.approx(1, abs=3 / (2 * len(scores)) ** 0.5)


def test_the_copying_score_depends_on_its_seed_alone():
    data = [gaussian(110 + i, 60, 3) for i in range(3)]
    assert copying(*data, seed=1) == copying(*data, seed=1)
    assert len({copying(*data, cells=7, seed=s).value for s in range(5)}) > 1


def test_the_copying_score_says_why_there_is_none():
    t, r, y = (gaussian(120 + i, 20, 3) for i in range(3))
    for train in (t[:2], t[:2].repeat(10, 1)):
        with pytest.raises(BadFeatures, match=f"{len(train)} training images do not make 3 cells"):
            copying(train, r, y)
    with pytest.raises(BadFeatures, match="no cell holds"):
        copying(t, t, t)


centres_of = cache(cell_centres)
CELLS = {
    # metric of (reference or training set, samples), samples in a batch, shift and scale of the samples
    "vendi, narrow": (lambda _, y: vendi_score(inputs_of(y * torch.tensor([1.0, 0.5, 0.3, 0.2]))), 200, 0.0, 1.0),
    "vendi, shifted": (lambda _, y: vendi_score(inputs_of(y)), 200, 1.0, 1.0),
    "vendi, fewest": (lambda _, y: vendi_score(inputs_of(y.reshape(64, 16) / torch.arange(1, 17))), 256, 0.0, 1.0),
    "vendi, noise": (lambda _, y: vendi_score(inputs_of(y)), 200, 0.0, 1.0),
    "alpha-precision, shifted": (of_two(alpha_precision), 200, 0.7, 1.0),
    "alpha-precision, narrow": (of_two(alpha_precision), 200, 0.0, 0.7),
    "alpha-precision, nearly equal": (of_two(alpha_precision), 200, 0.0, 1.05),
    "alpha-precision, equal": (of_two(alpha_precision), 200, 0.0, 1.0),
    "alpha-precision, far": (of_two(alpha_precision), 200, 3.0, 1.0),
    "beta-recall": (of_two(beta_recall), 200, 0.5, 0.6),
    "copying, fresh": (lambda t, y: copying(t, gaussian(301, 300, 4), y, centres_of(t)), 200, 0.0, 1.0),
    "copying, collapsed": (lambda t, y: copying(t, gaussian(301, 300, 4), y, centres_of(t)), 200, 1.0, 0.2),
    "authenticity": (lambda t, y: authenticity(inputs_of(y, train=t)), 200, 0.0, 1.0),
    "authenticity, near copies": (lambda t, y: authenticity(inputs_of(t[:200] + 0.3 * y, train=t)), 200, 0.0, 1.0),
}
# How many times too wide an interval may be where the influence vanishes.
WIDE = {
    "vendi, noise": 1.5,
    "alpha-precision, nearly equal": 1.4,
    "alpha-precision, equal": 1.65,
    "alpha-precision, far": float("inf"),
}


# Of these metrics another cell is quick.
SLOW = {"vendi, fewest", "alpha-precision, equal", "copying, collapsed", "authenticity, near copies"}


@pytest.mark.parametrize("cell", [pytest.param(c, marks=[pytest.mark.slow] * (c in SLOW)) for c in CELLS])
def test_conditional_intervals_hold_their_target(cell):
    """The target is the statistic's mean over fresh draws, the reference fixed; 400 draws know it well enough."""
    metric, n, shift, scale = CELLS[cell]
    reference = gaussian(200, 300, 4)
    with few_partitions(words=64):
        estimates = [metric(reference, gaussian(1000 + i, n, 4, shift, scale)) for i in range(400)]
    target = np.mean([e.value for e in estimates])
    intervals = [e.uncertainty for e in estimates]
    assert {i.target for i in intervals} == {"conditional"}
    covered = np.mean([i.lo <= target <= i.hi for i in intervals])
    wide = np.mean([i.se for i in intervals]) / np.std([e.value for e in estimates], ddof=1)
    # Three Monte-Carlo errors below 0.95 are 0.917.
    assert covered >= 0.917
    assert 0.9 <= wide <= WIDE.get(cell, 1.15)


def test_every_wide_interval_is_one_that_is_tested():
    assert set(CELLS) > set(WIDE)
