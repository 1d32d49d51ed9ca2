"""What the tests of studies share: features with a known answer, statistics of them, tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.subsampling.curves import Values, measure_curves
from genboard.benchmarks.studies.subsampling.design import Design
from genboard.benchmarks.studies.subsampling.pair_curves import ByK
from genboard.benchmarks.studies.table import Table
from genboard.reference_stats.features import Measured
from genboard.reference_stats.moments import Moments
from genboard.reference_stats.statistics import Recipe, ReferenceStatistics, recipe_for
from genboard.registry.catalog import find
from genboard.registry.schema import Track, TrackMetric

from genboard.core.serialization import canonical_json, parse_json

TRACK = find(Track, "digits")
RECIPE: Recipe = recipe_for(TRACK, "digits-cnn", "reference")


def cloud(n: int, d: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) * scale + shift


def statistics(features: torch.Tensor, of: torch.Tensor | None = None) -> ReferenceStatistics:
    """Statistics whose moments are those of these features, or of more."""
    return ReferenceStatistics(RECIPE, Moments.of(features if of is None else of), features, None, None, "0" * 64)


def columns(*keys: str) -> list[TrackMetric]:
    """Columns of a track, such as `kid` or `kid:train`."""
    split = [key.partition(":") for key in keys]
    return [TrackMetric(metric=m, extractor="digits-cnn", against=a or "reference") for m, _, a in split]


def curves(
    fake: torch.Tensor, design: Design, real: ReferenceStatistics, train: ReferenceStatistics | None, *keys: str
) -> tuple[ByK, Values, dict[str, str]]:
    found = measure_curves(Measured(None, fake, None, None, ""), columns(*keys), real, train, design, {})
    return found.by_k, {key.removesuffix(":digits-cnn"): v for key, v in found.values.items()}, found.left_out


def card(*names: str, **changes: Any) -> dict[str, Any]:
    generators = [
        {"name": name, "digest": "ab" * 32, "family": "gan", "baseline": False, "noise_floor": False} for name in names
    ]
    filled = {
        "title": "A study",
        "question": "What?",
        "method": "So.",
        "version": 1,
        "primary": "fd:digits-cnn",
        "n": 500,
        "seed": 1,
        "generators": generators,
        "parameters": {},
        "extractors": [],
        "references": {},
        "left_out": {},
        "genboard": "0",
        "created": "2026-01-01T00:00:00+00:00",
    }
    return filled | changes


def raw_table(study: str, rows: list[dict[str, Any]], *names: str, **changes: Any) -> dict[str, Any]:
    track = {"name": "digits", "version": 1}
    known = find_study(study)
    words = {"title": known.title, "question": known.question, "method": known.method, "version": known.version}
    return {"schema": 2, "study": study, "track": track, "card": card(*names, **{**words, **changes}), "rows": rows}


def table(study: str, rows: list[dict[str, Any]], *names: str, **changes: Any) -> Table:
    """A table as it would be read from a file."""
    value = parse_json(canonical_json(raw_table(study, rows, *names, **changes)), Path("table"))
    return Table.model_validate(value)
