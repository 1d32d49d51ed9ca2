"""Does it repeat another generator's row: its samples, its values, or its preview."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ....benchmarks.result import Result
from ...board.comparable import name_today
from .finding import Problem
from .tree import Case, Tree

FEWEST = 3  # values that must agree to the last digit: one or two do so by chance, as shares of few samples


def same_samples(tree: Tree) -> Iterator[Problem]:
    yield from _repeated(tree, "sampling.digest", "measured on the samples of", lambda r: r.sampling.digest)


def same_preview(tree: Tree) -> Iterator[Problem]:
    yield from _repeated(tree, "preview.sha256", "with the preview of", lambda r: r.preview and r.preview.sha256)


def same_values(tree: Tree) -> Iterator[Problem]:
    yield from _repeated(tree, "metrics", "all values to the last digit are those of", _values)


def _repeated(tree: Tree, field: str, what: str, told: Callable[[Result], Any]) -> Iterator[Problem]:
    """Results that share with one of another name what no two generators share. The older one was first."""
    seen: dict[Any, list[tuple[Result, str]]] = {}
    known = [(record.result, record.path.name) for record in tree.others]
    mine = [(case.result, case.document.place) for case in tree.cases]
    for result, place in sorted([*known, *mine], key=lambda item: item[0].provenance.created):
        key = told(result)
        if key is not None:
            seen.setdefault((result.track.name, key), []).append((result, place))
    settled = {case.document.place for case in tree.cases if case.settled}
    for case in tree.cases:
        key = told(case.result)
        if key is None or case.document.place in settled:
            continue
        for other, _ in seen[case.result.track.name, key]:
            if name_today(other) != name_today(case.result):
                yield Problem(field, f"{what} {other.generator.name} ({other.id})", file_of(case))
                break


def file_of(case: Case) -> str:
    return case.path.as_posix()


def _values(result: Result) -> tuple[tuple[str, float | None], ...] | None:
    values = tuple(sorted((record.key, record.value) for record in result.metrics if record.value is not None))
    return values if len({value for _, value in values}) >= FEWEST else None
