"""What decides a result: the generator, its samples and the columns, as a document whose hash names the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..reference_stats.statistics import recipe_for
from ..registry.catalog import find
from ..registry.columns import column_key
from ..registry.metrics import find_metric
from ..registry.schema import Dataset, Extractor, Precision, Track, TrackMetric
from .asked import asked_of
from .drawing import PROTOCOL
from .evaluation_target import EvaluationTarget


def specify(
    target: EvaluationTarget, track: Track, n: int, digest: str | None = None, precision: Precision = "float32"
) -> dict[str, Any]:
    """All that decides a result: the same specification, the same id."""
    shape = list(find(Dataset, track.dataset).shape)
    generator = target.generator
    asked = asked_of(track, n).digests if generator else {}
    return {
        "track": {"name": track.name, "version": track.version},
        "generator": generator.identity if generator else {"name": target.record.name, "images": digest},
        "sampling": {
            "protocol": PROTOCOL,
            "n": n,
            "seed": track.seed if generator else None,
            "shape": shape,
            "block": generator.block if generator else None,
            **asked,
        },
        "metrics": [specify_column(track, column, precision) for column in track.metrics],
    }


def specify_column(track: Track, column: TrackMetric, precision: Precision = "float32") -> dict[str, Any]:
    """All that decides a column's meaning: values of unlike specifications never share a column."""
    metric = find_metric(column.metric)
    return {
        "name": metric.name,
        "version": metric.version,
        "params": {**metric.params, **column.params},
        "against": column.against,
        "extractor": find(Extractor, column.extractor).identity(precision),
        "reference": recipe_for(track, column.extractor, column.against, precision).id,
    }


def key_of(spec: Mapping[str, Any]) -> str:
    """The key of the column that a part of a specification is of."""
    extractor, params = spec.get("extractor"), spec.get("params")
    space = extractor.get("name") if isinstance(extractor, dict) else None
    return column_key(spec.get("name"), space, params if isinstance(params, dict) else {}, spec.get("against"))
