"""Generator x track -> samples -> features -> metrics -> result.

A result whose specification has been measured before is read, not measured again. A run that fails is recorded with
its stage and its error; a user's interrupt is not a result.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from ..core.errors import BadFeatures, BadImages, BadSamples, BadWeights, BadWorkers, GenboardError
from ..core.executor import Executor, StoredExecutor
from ..core.files import digest_of, home, locked, sha256
from ..core.privacy import public
from ..reference_stats.build import obtain, recipes_of
from ..reference_stats.features import Measured, Pass, Stream, measure
from ..reference_stats.on_workers import drop_pieces, measure_on_workers, noting
from ..reference_stats.statistics import ReferenceStatistics, held_out_recipe
from ..registry.catalog import entries, find
from ..registry.conversions import converted
from ..registry.datasets import load_split
from ..registry.extractors import LiveExtractor, load_extractor
from ..registry.extractors.texts import load_texts
from ..registry.images import Images, ImageSource, digested, expect_shape, sequence_digest
from ..registry.schema import Against, Dataset, Extractor, Generator, Precision, Track
from .asked import answer_source, asked_of
from .drawing import Plan
from .drawing_crew import DrawingCrew
from .drawing_task import DrawingTask
from .environment import environment, peak_memory_mib
from .evaluation_target import EvaluationTarget, open_target, plan_for
from .feature_files import Workers, mapped
from .feature_task import measure_on
from .given_labels import refuse_labels
from .influences import encoded
from .overlap import FeatureWorker
from .preview import contact_sheet
from .result import (
    Cost,
    ErrorRecord,
    InfluenceRecord,
    MetricRecord,
    PreviewRecord,
    Provenance,
    Result,
    SpentRecord,
    WorkersRecord,
    read_result,
    result_id,
    save_result,
)
from .sampling import drop, sample
from .scoring import Answers, captioned_spaces, paired_spaces, score_suspicion, score_track
from .shards import source_of_shards
from .specification import specify
from .spending import Bill, Meter


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


Stage = Literal["sampling", "measuring"]


@dataclass
class _Clock:
    """The stage of a run, seconds spent in each so far, and how many samples were drawn, and by whom if not here.

    Attributes:
        meter: of this process.
        away: seconds of waiting for workers.
    """

    meter: Meter
    stage: Stage = "measuring"
    seconds: dict[Stage, float] = field(default_factory=dict)
    since: float = field(default_factory=time.perf_counter)
    drawn: int = 0
    crew: DrawingCrew | None = None
    away: float = 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.away += time.perf_counter() - began

    @contextmanager
    def timed(self, stage: Stage) -> Iterator[None]:
        """A stage, or one inside another, whose time then does not count for the outer one."""
        outer = self.stage
        self.turn(stage)
        yield
        self.turn(outer)  # after an error the stage stays what it was: that is where the run failed

    def count(self, drawn: int) -> None:
        self.drawn += drawn

    def turn(self, stage: Stage) -> None:
        now = time.perf_counter()
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self.since
        self.stage, self.since = stage, now


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
    clock = _Clock(Meter(options.device))
    place, made, workers = workspace.samples / track.id / target.record.name, options.executor, None
    pieces = place / f"{result_id(specification)}.features"
    if made is not None and not isinstance(made, StoredExecutor):  # what is compared lies in files that workers map
        workers = Workers(made, place / f"{result_id(specification)}.compared")
    try:
        references = references_of(track, options.device, options.precision, made, n, workers)
        spaces = {name: load_extractor(name, options.device, options.precision) for name in track.extractors}
        answers = answers_of(track, n, spaces)  # before anything is drawn: what it needs may be missing
        if images is not None:
            source, digest = images, specification["generator"]["images"]
            measured = {
                name: mapped(_measured(source, digest, seen, space, track, pieces, options), workers, n)
                for name, space in spaces.items()
            }
            labels = measured[track.space].labels
            refuse_labels(track, None if labels is None else labels.tolist(), source.name)
        else:
            plan = plan_for(target, track, n)
            folder = workspace.samples / track.id / target.record.name / plan.spec_id[:12]
            if options.executor is not None:
                task = DrawingTask.of(target, track, plan, options.device, options.batch_size)
                clock.crew = DrawingCrew(options.executor, task)
            source, digest, measured = _drawn(plan, folder, track, spaces, options, clock, workers)
        found = score_track(track, measured, references, answers, workers)
        held_out = held_out_of(track, options.device, options.precision, options.executor)
        suspicion = score_suspicion(track, measured, references, held_out)
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
    images: ImageSource,
    digest: str,
    seen: Sequence[bytes] | None,
    space: LiveExtractor,
    track: Track,
    pieces: Path,
    options: Options,
) -> Measured:
    """Images in a feature space; on workers where they can open them too, who leave their pieces in a folder."""
    conversions = track.conversions.get(space.entry.name, ())
    if options.executor is None or seen is None:
        return measure(converted(images, conversions), space, moments=False)
    return measure_on_workers(options.executor, images, space, pieces, digest, conversions, moments=False, seen=seen)


def references_of(
    track: Track,
    device: str,
    precision: Precision = "float32",
    executor: Executor | None = None,
    n: int = 0,
    workers: Workers | None = None,
) -> dict[tuple[str, Against], ReferenceStatistics]:
    """A track's reference statistics by (extractor, split side): found, or built into the user's data folder.

    Args:
        executor: whose workers build what is missing.
        n: samples to be compared with them.
        workers: by whom; large features then lie in files that they see.
    """
    recipes = recipes_of(track, precision)
    return {key: mapped(obtain(recipe, device, executor), workers, n) for key, recipe in recipes.items()}


def held_out_of(
    track: Track, device: str, precision: Precision = "float32", executor: Executor | None = None
) -> ReferenceStatistics | None:
    """Statistics of a track's held-out images in the space that ranks; none where the images are not available."""
    try:
        return obtain(held_out_recipe(track, track.space, precision), device, executor)
    except BadWorkers:
        raise
    except GenboardError:
        return None


def answers_of(track: Track, n: int, spaces: Mapping[str, LiveExtractor]) -> Answers:
    """What n samples of a track are compared with one by one; nothing on tracks that ask for nothing of the kind.

    Raises:
        BadSamples: the track has not so many answers.
        BadImages: its data set is not available.
        GenboardError: it needs features of captions, and a library or a file for them is not available.
    """
    if track.task not in ("text", "image"):
        return Answers()
    source = answer_source(track, n)
    pairs = {
        name: measure(converted(source, track.conversions.get(name, ())), spaces[name], moments=False)
        for name in paired_spaces(track)
    }
    captions = asked_of(track, n).captions
    if captions is None:
        return Answers(pairs=pairs)
    texts = {name: load_texts(name, str(spaces[name].device)) for name in captioned_spaces(track)}
    return Answers(captions, pairs, {name: half.features(captions) for name, half in texts.items()})


def _drawn(
    plan: Plan,
    folder: Path,
    track: Track,
    spaces: Mapping[str, LiveExtractor],
    options: Options,
    clock: _Clock,
    workers: Workers | None,
) -> tuple[ImageSource, str, dict[str, Measured]]:
    """The samples of a plan, their digest and their features, which are computed while further ones are drawn.

    Time in which the drawing waits for the features counts as measuring. Workers first draw all, then measure all.
    """
    if clock.crew is not None:
        with clock.timed("sampling"), clock.waiting():
            manifest = sample(plan, folder, options.batch_size, None, clock.count, clock.crew)
        made, name = clock.crew.executor, plan.generator.name
        keep = partial(mapped, workers=workers, others=plan.n)
        with clock.waiting():
            measured = measure_on(
                made, folder, manifest, track, options.device, options.precision, name, clock.crew.bill, keep
            )
        return source_of_shards(folder, manifest), manifest["digest"], measured
    streams = {
        name: Stream(Pass(plan.generator.name, plan.n, space, moments=False), track.conversions.get(name, ()))
        for name, space in spaces.items()
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
    clock: _Clock,
    digest: str | None = None,
    metrics: Sequence[MetricRecord] = (),
    suspicion: Sequence[MetricRecord] | None = None,
    preview: PreviewRecord | None = None,
    influences: InfluenceRecord | None = None,
    error: ErrorRecord | None = None,
) -> Result:
    sampling = specification["sampling"]
    n: int = sampling["n"]
    clock.turn(clock.stage)
    sampling_s, measuring_s = (clock.seconds.get(stage, 0.0) for stage in get_args(Stage))
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
            "environment": environment(options.device, target.library),
            "cost": Cost(
                sampling_s=sampling_s,
                measuring_s=measuring_s,
                images_per_s=clock.drawn / sampling_s if digest and clock.drawn and sampling_s > 0 else None,
                drawn=clock.drawn if target.generator and clock.drawn < n else None,
                peak_memory_mib=peak_memory_mib(),
                workers=_workers(clock.crew) if clock.drawn else None,
                spent=_spent(clock, target),
            ),
            "provenance": Provenance(
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                command=_command(target, track, n, options.precision),
                trusted_code=_ran_code(target, track),
            ),
            "error": error,
        }
    )


def _workers(crew: DrawingCrew | None) -> WorkersRecord | None:
    if crew is None:
        return None
    made = crew.executor
    return WorkersRecord(
        executor=made.name,
        count=made.workers,
        seconds=crew.drawing_s,
        restarts=made.restarts,
        peak_memory_mib=crew.bill.peak_memory_mib,
    )


def _spent(clock: _Clock, target: EvaluationTarget) -> SpentRecord:
    bill, mine = Bill() if clock.crew is None else clock.crew.bill, clock.meter.spent()
    # A GPU of this process may be one that workers have counted already.
    bill.add(replace(mine, seconds=mine.seconds - clock.away, joules=None if clock.crew else mine.joules))
    entry = entries(Generator).get(target.record.name) if target.record.kind == "registered" else None
    return SpentRecord(
        device_seconds=bill.device_seconds, energy_j=bill.joules, evaluations=entry.nfe if entry else None
    )


def _ran_code(target: EvaluationTarget, track: Track) -> bool:
    """Whether code of others ran: that of the generator, or of one of the track's feature spaces."""
    return target.trusted_code or any(find(Extractor, name).runs_code for name in track.extractors)


def _command(target: EvaluationTarget, track: Track, n: int, precision: Precision) -> str:
    """The command that makes this result again; a path is cut to its name, which is all a stranger can use."""
    registered = target.record.kind == "registered"
    words = ["genboard evaluate", target.source if registered else Path(target.source).name, f"--track {track.name}"]
    if n != track.samples:
        words.append(f"--samples {n}")
    if not registered:
        words.append(f"--name {target.record.name}")
    if target.conversions:
        words.append(f"--convert {','.join(target.conversions)}")
    if precision != "float32":
        words.append(f"--precision {precision}")
    if _ran_code(target, track):
        words.append("--trust-code")
    return " ".join(words)
