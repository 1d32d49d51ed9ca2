"""Run a study: a study x a track x generators -> its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from ...core.errors import BadStudy
from ...core.privacy import public
from ...registry.catalog import find
from ...registry.schema import Extractor, Track
from .context import StudyContext, gather
from .listing import STUDIES, Study, find_study
from .steps import Steps
from .table import Row, Table


def run_study(
    study: Study,
    track: Track,
    generators: Sequence[str] | None = None,
    parameters: Mapping[str, int] | None = None,
    device: str = "cpu",
    tell: Callable[[str], None] = lambda _: None,
    context: StudyContext | None = None,
) -> Table:
    """The table of a study on a track. What an interrupted run finished is found again.

    Args:
        generators: registered ones, or images; all that run on the track by default.
        parameters: other than the study's own.
        tell: called with the name of each unit of work as it begins.
        context: of this track and these generators, where it is at hand.

    Raises:
        UnknownName: no such generator.
        BadStudy: fewer generators than it needs, a parameter that it does not have, or one out of range.
    """
    stray = sorted(set(parameters or {}) - set(study.parameters))
    if stray:
        raise BadStudy(
            f"the study {study.name!r} has no parameter {stray[0]!r}",
            f"it has: {', '.join(study.parameters) or 'none'}",
        )
    if context is None and study.of_real and not generators:
        context = StudyContext(track, (), device)  # a track without generators has real images too
    context = context or gather(track, generators, device, study.baselines)
    taking = context.generators if study.baselines or generators is not None else context.ranked
    left_out: dict[str, str] = {}
    if study.of_real:
        left_out = dict.fromkeys(generators or (), "the study looks at no generator")
        taking = ()
    if not study.of_real and len(taking) < study.least:
        raise BadStudy(
            f"{len(taking)} generator{'s' * (len(taking) != 1)} on track {track.name!r}, the study {study.name!r} "
            f"compares {study.least} or more",
            "name more with --generators",
        )
    own = replace(context, generators=taking, left_out=left_out, named=generators is not None)
    chosen = {**study.parameters, **(parameters or {})}
    rows = study.run(own, Steps(study.name, tell), **chosen)
    return _table(study, own, chosen, rows)


def _table(study: Study, context: StudyContext, parameters: Mapping[str, int], rows: list[Row]) -> Table:
    track = context.track
    spaces: list[Any] = sorted({row["extractor"] for row in rows if row.get("extractor")} | {context.space})
    return Table.model_validate(
        {
            "schema": 1,
            "study": study.name,
            "track": {"name": track.name, "version": track.version},
            "card": {
                "title": study.title,
                "question": study.question,
                "method": study.method,
                "version": study.version,
                "primary": track.primary,
                "n": context.n,
                "seed": track.seed,
                "generators": [
                    {
                        "name": name,
                        "digest": context.digest(name),
                        "family": context.family(name),
                        "baseline": context.is_baseline(name),
                        "noise_floor": context.is_floor(name),
                    }
                    for name in context.generators
                ],
                "parameters": dict(parameters),
                "extractors": [find(Extractor, name).identity() for name in spaces],
                "references": {name: context.recipe(name).id for name in spaces},
                "left_out": {name: public(why) for name, why in context.left_out.items()},
                "genboard": version("genboard"),
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
            },
            "rows": rows,
        }
    )


def run_all(
    track: Track,
    generators: Sequence[str] | None = None,
    device: str = "cpu",
    tell: Callable[[str], None] = lambda _: None,
    done: Callable[[Table], None] = lambda _: None,
    skipped: Callable[[str, str], None] = lambda _, __: None,
    only: Sequence[str] = tuple(STUDIES),
) -> list[Table]:
    """Every study of a track, or those named, on shared samples and features.

    Args:
        done: called with each table as it is there.
        skipped: called with a study that this track or these generators do not allow, and why.
    """
    context = gather(track, generators, device)
    tables = []
    for study in map(find_study, only):
        try:
            table = run_study(study, track, generators, None, device, tell, context)
        except BadStudy as e:
            skipped(study.name, e.fact)
            continue
        done(table)
        tables.append(table)
    return tables
