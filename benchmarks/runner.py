"""Generator x track -> samples -> features -> metrics -> result.

A result whose specification has been measured before is read, not measured again. A run that fails is recorded with
its stage and its error; a user's interrupt is not a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from ..core.errors import BadFeatures, BadImages, BadSamples, BadWeights
from ..core.executor import Executor, StoredExecutor
from ..core.files import home, locked, sha256
from ..core.privacy import public
from ..core.serialization import digest_of
from ..core.spending import Meter
from ..reference_stats.features import Measured, Pass, Stream, measure
from ..reference_stats.measuring_task import MeasuringTask
from ..reference_stats.on_workers import Wanted, drop_pieces, measure_on_workers, noting
from ..registry.catalog import find
from ..registry.conversions import converted
from ..registry.datasets import load_split
from ..registry.extractors import LiveExtractor, Runtime, load_extractor
from ..registry.images import Images, ImageSource, digested, expect_shape, sequence_digest
from ..registry.schema import Dataset, Extractor, Precision, Track
from .drawing import Plan
from .drawing_crew import DrawingCrew
from .drawing_task import DrawingTask
from .environment import environment
from .evaluation_target import EvaluationTarget, open_target, plan_for
from .feature_files import Workers, mapped
from .given_labels import refuse_labels
from .influences import encoded
from .overlap import FeatureWorker
from .preview import contact_sheet
from .result import (
    ErrorRecord,
    InfluenceRecord,
    MetricRecord,
    PreviewRecord,
    Provenance,
    Result,
    read_result,
    result_id,
    save_result,
)
from .run_cost import RunClock
from .sampling import drop, sample
from .scoring import score_suspicion, score_track
from .shards import SHARD, source_of_shards
from .specification import specify
from .track_references import answers_of, held_out_of, references_of


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
    batch_size: int | None = None  # none: found on the way
    precision: Precision = "float32"
    keep_samples: bool = True  # those drawn here, once they are measured
    executor: Executor | None = None  # whose workers draw and measure the samples; none: this process
    runtime: Runtime = "torch"  # what computes the networks of feature spaces


@dataclass(frozen=True)
class Evaluated:
    """A result, where it stands, and whether it was there before."""

    result: Result
    path: Path
    reused: bool


def evaluate(
    target: EvaluationTarget | str,
    track: Track | str,
    n: int | None = None,
    workspace: Workspace | None = None,
    options: Options | None = None,
) -> Evaluated:
    """Measure a generator or images on a track; both may be given by name.

    Args:
        n: number of samples; the track's by default. A result with another number is recorded and never ranked.

    Raises:
        UnknownName: no such generator or track.
        BadSamples, BadImages, BadFeatures, BadWeights: sampling or measuring failed; a failed result was recorded.
        CannotWrite: an output cannot be made.
    """
    workspace, options = workspace or Workspace.default(), options or Options()
    track = find(Track, track) if isinstance(track, str) else track
    target = open_target(target, track, device=options.device) if isinstance(target, str) else target
    n = track.samples if n is None else n
    if n < 1:
        raise BadSamples(f"{n} samples", "use --samples 1 or more")
    seen: list[bytes] | None = None
    if target.images is not None:
        images = target.images.first(n)
        first = images.read(0, 1)
        expect_shape(first, find(Dataset, track.dataset).shape, images.name)
        refuse_labels(track, None if first.labels is None else first.labels.tolist(), images.name)
        n = images.count
        if options.executor is not None and images.again is not None:
            seen = []
            digest = sequence_digest(noting(images.runs(), seen))  # workers read them again, and must read the same
        else:
            images, digest = digested(images)
        specification = specify(target, track, n, digest, options.precision)
    else:
        images = None
        specification = specify(target, track, n, precision=options.precision)
    path = workspace.results / track.id / target.record.name / f"{result_id(specification)}.json"
    if (before := _measured_before(path)) is not None:
        return before
    # Runs of the same samples take turns: the second finds the samples of the first, and an equal one its result.
    turn = digest_of([specification["generator"], specification["sampling"]])[:12]
    lock = workspace.samples / track.id / target.record.name / f".{turn}.lock"
    with locked(lock, f"measuring {target.record.name} on {track.id}") as waited:
        if waited and (before := _measured_before(path)) is not None:
            return before
        if options.executor is not None and (images is None or seen is not None):
            task = DrawingTask if images is None else MeasuringTask
            options.executor.start(-(-n // SHARD), task.__module__)
        return Evaluated(_measure(specification, target, images, seen, track, workspace, options), path, reused=False)


def _measured_before(path: Path) -> Evaluated | None:
    result = read_result(path) if path.is_file() else None
    return None if result is None or result.status == "failed" else Evaluated(result, path, reused=True)


def _measure(
    specification: dict[str, Any],
    target: EvaluationTarget,
    images: ImageSource | None,
    seen: Sequence[bytes] | None,
    track: Track,
    workspace: Workspace,
    options: Options,
) -> Result:
    """Draw the samples unless there are images, measure them, and save the result: one of a failure, too.

    Args:
        seen: the digests of the images, where workers are to measure them.
    """
    n: int = specification["sampling"]["n"]
    clock = RunClock(Meter(options.device))
    place, made, workers = workspace.samples / track.id / target.record.name, options.executor, None
    pieces = place / f"{result_id(specification)}.features"
    if made is not None and not isinstance(made, StoredExecutor):  # what is compared lies in files that workers map
        compared = place / f"{result_id(specification)}.compared"
        workers = Workers(made, compared, clock.bill, options.device)
    try:
        references = references_of(track, options.device, options.precision, made, n, workers, options.runtime)
        how = options.device, options.precision, options.runtime
        spaces = {name: load_extractor(name, *how) for name in track.extractors}
        answers = answers_of(track, n, spaces)  # before anything is drawn: what it needs may be missing
        if images is not None:
            source, digest = images, specification["generator"]["images"]
            measured = _measured(source, digest, seen, track, spaces, pieces, options, clock, workers)
            labels = measured[track.space].labels
            refuse_labels(track, None if labels is None else labels.tolist(), source.name)
        else:
            plan = plan_for(target, track, n)
            pieces = folder = place / plan.spec_id[:12]
            if options.executor is not None:
                task = DrawingTask.of(target, track, plan, options.device, options.batch_size)
                clock.crew = DrawingCrew(options.executor, task, clock.bill)
            source, digest, measured = _drawn(plan, folder, track, spaces, options, clock, workers)
        found = score_track(track, measured, references, answers, workers, options.device)
        held_out = held_out_of(track, options.device, options.precision, options.executor, options.runtime)
        suspicion = score_suspicion(track, measured, references, held_out, options.device)
        train = load_split(track.dataset, track.train)
        preview = contact_sheet(source, measured[track.space], train, references[track.space, "train"])
    except (BadSamples, BadImages, BadFeatures, BadWeights) as e:
        error = ErrorRecord(stage=clock.stage, type=type(e).__name__, message=public(e.fact))
        failed = _result(specification, target, track, options, clock, error=error)
        save_result(failed, workspace.results, None)
        if workers is not None:
            workers.sweep()
        drop_pieces(pieces)
        raise
    influences = encoded({one.record.key: one.influence for one in found if one.influence is not None})
    result = _result(
        specification,
        target,
        track,
        options,
        clock,
        digest=digest,
        metrics=[one.record for one in found],
        preview=preview[0],
        suspicion=suspicion,
        influences=InfluenceRecord(sha256=sha256(influences)) if influences else None,
    )
    save_result(result, workspace.results, preview[1], influences)
    drop_pieces(pieces)
    if workers is not None:
        workers.sweep()
    if images is None and not options.keep_samples:
        drop(folder)
    return result


def _measured(
    source: ImageSource,
    digest: str,
    seen: Sequence[bytes] | None,
    track: Track,
    spaces: Mapping[str, LiveExtractor],
    pieces: Path,
    options: Options,
    clock: RunClock,
    workers: Workers | None,
) -> dict[str, Measured]:
    """Images in every feature space; on workers where they can open them too, who leave their pieces in a folder."""
    keep = partial(mapped, workers=workers, others=source.count)
    wanted = {name: Wanted(space, track.conversions.get(name, ()), moments=False) for name, space in spaces.items()}
    if options.executor is None or source.again is None:
        return {
            name: keep(measure(converted(source, one.conversions), one.extractor, moments=False))
            for name, one in wanted.items()
        }
    return measure_on_workers(options.executor, source, [*wanted.values()], pieces, digest, seen, clock.bill, keep)


def _drawn(
    plan: Plan,
    folder: Path,
    track: Track,
    spaces: Mapping[str, LiveExtractor],
    options: Options,
    clock: RunClock,
    workers: Workers | None,
) -> tuple[ImageSource, str, dict[str, Measured]]:
    """The samples of a plan, their digest and their features, which are computed while further ones are drawn.

    Time in which the drawing waits for the features counts as measuring. Workers first draw all, then measure all.
    """
    name = plan.generator.name
    if clock.crew is not None:
        with clock.timed("sampling"):
            manifest = sample(plan, folder, options.batch_size, None, clock.count, clock.crew)
        source, digest = replace(source_of_shards(folder, manifest), name=name), manifest["digest"]
        return source, digest, _measured(source, digest, None, track, spaces, folder, options, clock, workers)
    streams = {
        space: Stream(Pass(name, plan.n, extractor, moments=False), track.conversions.get(space, ()))
        for space, extractor in spaces.items()
    }
    with clock.timed("sampling"), FeatureWorker(streams) as worker:

        def give(images: Images) -> None:
            with clock.timed("measuring"):
                worker.give(images)

        manifest = sample(plan, folder, options.batch_size, give, clock.count)
        with clock.timed("measuring"):
            worker.finish()
    return source_of_shards(folder, manifest), manifest["digest"], worker.measured


def _result(
    specification: dict[str, Any],
    target: EvaluationTarget,
    track: Track,
    options: Options,
    clock: RunClock,
    digest: str | None = None,
    metrics: Sequence[MetricRecord] = (),
    suspicion: Sequence[MetricRecord] | None = None,
    preview: PreviewRecord | None = None,
    influences: InfluenceRecord | None = None,
    error: ErrorRecord | None = None,
) -> Result:
    sampling = specification["sampling"]
    n: int = sampling["n"]
    return Result.model_validate(
        {
            "schema": 1,
            "id": result_id(specification),
            "status": "failed" if error else "complete" if all(m.value is not None for m in metrics) else "partial",
            "track": specification["track"],
            "generator": target.record,
            "sampling": {**{key: sampling[key] for key in ("protocol", "n", "seed", "shape")}, "digest": digest},
            "metrics": list(metrics),
            "specification": specification,
            "preview": preview,
            "influences": influences,
            "suspicion": suspicion,
            "environment": environment(options.device, target.library, options.runtime),
            "cost": clock.cost(target, n, drew=digest is not None),
            "provenance": Provenance(
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                command=_command(target, track, n, options),
                trusted_code=_ran_code(target, track),
            ),
            "error": error,
        }
    )


def _ran_code(target: EvaluationTarget, track: Track) -> bool:
    """Whether code of others ran: that of the generator, or of one of the track's feature spaces."""
    return target.trusted_code or any(find(Extractor, name).runs_code for name in track.extractors)


def _command(target: EvaluationTarget, track: Track, n: int, options: Options) -> str:
    """The command that makes this result again; a path is cut to its name, which is all a stranger can use."""
    registered = target.record.kind == "registered"
    words = ["genboard evaluate", target.source if registered else Path(target.source).name, f"--track {track.name}"]
    if n != track.samples:
        words.append(f"--samples {n}")
    if not registered:
        words.append(f"--name {target.record.name}")
    if target.conversions:
        words.append(f"--convert {','.join(target.conversions)}")
    if options.precision != "float32":
        words.append(f"--precision {options.precision}")
    if options.runtime != "torch":
        words.append(f"--runtime {options.runtime}")
    if _ran_code(target, track):
        words.append("--trust-code")
    return " ".join(words)
