"""Checks that a result does not repeat another generator's samples, values or preview."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....benchmarks.result import Result, influence_path, preview_path
from ....core.errors import GenboardError
from ....registry.catalog import entries
from ....registry.metrics import METRICS
from ....registry.schema import Generator
from ...board.comparable import name_today
from ...verification.log import status_of
from ...verification.samples import sheet_of
from .finding import Problem
from .tree import Case, Tree

FEWEST = 3  # values that must agree: one or two do so by chance, as shares of few samples
NEAR = 1e-3  # standard errors, within which two values are one: of two draws of one generator, two in a thousand are
LEVELS = 1.0  # grey levels, by which samples shown in two previews differ on average, and are the same
_EXACT = 1e-8  # relative

Pair = tuple[Result, Path]
Same = Callable[[Pair, Pair], bool]


def same_samples(tree: Tree) -> Iterator[Problem]:
    def same(a: Pair, b: Pair) -> bool:
        return a[0].sampling.digest is not None and a[0].sampling.digest == b[0].sampling.digest

    yield from _repeated(tree, "sampling.digest", "measured on the samples of", same)


def same_preview(tree: Tree) -> Iterator[Problem]:
    shown = cache(_shown)  # every one is held against every other

    def same(a: Pair, b: Pair) -> bool:
        if a[0].preview is None or b[0].preview is None or a[0].track.name != b[0].track.name:
            return False
        if a[0].preview.sha256 == b[0].preview.sha256:
            return True
        one, other = (shown(preview_path(path)) for _, path in (a, b))
        if one is None or other is None or one.shape != other.shape:
            return False
        return float(np.abs(one - other).mean()) < LEVELS

    yield from _repeated(tree, "preview.sha256", "with the preview of", same)


def same_values(tree: Tree) -> Iterator[Problem]:
    def same(a: Pair, b: Pair) -> bool:
        return not (_is_baseline(a[0]) and _is_baseline(b[0])) and _same_values(a[0], b[0])

    yield from _repeated(tree, "metrics", "the values are those of", same)


def same_influences(tree: Tree) -> Iterator[Problem]:
    def same(a: Pair, b: Pair) -> bool:
        return a[0].influences is not None and a[0].influences == b[0].influences

    yield from _repeated(tree, "influences.sha256", f"the {influence_path(Path('x')).suffixes[0][1:]}s of", same)


def resubmitted(tree: Tree) -> Iterator[Problem]:
    """Samples that their own submitter withdrew under another name."""
    for case, other in _repeats(tree, lambda a, b: a[0].sampling.digest == b[0].sampling.digest):
        if _withdrawn_by_the_same(case, other):
            name, reason = other[0].generator.name, status_of(other[1]).withdrawn
            yield Problem("sampling.digest", f"samples that were withdrawn as {name}: {reason}", file_of(case))


def file_of(case: Case) -> str:
    return case.path.as_posix()


def _repeated(tree: Tree, field: str, what: str, same: Same) -> Iterator[Problem]:
    """Results that share with one of another name what no two generators share."""
    told: set[str] = set()
    for case, (other, path) in _repeats(tree, same):
        if file_of(case) not in told and not _withdrawn_by_the_same(case, (other, path)):
            told.add(file_of(case))
            yield Problem(field, f"{what} {other.generator.name} ({other.id})", file_of(case))


def _repeats(tree: Tree, same: Same) -> Iterator[tuple[Case, Pair]]:
    known = [(record.result, record.path) for record in tree.others]
    mine = [(case.result, case.path) for case in tree.cases]
    every = sorted([*known, *mine], key=lambda pair: pair[0].provenance.created)
    for case in tree.cases:
        if case.settled:
            continue
        own = (case.result, case.path)
        yield from ((case, other) for other in every if name_today(other[0]) != name_today(own[0]) and same(own, other))


def _withdrawn_by_the_same(case: Case, other: Pair) -> bool:
    a, b = case.result.submission, other[0].submission
    if a is None or b is None or (a.account, a.authors, a.contact) != (b.account, b.authors, b.contact):
        return False
    try:
        return status_of(other[1]).withdrawn is not None
    except GenboardError:
        return False


def _is_baseline(result: Result) -> bool:
    """Whether it is one of the registry, which show the same real images with their labels and with others."""
    entry = entries(Generator).get(result.generator.name)
    return result.generator.kind == "registered" and entry is not None and entry.baseline


def _same_values(a: Result, b: Result) -> bool:
    """Whether three values that are no counts are as near as no two draws are, or all are equal."""
    if a.track.name != b.track.name:
        return False
    there = {record.key: record for record in b.metrics if record.value is not None}
    pairs = [(one, there[one.key]) for one in a.metrics if one.value is not None and one.key in there]
    near: set[float] = set()
    for one, other in pairs:
        assert one.value is not None
        assert other.value is not None
        se = max((r.uncertainty.se for r in (one, other) if r.uncertainty is not None), default=0.0)
        counts = one.name in METRICS and METRICS[one.name].range == (0.0, 1.0)
        if not counts and abs(one.value - other.value) <= NEAR * se + _EXACT * abs(one.value):
            near.add(one.value)
    equal = len(pairs) == len(there) and all(one.value == other.value for one, other in pairs)
    return len(near) >= FEWEST or (equal and len({one.value for one, _ in pairs}) >= FEWEST)


def _shown(path: Path) -> NDArray[np.int16] | None:
    """The samples in a preview, every pixel that is inked, shape (m, 3)."""
    sheet = sheet_of(path)
    if sheet is None:
        return None
    left = sheet[:, : sheet.shape[1] // 2]
    pixels = left[left[..., 3] > 0][:, :3]
    return pixels if pixels.size else None
