"""A law over the whole metric table: what changes little in the features changes little in the numbers.

Excluded are exact ties between different rows, which the last bit of a float breaks; there are none in these sets.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
import torch
from class_sets import LABELLED, QUICK, reads_labels
from few_partitions import few_partitions
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.result import MetricRecord
from genboard.benchmarks.scoring import score
from genboard.registry.metrics import METRICS, Metric, find_metric
from metric_inputs import OF_POINTS, belonging

DRAWS = 12
SMALL = 1e-4  # standard errors by which rounding of the features may move a number
# Of the value: what the order of a sum may move, or an ulp where there is no standard error. The exact Fréchet distance
# of 200 clustered samples in 2,048 dimensions moves by 1.1e-9 itself.
ROUNDING = 2e-9
STEP = 1.0  # standard errors by which one sample may move a value
WIDTH = 0.05  # of an interval, by which another order of the samples may change it

# Those that read captions are asked in test_captions.py, those of groups in test_fairness.py.
ASKED = [name for name, metric in METRICS.items() if not {"fake.captions", "groups"} & set(metric.reads)]
Records = dict[str, MetricRecord]


@dataclass(frozen=True)
class Sets:
    """Features of the reference, of other real images and of samples, float32, shape (n, d) each."""

    real: np.ndarray
    train: np.ndarray
    fake: np.ndarray
    held_out: np.ndarray


def clustered(rng: np.random.Generator, n: int, d: int, centres: np.ndarray) -> np.ndarray:
    return centres[rng.choice(4, n, p=[0.6, 0.25, 0.1, 0.05])] + 0.5 * rng.normal(size=(n, d))


def heavy(rng: np.random.Generator, n: int, d: int, centres: np.ndarray) -> np.ndarray:
    return rng.normal(size=(n, d)) * np.sqrt(3 / rng.chisquare(5, size=(n, 1)))


def duplicated(rng: np.random.Generator, n: int, d: int, centres: np.ndarray) -> np.ndarray:
    return rng.normal(size=(n // 2, d))[rng.integers(n // 2, size=n)]


def rectified(rng: np.random.Generator, n: int, d: int, centres: np.ndarray) -> np.ndarray:
    return np.maximum(rng.normal(size=(n, d)) + np.linspace(-1, 1, d), 0)


KINDS = {"clustered": clustered, "heavy-tailed": heavy, "duplicated": duplicated, "rectified": rectified}


@cache
def sets(kind: str, d: int, n: int) -> Sets:
    rng = np.random.default_rng([list(KINDS).index(kind), d])
    centres = 1.5 * rng.normal(size=(4, d))
    real, train, fake, held_out = (KINDS[kind](rng, n, d, centres).astype(np.float32) for _ in range(4))
    return Sets(real, train, np.float32(0.9) * fake + np.float32(0.2) * (fake > 0), held_out)


def measured(given: Sets, thorough: bool = False) -> Records:
    """The records of all metrics; unless `thorough`, by few random partitions."""
    if thorough:
        return _measured(given, thorough)
    with few_partitions():
        return _measured(given, thorough)


def _measured(given: Sets, thorough: bool) -> Records:
    real, train, fake, held_out = map(torch.from_numpy, (given.real, given.train, given.fake, given.held_out))
    samples, shape = FeatureSet(fake, logits=2 * fake), (1, fake.shape[1], 1)
    known = {"train": train, "reference": real, "held_out": held_out, **belonging(fake)}
    inputs = MetricInputs(samples, real, **known, shape=shape, k=5)
    found = {
        name: score(metric, inputs, OF_POINTS.get(name, {})).record
        for name, metric in METRICS.items()
        if name in ASKED and not reads_labels(metric)
    }
    return found | {name: with_classes(find_metric(name), given, thorough) for name in LABELLED}


def with_classes(metric: Metric, given: Sets, thorough: bool) -> MetricRecord:
    """The record of a metric that reads labels; there are more training images, as many of a class as samples."""
    sides = (given.real, np.concatenate([given.train, given.held_out]), given.fake)
    real, train, fake = (
        FeatureSet(x := torch.from_numpy(rows), logits=classified(x), labels=classes_of(metric, x)) for rows in sides
    )
    return score(metric, MetricInputs(fake, real, train=train), {} if thorough else QUICK.get(metric.name, {})).record


def classified(rows: torch.Tensor) -> torch.Tensor:
    """Logits of a classifier that is mostly right about four classes."""
    directions = torch.from_numpy(np.random.default_rng(7).normal(size=(rows.shape[1], 4)).astype(np.float32))
    return rows @ directions + 6 * torch.nn.functional.one_hot(last_digits(rows) % 4, 4)


def classes_of(metric: Metric, rows: torch.Tensor) -> torch.Tensor:
    """The class of each row, which no last bit changes; one class where a metric needs many rows."""
    if "fake.logits" in metric.reads:
        return last_digits(rows) % 4
    return last_digits(rows) % 2 * (metric.name != "intra_fd")


def last_digits(rows: torch.Tensor) -> torch.Tensor:
    """The last feature of each row in hundredths."""
    return (100 * rows[:, -1]).round().long()


@cache
def before(kind: str, d: int, n: int, thorough: bool = False) -> Records:
    return measured(sets(kind, d, n), thorough)


def nudged(rng: np.random.Generator, *arrays: np.ndarray) -> list[np.ndarray]:
    """Every number one float32 up or down at random, the same in equal rows, wherever they are."""
    whole = np.concatenate(arrays)
    rows, place = np.unique(whole, axis=0, return_inverse=True)
    towards = np.where(rng.integers(2, size=rows.shape) == 1, np.inf, -np.inf).astype(np.float32)
    moved = np.nextafter(rows, towards)[place.reshape(-1)]
    return np.split(moved, np.cumsum([len(a) for a in arrays])[:-1])


@cache
def nudges(kind: str, d: int, n: int, side: str) -> list[Records]:
    given, rng = sets(kind, d, n), np.random.default_rng([5, d])
    found = []
    for _ in range(DRAWS):
        if side == "samples":
            moved = replace(given, fake=nudged(rng, given.fake)[0])
        else:
            real, train = nudged(rng, given.real, given.train)
            moved = replace(given, real=real, train=train)
        found.append(measured(moved))
    return found


def ends(record: MetricRecord) -> list[float]:
    """The value and, where there is one, the ends of its interval."""
    assert record.value is not None
    return [record.value, *([u.lo, u.hi] if (u := record.uncertainty) else [])]


def excess(a: MetricRecord, b: MetricRecord) -> float:
    """The largest move of the value or of an end of its interval, over what rounding of the features may move it."""
    assert (a.uncertainty is None) == (b.uncertainty is None)
    allowed = SMALL * a.uncertainty.se if a.uncertainty and a.uncertainty.se > 0 else ROUNDING * abs(ends(a)[0])
    moves = [abs(x - y) for x, y in zip(ends(a), ends(b), strict=True)]
    return max(moves) / allowed if allowed else (0.0 if max(moves) == 0 else float("inf"))


SIZES = [
    (16, 100),
    pytest.param(128, 520, marks=pytest.mark.large),
    pytest.param(2048, 200, marks=pytest.mark.large),
]
every_metric = pytest.mark.parametrize("metric", ASKED)
every_kind = pytest.mark.parametrize("kind", KINDS)
every_size = pytest.mark.parametrize(("d", "n"), SIZES)


def test_there_are_metrics():
    assert len(ASKED) >= 10


@every_kind
@every_size
def test_no_different_rows_are_equally_far_from_a_third(kind, d, n):
    given = sets(kind, d, n)
    rows = torch.from_numpy(np.unique(np.concatenate([given.real, given.train, given.fake]), axis=0)).double()
    apart = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").sort(dim=1).values
    assert len(rows) > n
    assert float(apart.diff(dim=1).min()) > 0


@every_kind
@every_size
@pytest.mark.parametrize("side", ["samples", "reference"])
@every_metric
def test_an_ulp_of_the_features_moves_no_number(metric, side, kind, d, n):
    first, moved = before(kind, d, n)[metric], [records[metric] for records in nudges(kind, d, n, side)]
    assert len(moved) == DRAWS
    if first.value is None:  # too few samples for these many features, with or without a last bit more
        assert n < find_metric(metric).least or metric == "fd_debiased"
        assert {record.reason for record in moved} == {first.reason}
        return
    assert max(excess(first, record) for record in moved) <= 1


@cache
def one_less(kind: str, d: int, n: int) -> list[Records]:
    """The samples without one of them: the farthest from their mean, and some others."""
    given = sets(kind, d, n)
    farthest = int(np.square(given.fake - given.fake.mean(axis=0)).sum(axis=1).argmax())
    return [measured(replace(given, fake=np.delete(given.fake, i, axis=0))) for i in (farthest, 0, 1, 2)]


@every_kind
@every_metric
def test_one_sample_more_or_less_moves_no_value_by_a_standard_error(metric, kind):
    d, n = 16, 100
    whole = before(kind, d, n)[metric]
    assert whole.value is not None
    assert whole.uncertainty is not None
    for records in one_less(kind, d, n):
        less = records[metric]
        assert less.value is not None
        assert less.uncertainty is not None
        # The error of those that have the sample: of a mean, not even the farthest of them moves more than that.
        assert abs(whole.value - less.value) <= STEP * max(whole.uncertainty.se, less.uncertainty.se)


@cache
def orders(kind: str, d: int, n: int) -> list[Records]:
    given, rng = sets(kind, d, n), np.random.default_rng(11)
    by_size = np.argsort(np.square(given.fake).sum(axis=1), kind="stable")
    shuffles = [given.fake[by_size], *(rng.permutation(given.fake) for _ in range(4))]
    return [measured(replace(given, fake=fake), thorough=True) for fake in shuffles]


@every_kind
@every_metric
def test_another_order_of_the_samples_changes_no_value_and_hardly_a_width(metric, kind):
    first, *others = [records[metric] for records in (before(kind, 16, 100, thorough=True), *orders(kind, 16, 100))]
    assert len(others) == 5
    assert first.value is not None
    assert first.uncertainty is not None
    allowed = ROUNDING * abs(first.value) + SMALL * first.uncertainty.se
    width = first.uncertainty.hi - first.uncertainty.lo
    for other in others:
        assert other.value is not None
        assert other.uncertainty is not None
        assert abs(other.value - first.value) <= allowed
        assert abs(other.uncertainty.hi - other.uncertainty.lo - width) <= WIDTH * width


def halved(given: Sets, by_hash: bool) -> MetricRecord:
    """Twice the Fréchet distance less that of halves, divided by a hash of the features' bytes or by position."""
    fake = given.fake
    order = (
        sorted(range(len(fake)), key=lambda i: blake2b(fake[i].astype(np.float64).tobytes()).digest())
        if by_hash
        else np.random.default_rng(0).permutation(len(fake)).tolist()
    )
    parts = (fake, fake[order[0::2]], fake[order[1::2]])
    whole, *halves = [distance(given.real, part) for part in parts]
    assert whole.value is not None
    assert whole.uncertainty is not None
    less = sum(half.value for half in halves if half.value is not None) / 2
    return replace_value(whole, 2 * whole.value - less)


def distance(real: np.ndarray, fake: np.ndarray) -> MetricRecord:
    inputs = MetricInputs(torch.from_numpy(np.ascontiguousarray(fake)), torch.from_numpy(real))
    return score(find_metric("fd"), inputs).record


def replace_value(record: MetricRecord, value: float) -> MetricRecord:
    assert record.uncertainty is not None
    by = value - record.value
    moved = record.uncertainty.model_copy(update={"lo": record.uncertainty.lo + by, "hi": record.uncertainty.hi + by})
    return record.model_copy(update={"value": value, "uncertainty": moved})


@every_kind
def test_the_law_catches_what_is_dealt_by_a_hash_of_floats(kind):
    given, rng = sets(kind, 16, 160), np.random.default_rng(3)
    moved = [replace(given, fake=nudged(rng, given.fake)[0]) for _ in range(DRAWS)]
    by_hash, by_place = (halved(given, by_hash=h) for h in (True, False))
    assert max(excess(by_hash, halved(m, by_hash=True)) for m in moved) > 100
    assert max(excess(by_place, halved(m, by_hash=False)) for m in moved) <= 1


# Who may take a digest, and of what. None of these decides a number by the bits of a feature.
DIGESTS = {
    "benchmarks/asked.py": "hashlib: the labels, integers, and the captions, text",
    "benchmarks/drawing.py": "digest_of: what is drawn, as text",
    "benchmarks/evaluation_target.py": "sha256: a name, as text",
    "benchmarks/feature_files.py": "digest_of, hashlib: the names of stored files",
    "benchmarks/human/randomness.py": "sha256: a seed from words",
    "benchmarks/influences.py": "sha256: a stored file against damage",
    "benchmarks/neighbours/nearest_pass.py": "sha256: the name of a stored file",
    "benchmarks/preview.py": "sha256: the bytes of a picture",
    "benchmarks/result.py": "digest_of: a record's fields",
    "benchmarks/runner.py": "digest_of, sha256: the name of a lock, a stored file against damage",
    "benchmarks/sampling.py": "hashlib: the pixels, integers",
    "benchmarks/shards.py": "hashlib: the pixels, integers",
    "benchmarks/studies/crew.py": "digest_of: the name of a stored file",
    "benchmarks/studies/ruler.py": "sha256: the pixels of a picture, integers",
    "benchmarks/studies/cache.py": "digest_of: a stored file against damage",
    "benchmarks/studies/sanity.py": "crc32: a seed from names",
    "benchmarks/validation/__main__.py": "digest_of: the name of a stored file",
    "reference_stats/checkpoint.py": "digest_of: the name of a stored file",
    "reference_stats/on_workers.py": "digest_of: the name of a stored file",
    "reference_stats/measuring_task.py": "hashlib: digests of images together",
    "reference_stats/features.py": "hashlib: digests of images together",
    "reference_stats/statistics.py": "digest_of: a recipe's fields",
    "reference_stats/store.py": "hashlib: a stored file against damage",
}
MODULES = {"hashlib", "zlib", "binascii", "xxhash", "hmac"}
NAMES = {"sha256", "digest_of", "blake2b", "blake2s", "md5", "crc32", "adler32"}


def digests(path: Path) -> Iterator[str]:
    """What a module imports that digests, and its calls of `hash`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom):
            chosen = (node.module or "").split(".")[0] in MODULES
            yield from (alias.name for alias in node.names if chosen or alias.name in NAMES)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
            yield "hash"


def test_no_metric_reads_a_hash_of_floats():
    root = Path(__file__).resolve().parents[1]
    paths = [path for floor in ("benchmarks", "reference_stats") for path in sorted((root / floor).rglob("*.py"))]
    assert len(paths) > 40
    found = {path.relative_to(root).as_posix(): sorted(set(digests(path))) for path in paths}
    assert {path: names for path, names in found.items() if names and path not in DIGESTS} == {}
    # An entry that is no longer needed goes.
    spelled = {path: ", ".join(found[path]) for path in DIGESTS}
    assert {p: n for p, n in spelled.items() if not n or any(name not in DIGESTS[p] for name in n.split(", "))} == {}
