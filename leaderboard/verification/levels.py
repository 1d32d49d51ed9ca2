"""The three measurements: of the submitted samples, of samples drawn again, and of samples from a fresh seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from ...benchmarks.difference import standardized
from ...benchmarks.evaluation_target import EvaluationTarget
from ...benchmarks.result import Environment, MetricRecord, Result, read_result
from ...benchmarks.runner import Options, Workspace, evaluate
from ...core.errors import BadSamples
from ...registry.images import ImageSource
from ...registry.schema import Track
from ...registry.sources import open_images
from .log_entry import Compared, Figures, MeasuredLevel, Pixels
from .samples import compare_samples, preview_off, preview_problem
from .sensitivity import sensitivity
from .tolerance import PIXELS_OFF, compare

LUCKY = 0.01  # a published value so much better than a fresh one has this chance, or less, of being an ordinary draw


# Of an environment, what decides the last bits.
_BITS = (
    "system",
    "processor",
    "device",
    "torch",
    "numpy",
    "vendor",
    "family",
    "blas",
    "numpy_blas",
    "kernels",
    "runtime",
)
# Of what a result says of its generator, that which decides whether and where it is ranked.
_DECISIVE = ("name", "kind", "task", "baseline", "noise_floor")


@dataclass(frozen=True)
class Outcome:
    """What a measurement found, and why it does not do; none if it does."""

    level: MeasuredLevel
    figures: Figures
    problem: str | None


def recompute(
    path: Path, result: Result, track: Track, samples: ImageSource, options: Options, folder: Path
) -> Outcome:
    """The metrics again, from the submitted samples, and the preview."""
    target = EvaluationTarget(result.generator, samples.name, images=samples)
    place = evaluate(target, track, result.sampling.n, Workspace.under(folder), options).path
    found = read_result(place)
    columns = _compared(result, found, samples, track, options, 0.0)
    beside = compared_suspicion(result.suspicion or (), found.suspicion or ())
    problem = _problem(columns) or _problem(beside) or preview_problem(preview_off(path, place))
    return Outcome("recomputed", _figures(columns, found), problem)


def compared_suspicion(published: Sequence[MetricRecord], found: Sequence[MetricRecord]) -> tuple[Compared, ...]:
    """The metrics of suspicion. Values of an earlier version are not compared: boards take what was found now."""
    version = {record.key: record.version for record in found}
    return compare([one for one in published if one.version >= version.get(one.key, one.version)], found)


def reproduce(
    path: Path,
    result: Result,
    track: Track,
    generator: EvaluationTarget,
    samples: ImageSource | None,
    options: Options,
    folder: Path,
) -> Outcome:
    """The samples again, from weights and seed, and the metrics of those.

    Args:
        samples: the submitted ones, to compare pixels with where the digests differ; else the preview serves.
    """
    workspace = Workspace.under(folder)
    place = evaluate(generator, track, result.sampling.n, workspace, options).path
    found = read_result(place)
    drawn = open_images(next(workspace.samples.rglob("manifest.json")).parent)
    pixels, problem = compare_samples(result, found, samples, drawn, preview_off(path, place))
    # Of samples that are not at hand, as many values may differ as are allowed to.
    share = 0.0 if pixels.published == pixels.found else pixels.share_off if samples is not None else PIXELS_OFF
    columns = _compared(result, found, drawn, track, options, min(share or 0.0, PIXELS_OFF))
    if pixels.published != pixels.found and _alike(result.environment, found.environment):
        problem = problem or "on a machine like the published one the samples have another digest"
    fields = [f for f in _DECISIVE if getattr(result.generator, f) != getattr(generator.record, f)]
    if fields:
        problem = problem or f"the registry says otherwise of the generator's {', '.join(fields)}"
    if result.status != found.status:
        problem = problem or f"the status is {found.status}, not {result.status}"
    return Outcome("reproduced", _figures(columns, found, pixels), problem or _problem(columns))


def _alike(a: Environment, b: Environment) -> bool:
    """Whether networks are promised to come out to the bit."""
    return all(getattr(a, field) == getattr(b, field) for field in _BITS)


def _compared(
    result: Result, found: Result, samples: ImageSource, track: Track, options: Options, share: float
) -> tuple[Compared, ...]:
    """The columns; where one does not agree as it is, by what the differences between samples explain.

    Args:
        share: of the values of these samples and the published ones, how many differ by a grey level.
    """
    columns = compare(result.metrics, found.metrics)
    near = [c for c in columns if not c.agrees and c.found is not None and c.published is not None]
    if not near:
        return columns
    return compare(result.metrics, found.metrics, sensitivity(samples, track, options, share))


def resample(
    result: Result, track: Track, generator: EvaluationTarget, seed: int, options: Options, folder: Path
) -> Outcome:
    """Samples from a fresh seed, and whether the published value was a lucky draw.

    Raises:
        BadSamples: the seed is the published one, or the track's primary column has no standard error to go by.
    """
    if seed == result.sampling.seed:
        raise BadSamples(f"seed {seed} is the published one", "remove --seed to draw a fresh one")
    reseeded = track.model_copy(update={"seed": seed})
    found = read_result(evaluate(generator, reseeded, result.sampling.n, Workspace.under(folder), options).path)
    again = {record.key: record for record in found.metrics}
    columns = tuple(_redrawn(record, again.get(record.key)) for record in result.metrics)
    primary = next((c for c in columns if c.column == track.primary), None)
    if primary is None or primary.in_se is None:
        raise BadSamples(
            f"{track.primary} has no standard error: so a lucky draw cannot be detected",
            "reproduce it instead: genboard verify FILE --level reproduced",
        )
    better = next(record.direction for record in result.metrics if record.key == track.primary)
    p = NormalDist().cdf(primary.in_se if better == "lower" else -primary.in_se)
    figures = _figures(columns, found, fresh=True).model_copy(update={"seed": seed, "p": p})
    lucky = f"{track.primary} was a lucky draw: {abs(primary.in_se):.1f} standard errors better than a fresh one"
    return Outcome("resampled", figures, f"{lucky}, p = {p:.2g}" if p < LUCKY else None)


def _redrawn(published: MetricRecord, found: MetricRecord | None) -> Compared:
    """A column of another draw: the difference in standard errors of the difference; it need not agree."""
    value, z = (found.value, standardized(published, found)) if found else (None, None)
    return Compared(column=published.key, published=published.value, found=value, in_se=z, agrees=True)


def _figures(columns: Sequence[Compared], found: Result, pixels: Pixels | None = None, fresh: bool = False) -> Figures:
    apart = [abs(c.in_se) for c in columns if c.in_se is not None]
    return Figures(
        columns=len(columns),
        differing=tuple(c for c in columns if not c.agrees or c.published != c.found),
        largest_in_se=max(apart, default=None),
        pixels=pixels,
        environment=found.environment,
        suspicion=None if fresh or found.suspicion is None else tuple(found.suspicion),
    )


def _problem(columns: Sequence[Compared]) -> str | None:
    off = [c for c in columns if not c.agrees]
    if not off:
        return None
    worst = max(off, key=lambda c: abs(c.in_se or 0))
    by = f" by {abs(worst.in_se):.3g} standard errors" if worst.in_se and abs(worst.in_se) >= 0.01 else ""
    return f"{len(off)} of {len(columns)} columns differ, {worst.column}{by}: {worst.problem}"
