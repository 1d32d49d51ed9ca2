"""Generator x track -> samples -> features -> metrics -> result.

A result whose specification has been measured before is read, not measured again. A run that fails is recorded with
its stage and its error; a user's interrupt is not a result.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ..errors import BadFeatures, BadImages, BadSamples
from ..files import home
from ..reference_stats.build import obtain, recipes_of
from ..reference_stats.features import Measured, measure
from ..reference_stats.statistics import ReferenceStatistics, recipe_for
from ..registry.catalog import find
from ..registry.conversions import converted
from ..registry.datasets import load_split
from ..registry.extractors import load_extractor
from ..registry.images import ImageSource, expect_shape, sequence_digest
from ..registry.metrics import find_metric
from ..registry.schema import Against, Dataset, Extractor, Precision, Track, TrackMetric
from .drawing import BATCH, PROTOCOL
from .environment import environment, peak_memory_mib
from .preview import contact_sheet
from .result import (
    Cost,
    ErrorRecord,
    MetricRecord,
    PreviewRecord,
    Provenance,
    Result,
    SamplingRecord,
    TrackRecord,
    read_result,
    result_id,
    save_result,
)
from .sampling import sample
from .scoring import score_track
from .shards import source_of_shards
from .subjects import Subject, plan_for


@dataclass(frozen=True)
class Workspace:
    """Where a run keeps what it makes."""

    results: Path
    samples: Path

    @staticmethod
    def under(folder: Path) -> Workspace:
        return Workspace(folder / "results", folder / "samples")

    @staticmethod
    def default() -> Workspace:
        return Workspace.under(home())


@dataclass(frozen=True)
class Options:
    """How to run. Only `precision` changes numbers beyond a network's last bits: the result says so."""

    device: str = "cpu"
    batch_size: int = BATCH
    precision: Precision = "float32"


@dataclass
class _Clock:
    """Seconds spent in each stage."""

    stage: Literal["sampling", "measuring"] = "sampling"
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: Literal["sampling", "measuring"]) -> Iterator[None]:
        self.stage = stage
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - started


@dataclass(frozen=True)
class Evaluated:
    """A result, where it stands, and whether it was there before."""

    result: Result
    path: Path
    reused: bool


def evaluate(
    subject: Subject,
    track: Track,
    n: int | None = None,
    workspace: Workspace | None = None,
    options: Options | None = None,
) -> Evaluated:
    """Measure a subject on a track.

    Args:
        n: number of samples; the track's by default. A result with another number is recorded and never ranked.

    Raises:
        BadSamples, BadImages, BadFeatures: sampling or measuring failed; a failed result was recorded.
        CannotWrite: an output cannot be made.
    """
    workspace, options = workspace or Workspace.default(), options or Options()
    n = track.samples if n is None else n
    if n < 1:
        raise BadSamples(f"{n} samples", "use --samples 1 or more")
    if subject.images is not None:
        subject_images = subject.images.first(n)
        expect_shape(subject_images.read(0, 1), find(Dataset, track.dataset).shape, subject_images.name)
        n = subject_images.count
        specification = specify(subject, track, n, sequence_digest(subject_images.runs()), options.precision)
    else:
        subject_images = None
        specification = specify(subject, track, n, precision=options.precision)
    before = _measured_before(specification, subject, track, workspace)
    if before is not None:
        return before
    clock = _Clock()
    try:
        with clock.timed("sampling"):
            source, digest = _samples(specification, subject, track, subject_images, workspace, options)
        with clock.timed("measuring"):
            metrics, preview = _measure(source, track, options)
    except (BadSamples, BadImages, BadFeatures) as e:
        error = ErrorRecord(stage=clock.stage, type=type(e).__name__, message=e.fact)
        failed = _result(specification, subject, track, n, None, [], None, clock, options, error)
        save_result(failed, workspace.results, None)
        raise
    result = _result(specification, subject, track, n, digest, metrics, preview[0], clock, options, None)
    return Evaluated(result, save_result(result, workspace.results, preview[1]), reused=False)


def specify(
    subject: Subject, track: Track, n: int, digest: str | None = None, precision: Precision = "float32"
) -> dict[str, Any]:
    """All that decides a result: the same specification, the same id."""
    shape = list(find(Dataset, track.dataset).shape)
    generator = subject.generator
    return {
        "track": {"name": track.name, "version": track.version},
        "generator": generator.identity if generator else {"name": subject.record.name, "images": digest},
        "sampling": {
            "protocol": PROTOCOL,
            "n": n,
            "seed": track.seed if generator else None,
            "shape": shape,
            "block": generator.block if generator else None,
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


def references_of(
    track: Track, device: str, precision: Precision = "float32"
) -> dict[tuple[str, Against], ReferenceStatistics]:
    """A track's reference statistics by (extractor, split side): found, or built into the user's data folder."""
    return {key: obtain(recipe, device) for key, recipe in recipes_of(track, precision).items()}


def _measured_before(
    specification: dict[str, Any], subject: Subject, track: Track, workspace: Workspace
) -> Evaluated | None:
    path = workspace.results / track.id / subject.record.name / f"{result_id(specification)}.json"
    if not path.is_file():
        return None
    result = read_result(path)
    return None if result.status == "failed" else Evaluated(result, path, reused=True)


def _samples(
    specification: dict[str, Any],
    subject: Subject,
    track: Track,
    images: ImageSource | None,
    workspace: Workspace,
    options: Options,
) -> tuple[ImageSource, str]:
    """The samples and their digest: drawn and stored, or the images that were given."""
    if images is not None:
        return images, specification["generator"]["images"]
    plan = plan_for(subject, track, specification["sampling"]["n"])
    folder = workspace.samples / track.id / subject.record.name / plan.spec_id[:12]
    manifest = sample(plan, folder, options.batch_size)
    return source_of_shards(folder, manifest), manifest["digest"]


def _measure(
    source: ImageSource, track: Track, options: Options
) -> tuple[list[MetricRecord], tuple[PreviewRecord, bytes]]:
    references = references_of(track, options.device, options.precision)
    measured: dict[str, Measured] = {
        name: measure(
            converted(source, track.conversions.get(name, ())),
            load_extractor(name, options.device, options.precision),
            moments=False,
        )
        for name in track.extractors
    }
    metrics = score_track(track, measured, references)
    space = next(column.extractor for column in track.metrics if column.key == track.primary)
    train = load_split(track.dataset, track.train)
    return metrics, contact_sheet(source, measured[space], train, references[space, "train"])


def _result(
    specification: dict[str, Any],
    subject: Subject,
    track: Track,
    n: int,
    digest: str | None,
    metrics: list[MetricRecord],
    preview: PreviewRecord | None,
    clock: _Clock,
    options: Options,
    error: ErrorRecord | None,
) -> Result:
    sampling = specification["sampling"]
    sampling_s, measuring_s = (clock.seconds.get(stage, 0.0) for stage in ("sampling", "measuring"))
    status = "failed" if error else "complete" if all(m.value is not None for m in metrics) else "partial"
    return Result.model_validate(
        {
            "schema": 1,
            "id": result_id(specification),
            "status": status,
            "track": TrackRecord(name=track.name, version=track.version),
            "generator": subject.record,
            "sampling": SamplingRecord(
                protocol=PROTOCOL, n=n, seed=sampling["seed"], shape=tuple(sampling["shape"]), digest=digest
            ),
            "metrics": metrics,
            "specification": specification,
            "preview": preview,
            "environment": environment(options.device),
            "cost": Cost(
                sampling_s=sampling_s,
                measuring_s=measuring_s,
                images_per_s=n / sampling_s if subject.generator and digest and sampling_s > 0 else None,
                peak_memory_mib=peak_memory_mib(),
            ),
            "provenance": Provenance(
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                command=_command(subject, track, n, options.precision),
                trusted_code=subject.trusted_code,
            ),
            "error": error,
        }
    )


def _command(subject: Subject, track: Track, n: int, precision: Precision) -> str:
    """The command that makes this result again; a path is cut to its name, which is all a stranger can use."""
    registered = subject.record.kind == "registered"
    words = ["genboard evaluate", subject.source if registered else Path(subject.source).name, f"--track {track.name}"]
    if n != track.samples:
        words.append(f"--samples {n}")
    if not registered:
        words.append(f"--name {subject.record.name}")
    if subject.conversions:
        words.append(f"--convert {','.join(subject.conversions)}")
    if precision != "float32":
        words.append(f"--precision {precision}")
    if subject.trusted_code:
        words.append("--trust-code")
    return " ".join(words)
