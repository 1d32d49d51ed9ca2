"""What may share a column: results that asked the same question in the same way, decided here and nowhere else.

A change that moves a number raises the version of what it changes, so an old result no longer matches; it is left out
with the reason, and never rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...benchmarks.drawing import PROTOCOL
from ...benchmarks.result import MetricRecord, Result
from ...benchmarks.specification import key_of
from ...registry.catalog import current_name, entries
from ...registry.metrics import find_metric
from ...registry.schema import Generator, Track

# The parts of a column's specification, in words.
_PARTS = {
    "version": "metric version",
    "params": "parameters",
    "extractor": "extractor",
    "reference": "reference",
}


def why_not(result: Result, track: Track, specs: Mapping[str, dict[str, Any]]) -> str | None:
    """Why a result cannot stand on the board of a track; none if it can.

    Args:
        specs: of each of the track's columns, see `specify_column`.
    """
    if result.track.version != track.version:
        return f"measured on version {result.track.version} of the track, this is {track.version}"
    today = entries(Track).get(track.name, track)
    older = outdated(result) if today.version == track.version else None  # an earlier board ranks what was current then
    if older is not None:
        return older
    if result.error is not None:
        return f"failed at {result.error.stage}: {result.error.message}"
    sampling = result.sampling
    if sampling.n != track.samples:
        return f"measured with {sampling.n:,} samples, the track asks for {track.samples:,}"
    if sampling.protocol != PROTOCOL:
        return f"drawn by protocol {sampling.protocol}, the track's is {PROTOCOL}"
    if sampling.seed is not None and sampling.seed != track.seed:
        return f"drawn with seed {sampling.seed}, the track's is {track.seed}"
    record = result.metric(track.primary)
    if record is None:
        return f"has no {track.primary}"
    if record.value is None:
        return f"{track.primary} is missing: {record.reason}"
    other = differing(result, track.primary, specs[track.primary])
    if other is not None:
        return f"{track.primary} was {other}"
    if result.status != "complete":
        return _partial(result)
    return None


def before_measuring(n: int, track: Track) -> list[str]:
    """What to know of a result with so many samples before it is measured; nothing where the track asks for as many."""
    if n == track.samples:
        return []
    said = [f"this result will not be ranked: {n:,} samples, where track {track.name} asks for {track.samples:,}"]
    metrics = {column.metric: find_metric(column.metric) for column in track.metrics}
    # Their value is a share of the reference images, and more samples reach more of these.
    shares = [name for name, m in metrics.items() if m.role == "diversity" and m.unit and "real.features" in m.reads]
    if shares:
        said.append(
            f"{', '.join(shares)}: shares of {track.samples:,} reference images that grow with the number of samples; "
            f"compare them, and distances too, with results of {n:,} samples only"
        )
    same = [t.name for t in entries(Track).values() if (t.dataset, t.task, t.samples) == (track.dataset, track.task, n)]
    return [*said, *(f"hint: track {name} asks for {n:,} samples: --track {name}" for name in same)]


def name_today(result: Result) -> str:
    """Its generator's name, or for one of the registry that was renamed since, its name today."""
    name = result.generator.name
    return current_name(Generator, name) if result.generator.kind == "registered" else name


def outdated(result: Result) -> str | None:
    """Why a result is not of the generator that the registry has under its name today; none if it is, or has none.

    To measure it again gives the numbers of another generator, which a raised version says.
    """
    entry = entries(Generator).get(current_name(Generator, result.generator.name))
    if result.generator.kind != "registered" or entry is None:
        return None
    measured = result.specification.get("generator")
    version = measured.get("version") if isinstance(measured, dict) else None
    if version == entry.version:
        return None
    return f"outdated: version {version} of the generator was measured, the registry has {entry.version}"


def comparable_cells(
    result: Result, specs: Mapping[str, dict[str, Any]]
) -> tuple[dict[str, MetricRecord], dict[str, str]]:
    """The records that may stand in the track's columns and, for every other column, why there is none."""
    cells: dict[str, MetricRecord] = {}
    empty: dict[str, str] = {}
    for key, spec in specs.items():
        record = result.metric(key)
        if record is None:
            empty[key] = "not measured"
        elif other := differing(result, key, spec):
            empty[key] = other
        else:
            cells[key] = record
    return cells, empty


def differing(result: Result, key: str, wanted: Mapping[str, Any]) -> str | None:
    """What a result's column was measured with that is not the track's, in words; none if it is the same question."""
    measured = result.specification.get("metrics", [])
    if wanted in measured:
        return None
    same = [spec for spec in measured if isinstance(spec, dict) and key_of(spec) == key]
    parts = [words for part, words in _PARTS.items() if not any(spec.get(part) == wanted[part] for spec in same)]
    if not same or not parts:
        return "measured in a way its specification does not name"
    return f"measured with another {' and another '.join(parts)}"


def _partial(result: Result) -> str:
    missing = next((record for record in result.metrics if record.value is None), None)
    return f"{result.status}: {missing.key} is missing: {missing.reason}" if missing else result.status
