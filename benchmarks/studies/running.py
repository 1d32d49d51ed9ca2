"""Run a study: a study x a track x generators -> its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

from ...core.errors import BadStudy, GenboardError
from ...core.executor import Executor
from ...core.privacy import public
from ...registry.catalog import entries, find
from ...registry.schema import Dataset, Extractor, Generator, Track
from .context import StudyContext, gather
from .crew import draw_ahead, working_ahead
from .listing import STUDIES, Study, find_study
from .table import SCHEMA, Row, Table


def run_study(
    study: Study,
    track: Track,
    generators: Sequence[str] | None = None,
    parameters: Mapping[str, int] | None = None,
    device: str = "cpu",
    tell: Callable[[str], None] = lambda _: None,
    context: StudyContext | None = None,
    *,
    trust_code: bool = False,
    samples: int | None = None,
    names: Sequence[str] = (),
    executor: Executor | None = None,
) -> Table:
    """The table of a study on a track. What an interrupted run finished is found again.

    A generator that cannot be drawn, such as one whose code is not trusted, is left out; the card says why.

    Args:
        generators: registered ones, or images; all that run on the track by default.
        parameters: other than the study's own.
        tell: called with the name of each unit of work as it begins, and with what is left out.
        context: of this track and these generators, where it is at hand; what follows is then taken from it.
        trust_code: leave to run code that comes with a generator.
        samples: how many of each generator; as many as the track asks for by default.
        names: what the table calls sources that are in no registry, in their order.
        executor: whose workers work ahead, see `crew`; the table is the same.

    Raises:
        UnknownName: no such generator.
        BadWorkers: see `Executor.run`.
        BadStudy: fewer generators than it needs, a parameter that it does not have, or one out of range; or a track of
            texts, where it alters pictures.
    """
    stray = sorted(set(parameters or {}) - set(study.parameters))
    if stray:
        raise BadStudy(
            f"the study {study.name!r} has no parameter {stray[0]!r}",
            f"it has: {', '.join(study.parameters) or 'none'}",
        )
    if study.of_pictures and find(Dataset, track.dataset).alphabet:
        raise BadStudy(
            f"the study {study.name!r} alters pictures, the samples of {track.name} are texts", "name a track of images"
        )
    if context is None:
        track = with_samples(track, samples)
        if study.of_real and not generators:
            context = StudyContext(track, (), device)  # a track without generators has real images too
        else:
            context = gather(track, generators, device, study.baselines, None, trust_code, names)
    taking = context.generators if study.baselines or generators is not None else context.ranked
    left_out: dict[str, str] = {}
    if study.of_real:
        left_out, taking = dict.fromkeys(generators or (), "the study looks at no generator"), ()
    own = replace(context, generators=taking, left_out=left_out, named=generators is not None, tell=tell)
    if executor is not None:
        draw_ahead(executor, study, own)
    own = replace(own, generators=_drawn(own))
    if not study.of_real and len(own.generators) < study.least:
        count = len(own.generators)
        raise BadStudy(
            f"{count} generator{'s' * (count != 1)} on track {track.name!r}, but the study {study.name!r} compares "
            f"{study.least} or more",
            "name more with --generators",
        )
    chosen = {**study.parameters, **(parameters or {})}
    with working_ahead(executor, study, own, chosen) as led:
        rows = study.run(led, **chosen)
    return _table(study, own, chosen, rows)


def with_samples(track: Track, samples: int | None) -> Track:
    """The track with another number of samples, where one is given.

    Raises:
        BadStudy: fewer than two.
    """
    if samples is not None and samples < 2:
        raise BadStudy(f"{samples} samples of each generator are too few", "use --samples 2 or more")
    return track if samples is None else track.model_copy(update={"samples": samples})


def _drawn(context: StudyContext) -> tuple[str, ...]:
    """The generators whose samples are there or can be drawn; the others are left out, each tried once in a run.

    Raises:
        GenboardError: that of the first one, where all fail.
    """
    failed: dict[str, tuple[GenboardError, str]] = context.memory.setdefault("failed", {})
    for name in context.generators:
        if name in failed:
            context.left_out[name] = failed[name][1]
        elif isinstance(error := context.attempt(name, partial(context.digest, name)), GenboardError):
            failed[name] = error, context.left_out[name]
    left = tuple(name for name in context.generators if name not in failed)
    if context.generators and not left:
        raise failed[context.generators[0]][0]
    return left


def _table(study: Study, context: StudyContext, parameters: Mapping[str, int], rows: list[Row]) -> Table:
    track, registered = context.track, entries(Generator)
    spaces: list[Any] = sorted({row["extractor"] for row in rows if row.get("extractor")} | {context.space})
    generators = [
        {
            "name": name,
            "digest": context.digest(name),
            "family": context.target(name).record.family,
            "baseline": context.is_baseline(name),
            "noise_floor": name in registered and registered[name].noise_floor,
        }
        for name in context.generators
    ]
    card = {
        **{word: getattr(study, word) for word in ("title", "question", "method", "version")},
        "primary": track.primary,
        "n": context.n,
        "seed": track.seed,
        "generators": generators,
        "parameters": dict(parameters),
        "extractors": [find(Extractor, name).identity() for name in spaces],
        "references": {name: context.recipe(name).id for name in spaces},
        "left_out": {name: public(why) for name, why in context.left_out.items()},
        "genboard": version("genboard"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    named = {"name": track.name, "version": track.version}
    return Table.model_validate({"schema": SCHEMA, "study": study.name, "track": named, "card": card, "rows": rows})


def run_all(
    track: Track,
    generators: Sequence[str] | None = None,
    device: str = "cpu",
    tell: Callable[[str], None] = lambda _: None,
    done: Callable[[Table], None] = lambda _: None,
    skipped: Callable[[str, str], None] = lambda _, __: None,
    only: Sequence[str] = tuple(STUDIES),
    *,
    trust_code: bool = False,
    samples: int | None = None,
    names: Sequence[str] = (),
    executor: Executor | None = None,
) -> list[Table]:
    """Every study of a track, or those named, on shared samples and features; arguments as of `run_study`.

    Args:
        done: called with each table as it is there.
        skipped: called with a study that this track or these generators do not allow, and why.
    """
    context = gather(with_samples(track, samples), generators, device, trust_code=trust_code, names=names)
    tables = []
    for study in map(find_study, only):
        try:
            table = run_study(study, context.track, generators, None, device, tell, context, executor=executor)
        except BadStudy as e:
            skipped(study.name, e.fact)
            continue
        done(table)
        tables.append(table)
    return tables
