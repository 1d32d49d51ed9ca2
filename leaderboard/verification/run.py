"""A verification run: level by level, as far as there are inputs; every attempt leaves an entry in the log."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...benchmarks.result import Result, read_result
from ...benchmarks.runner import Options
from ...core.errors import BadSamples
from ...core.executor import Executor
from ...core.files import home, make_folder
from ...registry.extractors import Runtime
from .inputs import generator_at_hand, generator_of, precision_of, samples_of, track_of
from .levels import Outcome, recompute, reproduce, resample
from .log import VerificationStatus, append, new_entry, read_entries, refuse_unwritable, status
from .log_entry import Entry, MeasuredLevel
from .private import check_private, private_images

SEED_BITS = 48  # of a fresh seed: a whole number that every reader of JSON keeps


@dataclass(frozen=True)
class VerificationRun:
    """What became of an attempt at one or more levels.

    Attributes:
        outcomes: of the levels that were tried, in order; after one that failed no other is.
        entries: as they were, or would be, written.
        status: of the result, with them.
    """

    path: Path
    result: Result
    outcomes: tuple[Outcome, ...]
    entries: tuple[Entry, ...]
    status: VerificationStatus
    written: bool

    @property
    def problem(self) -> str | None:
        return self.outcomes[-1].problem

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.result.id,
            "generator": self.result.generator.name,
            "track": self.result.track.model_dump(mode="json"),
            "verified": self.problem is None,
            "level": self.status.level,
            "failed": self.status.failed,
            "disputed": self.status.disputed,
            "withdrawn": self.status.withdrawn,
            "written": self.written,
            "entries": [entry.to_json() for entry in self.entries],
        }


def verify(
    path: Path,
    *,
    level: MeasuredLevel | None = None,
    samples: Path | None = None,
    conversions: tuple[str, ...] = (),
    source: str | None = None,
    trust_code: bool = False,
    seed: int | None = None,
    private: Path | None = None,
    device: str = "cpu",
    runtime: Runtime = "torch",
    executor: Executor | None = None,
    by: str | None = None,
    write: bool = True,
    report: Callable[[Outcome], None] = lambda _: None,
) -> VerificationRun:
    """Measure a result again and append what was found to its log.

    Args:
        level: the one to try; by default as far up as there are samples and a generator at hand, fresh seeds excepted.
        samples: the submitted ones; by default those in the user's data folder.
        conversions: of the images in `samples`, as they were when the result was made.
        source: the user's function that drew them.
        seed: for a fresh draw, in place of one from the system: one that the log holds, to repeat it.
        private: images of the track's private reference, to be compared with the samples where these are recomputed.
        runtime: what computes the networks of feature spaces.
        executor: whose workers draw and measure; none: this process.
        report: called with every outcome once it is in the log.

    Raises:
        BadEntry: the file, or its log, is damaged, or it cannot be measured again as it was: which field.
        BadSamples, BadImages, NotTrusted, UnknownName: samples or generator are not available, or are others.
        BadWorkers: see `Executor.run`.
        CannotWrite: there is no place for the log.
    """
    result = read_result(path)
    before = read_entries(path)
    if write:
        refuse_unwritable(path)
    _refuse_chosen_seed(seed, level, before, write)
    track = track_of(path, result)
    options = Options(device, precision=precision_of(result), executor=executor, runtime=runtime)
    found = None if level == "resampled" else samples_of(result, samples, conversions)
    hidden = None if private is None else private_images(track, private)
    if hidden is not None and found is None:
        raise BadSamples("the private reference is compared with the submitted samples", "add --samples FOLDER")
    outcomes: list[Outcome] = []
    entries: list[Entry] = []
    for tried in _levels(result, level, found is not None, source):
        with tempfile.TemporaryDirectory(dir=make_folder(home() / "verifying"), ignore_cleanup_errors=True) as folder:
            room = Path(folder)
            if tried == "recomputed":
                assert found is not None
                outcome = recompute(path, result, track, found, options, room)
                if hidden is not None:
                    checked = check_private(found, track, hidden, options)
                    outcome = replace(outcome, figures=outcome.figures.model_copy(update={"private": checked}))
            else:
                generator = generator_of(path, result, track, source, trust_code)
                if tried == "reproduced":
                    outcome = reproduce(path, result, track, generator, found, options, room)
                else:
                    fresh = secrets.randbits(SEED_BITS) if seed is None else seed
                    outcome = resample(result, track, generator, fresh, options, room)
        kind = "failed" if outcome.problem else tried
        entry = new_entry(path, kind, by=by, level=tried, figures=outcome.figures, reason=outcome.problem)
        entries.append(append(path, entry) if write else entry)
        outcomes.append(outcome)
        report(outcome)
        if outcome.problem:
            break
    after = read_entries(path) if write else (*before, *entries)
    return VerificationRun(path, result, tuple(outcomes), tuple(entries), status(after), write)


def _levels(result: Result, asked: MeasuredLevel | None, samples: bool, source: str | None) -> list[MeasuredLevel]:
    """Which levels to try.

    Raises:
        BadSamples: there is nothing to measure with.
    """
    give = "give the submitted samples: genboard verify FILE --samples FOLDER"
    if asked == "recomputed" and not samples:
        raise BadSamples(f"the samples of {result.generator.name} are not in the data folder", give)
    if asked is not None:
        return [asked]
    at_hand: list[tuple[MeasuredLevel, bool]] = [
        ("recomputed", samples),
        ("reproduced", generator_at_hand(result, source)),
    ]
    levels = [level for level, there in at_hand if there]
    if not levels:
        raise BadSamples(f"neither the samples nor the generator of {result.generator.name} are available", give)
    return levels


def _refuse_chosen_seed(seed: int | None, level: MeasuredLevel | None, log: tuple[Entry, ...], write: bool) -> None:
    if seed is None:
        return
    if level != "resampled":
        raise BadSamples("--seed needs a fresh draw", "add --level resampled, or remove --seed")
    logged = [entry.figures.seed for entry in log if entry.figures is not None]
    if write and seed not in logged:
        raise BadSamples(
            f"seed {seed} is not in the log, and a seed that somebody chose proves nothing",
            "remove --seed, or add --dry-run",
        )
