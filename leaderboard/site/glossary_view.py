"""What the pages on metrics, data sets and feature spaces show: the registry, with the evidence of the boards."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...registry.catalog import entries
from ...registry.images import describe
from ...registry.metrics import METRICS, Metric
from ...registry.schema import Dataset, Extractor, Track
from ..board.board import Board
from .content import Content, Made
from .evidence import Evidence, evidence
from .findings import in_prose
from .links import Segment, linked
from .scorecard_view import said_of_metrics

_PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True)
class MetricEntry:
    name: str
    title: str
    summary: str
    definition: tuple[tuple[tuple[str, bool], ...], ...]  # paragraphs in pieces: text, and whether it is code
    direction: str
    range: str
    facts: tuple[tuple[str, str], ...]
    paper: tuple[Segment, ...]
    evidence: Evidence
    blind: str
    studies: tuple[tuple[str, str, str], ...]  # href, failure, what was found
    tracks: tuple[tuple[str, str], ...]  # name, title


@dataclass(frozen=True)
class Entry:
    """A data set or a feature space."""

    name: str
    title: str
    facts: tuple[tuple[str, tuple[Segment, ...]], ...]
    tracks: tuple[tuple[str, str], ...]


def metric_pages(site: Content) -> Made:
    said = said_of_metrics(site.studies.cards)
    metrics = [_metric(metric, site.boards, said.get(metric.name, ())) for metric in METRICS.values()]
    yield "metrics.html", {"metrics": metrics}


def dataset_pages(site: Content) -> Made:
    used = {d: _tracks(t for t in site.tracks.values() if t.dataset == d) for d in entries(Dataset)}
    listed = [Entry(d.name, d.title, _linked(_of_dataset(d)), used[d.name]) for d in entries(Dataset).values()]
    yield "datasets.html", {"entries": listed}


def extractor_pages(site: Content) -> Made:
    used = {e: _tracks(t for t in site.tracks.values() if e in t.extractors) for e in entries(Extractor)}
    listed = [Entry(e.name, e.title, _linked(_of_extractor(e)), used[e.name]) for e in entries(Extractor).values()]
    yield "extractors.html", {"entries": listed}


def definition(metric: Metric) -> tuple[str, ...]:
    """How a metric is computed: the paragraphs of its function's docstring, less arguments, errors and examples."""
    module, name = metric.path.split(":")
    tree = ast.parse((_PACKAGE / f"{module.replace('.', '/')}.py").read_bytes())
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    text = next((ast.get_docstring(node) or "" for node in functions), "")
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return tuple(p for p in paragraphs if p and not p.startswith(("Args:", "Raises:", ">>>")))


def _metric(metric: Metric, boards: Mapping[str, Board], said: tuple[tuple[str, str, str], ...]) -> MetricEntry:
    found = evidence(metric.name, metric.better, boards.values())
    direction = f"{metric.better} is better" if metric.better else "shown, not ranked"
    if metric.target is not None:
        direction += f"; {metric.target:g} is what a perfect generator has"
    params = ", ".join(f"{key} = {value}" for key, value in metric.params.items()) or "none"
    return MetricEntry(
        name=metric.name,
        title=metric.title,
        summary=metric.summary,
        definition=tuple(_pieces(paragraph) for paragraph in definition(metric)),
        direction=direction,
        range=f"{_end(metric.range[0])} to {_end(metric.range[1])}",
        facts=(
            ("Reads", ", ".join(name.replace(".", " ") for name in metric.reads)),
            ("Parameters", params),
            ("Symmetric", "yes: real and generated may change places" if metric.symmetric else "no"),
            ("Fewest samples", str(metric.least)),
            ("Version", str(metric.version)),
        ),
        paper=linked(metric.paper),
        evidence=found,
        blind=_blind(found),
        studies=said,
        tracks=_tracks(b.track for b in boards.values() if any(c.metric == metric.name for c in b.track.metrics)),
    )


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
        ("Preprocessing", e.preprocessing),
        ("Trained on", ", ".join(e.trained_on) or "nothing that is recorded"),
        ("Weights, SHA-256", e.weights.sha256 if e.weights else "none: it has no weights"),
        ("Version", str(e.version)),
        ("Licence", e.licence),
        ("Paper", e.paper or "none"),
    ]


def _linked(facts: list[tuple[str, str]]) -> tuple[tuple[str, tuple[Segment, ...]], ...]:
    return tuple((term, linked(fact)) for term, fact in facts)


def _tracks(tracks: Iterable[Track]) -> tuple[tuple[str, str], ...]:
    return tuple((track.name, track.title) for track in tracks)


def _end(x: float) -> str:
    return {float("inf"): "∞", -float("inf"): "−∞"}.get(x, f"{x:g}")
