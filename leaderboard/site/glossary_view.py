"""What the pages on metrics, data sets and feature spaces show: the registry, with the evidence of the boards."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...registry.catalog import entries
from ...registry.columns import qualifiers
from ...registry.images import describe
from ...registry.metrics import METRICS, Better, Metric
from ...registry.schema import Dataset, Extractor, Track
from ..board.board import Board
from ..board.scored import ALPHA, p_value
from ..text.numbers import Figure, figure
from .cautions import Caution, by_metric
from .content import Content, Made
from .findings import in_prose, short_title
from .links import linked
from .scorecard_view import said_of_metrics

_PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True)
class Case:
    """A column that scores a baseline no worse than it scores real images.

    Attributes:
        where: the feature space, and what else tells the column from others of its metric.
        tied: whether the two are not significantly different; otherwise the baseline is clearly better.
    """

    track: str
    title: str
    where: str
    value: Figure
    floor: Figure
    tied: bool


@dataclass(frozen=True)
class Evidence:
    """What was found of a metric: the baselines that fool it, each with the columns that it does, and how many
    comparisons were made.
    """

    fooled: tuple[tuple[str, tuple[Case, ...]], ...]
    tried: int


def evidence(metric: str, better: Better | None, boards: Iterable[Board]) -> Evidence:
    """The evidence on all boards; none is sought for a metric without a better end."""
    fooled: dict[str, list[Case]] = {}
    tried = 0
    for board in boards if better else ():
        for column in board.columns:
            if column.metric != metric or board.floor is None:
                continue
            floor = board.floor.scored(column.key)
            for row in board.rows:
                scored = row.scored(column.key)
                if not row.result.generator.baseline or row is board.floor or floor is None or scored is None:
                    continue
                tried += 1
                tied = p_value(scored, floor) >= ALPHA
                if tied or (scored.value < floor.value) == (better == "lower"):
                    value, real = figure(row.cells[column.key]), figure(board.floor.cells[column.key])
                    where = ", ".join([column.extractor, *qualifiers(column.key)])
                    case = Case(board.track.name, short_title(board.track), where, value, real, tied)
                    fooled.setdefault(row.name, []).append(case)
    return Evidence(tuple((name, tuple(cases)) for name, cases in fooled.items()), tried)


def metric_pages(site: Content) -> Made:
    said = said_of_metrics(site.studies.cards)
    against = by_metric(site.studies.cautions)
    metrics = [
        _metric(metric, site.boards, said.get(metric.name, ()), against.get(metric.name, ()))
        for metric in METRICS.values()
    ]
    yield "metrics.html", {"metrics": metrics}


def dataset_pages(site: Content) -> Made:
    read = [(d, [t for t in site.tracks.values() if t.dataset == d.name]) for d in entries(Dataset).values()]
    yield "datasets.html", {"entries": [_shown(d, _of_dataset(d), tracks) for d, tracks in read]}


def extractor_pages(site: Content) -> Made:
    read = [(e, [t for t in site.tracks.values() if e.name in t.extractors]) for e in entries(Extractor).values()]
    yield "extractors.html", {"entries": [_shown(e, _of_extractor(e), tracks) for e, tracks in read]}


def definition(metric: Metric) -> tuple[str, ...]:
    """How a metric is computed: the paragraphs of its function's docstring, less arguments, errors and examples."""
    module, name = metric.path.split(":")
    paragraphs = [" ".join(part.split()) for part in _docstrings(module).get(name, "").split("\n\n")]
    return tuple(p for p in paragraphs if p and not p.startswith(("Args:", "Raises:", ">>>")))


@cache
def _docstrings(module: str) -> Mapping[str, str]:
    """Of a module's functions, by name; several metrics share a module."""
    tree = ast.parse((_PACKAGE / f"{module.replace('.', '/')}.py").read_bytes())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.get_docstring(node) or "" for node in functions}


def _metric(
    metric: Metric,
    boards: Mapping[str, Board],
    said: tuple[tuple[str, str, str], ...],
    cautions: Sequence[Caution],
) -> dict[str, object]:
    """`definition` is paragraphs in pieces, of each its text and whether it is code; `studies` are what they say of it:
    page, failure, words.
    """
    found = evidence(metric.name, metric.better, boards.values())
    direction = f"{metric.better} is better" if metric.better else "shown, not ranked"
    if metric.target is not None:
        direction += f"; {metric.target:g} is what a perfect generator has"
    params = ", ".join(f"{key} = {value}" for key, value in metric.params.items()) or "none"
    return {
        "metric": metric,
        "definition": [_pieces(paragraph) for paragraph in definition(metric)],
        "direction": direction,
        "range": f"{_end(metric.range[0])} to {_end(metric.range[1])}",
        "facts": (
            ("Reads", ", ".join(name.replace(".", " ") for name in metric.reads)),
            ("Parameters", params),
            ("Symmetric", "yes: exchanging real and generated images changes nothing" if metric.symmetric else "no"),
            ("Fewest samples", str(metric.least)),
            ("Version", str(metric.version)),
        ),
        "paper": linked(metric.paper),
        "evidence": found,
        "blind": _blind(found),
        "studies": said,
        "cautions": cautions,
        "tracks": _tracks(b.track for b in boards.values() if any(c.metric == metric.name for c in b.track.metrics)),
    }


def _pieces(paragraph: str) -> tuple[tuple[str, bool], ...]:
    """
    >>> _pieces("see `fd`.")
    (('see ', False), ('fd', True), ('.', False))
    """
    return tuple((text, i % 2 == 1) for i, text in enumerate(paragraph.split("`")) if text)


def _blind(found: Evidence) -> str:
    if found.fooled:
        return f"Fooled by {in_prose([name for name, _ in found.fooled])}"
    return "Fooled by none of the baselines" if found.tried else "Compared with no baseline"


def _of_dataset(d: Dataset) -> list[tuple[str, str]]:
    parts = ", ".join(f"{name} {count:,}" for name, count in d.parts.items())
    splits = ", ".join(f"{name} {split.count:,} of {split.part}" for name, split in d.splits.items())
    return [
        ("Images", f"{d.count:,} ({parts}), {describe(d.shape)}"),
        ("Splits", splits or "none"),
        ("Classes", ", ".join(d.classes[:20]) + (" ..." if len(d.classes) > 20 else "") or "unlabelled"),
        ("Source", f"{d.source.kind}, revision {d.revision}"),
        ("Conversions", ", ".join(d.conversions) or "none"),
        ("Content, SHA-256", d.content_digest or "not yet recorded"),
        ("Licence", d.licence),
        ("Home", str(d.homepage)),
        ("To cite", d.citation),
    ]


def _of_extractor(e: Extractor) -> list[tuple[str, str]]:
    taken = describe(e.input) if isinstance(e.input, tuple) else {"rgb": "RGB, any size", "any": "any"}[e.input]
    return [
        ("Layer", f"{e.layer}, {f'{e.dim:,} wide' if e.dim else 'as wide as the image'}"),
        ("Logits", f"{e.classes:,} classes" if e.classes else "none"),
        ("Images", taken),
        ("Preprocessing", str(e.preprocessing)),
        ("Trained on", ", ".join(e.trained_on) or "nothing that is recorded"),
        ("Weights, SHA-256", e.file.sha256 if e.file else "none: it has no weights"),
        *((("Code, SHA-256", e.identity()["code"] or "its file is not here"),) if e.runs_code else ()),
        ("Version", str(e.version)),
        ("Licence", e.licence),
        ("Paper", e.paper or "none"),
    ]


def _shown(entry: Dataset | Extractor, facts: list[tuple[str, str]], tracks: Iterable[Track]) -> dict[str, object]:
    return {"entry": entry, "facts": [(term, linked(fact)) for term, fact in facts], "tracks": _tracks(tracks)}


def _tracks(tracks: Iterable[Track]) -> tuple[tuple[str, str], ...]:
    return tuple((track.name, track.title) for track in tracks)


def _end(x: float) -> str:
    return {float("inf"): "∞", -float("inf"): "−∞"}.get(x, f"{x:g}")
