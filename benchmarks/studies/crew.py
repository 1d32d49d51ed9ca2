"""Studies on an executor's workers, who work ahead.

A study goes through its units of work in `StudyContext.each`, and keeps what it makes of each in files whose names hold
all that decides them. So a worker runs the study on some of the units and stops there; this process then runs it on
all of them, and finds what was made. The table is that of one process, and no study knows of workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ...core.errors import BadWorkers, CannotWrite, GenboardError
from ...core.executor import Executor
from ...core.executor.common_folder import CommonFolder
from ...core.progress import bar
from ...core.serialization import digest_of
from ...registry.schema import Track
from ...registry.trust import code_is_trusted, trusting_code
from ..evaluation_target import open_target
from .context import StudyContext
from .listing import Study, find_study

SHARES = 4  # of units for each worker: the more, the fewer wait at the end, and the oftener a study begins


@dataclass(frozen=True)
class Share:
    """Some units of a study's work, by their names, in the loop of that number; before all loops it draws samples."""

    loop: int
    units: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join(self.units)


DRAWING = -1


@dataclass(frozen=True)
class StudyTask:
    """Works ahead on a study; a picklable function of `Share`.

    Attributes:
        sources: of the generators that are in no registry, by name.
        trusted: whether feature spaces may be code of others.
    """

    study: str
    parameters: Mapping[str, int]
    track: Track
    generators: tuple[str, ...]
    sources: Mapping[str, str]
    device: str
    named: bool
    trust_code: bool
    trusted: bool
    folder: CommonFolder

    @staticmethod
    def of(study: Study, context: StudyContext, parameters: Mapping[str, int], folder: CommonFolder) -> StudyTask:
        sources = {name: _from_anywhere(target.source) for name, target in context.given.items()}
        return StudyTask(
            study.name,
            parameters,
            context.track,
            context.generators,
            sources,
            context.device,
            context.named,
            context.trust_code,
            code_is_trusted(),
            folder,
        )

    def __call__(self, share: Share) -> None:
        """Work on the units.

        Raises:
            BadWorkers: this worker does not see the folder.
            CannotWrite: what was made cannot be kept.
        """
        self.folder.expect()
        try:
            with trusting_code(self.trusted):
                context = self._context()
                if share.loop == DRAWING:
                    for name in share.units:
                        context.attempt(name, partial(context.digest, name))
                else:
                    own = replace(context, generators=self.generators, left_out={}, loop=_Ahead(share))
                    with suppress(_Enough):
                        find_study(self.study).run(own, **self.parameters)
        except (BadWorkers, CannotWrite):
            raise
        except GenboardError:
            pass  # the process that wants the table comes to it in its turn, and knows what to make of it

    def _context(self) -> StudyContext:
        """What this process has drawn and measured of these generators so far, for whatever study."""
        what = [self.track.model_dump(mode="json"), dict(self.sources), self.device, self.named, self.folder.path]
        key = digest_of(what)
        if key not in _OPEN:
            _OPEN.clear()
            given = {
                name: open_target(source, self.track, name, self.trust_code) for name, source in self.sources.items()
            }
            _OPEN[key] = StudyContext(
                self.track,
                self.generators,
                self.device,
                given=given,
                named=self.named,
                folder=Path(self.folder.path),
                trust_code=self.trust_code,
            )
        return _OPEN[key]


# The context that this process has open: one at a time.
_OPEN: dict[str, StudyContext] = {}


class _Enough(BaseException):
    """A worker has done its share; nothing that a study catches."""


class _Ahead:
    """Goes through a share alone, in place of `StudyContext.each`: all earlier loops are made, and no later begins."""

    def __init__(self, share: Share) -> None:
        self._share, self._loop = share, -1

    def __call__(self, units: Sequence[str]) -> Iterator[str]:
        self._loop += 1
        if self._loop < self._share.loop:
            yield from units
            return
        yield from [unit for unit in units if unit in self._share.units]
        raise _Enough


class _Crew:
    """Goes through units, in place of `StudyContext.each`, once workers have made what they are made of."""

    def __init__(self, executor: Executor, task: StudyTask, context: StudyContext) -> None:
        self._executor, self._task, self._context, self._loop = executor, task, context, -1

    def __call__(self, units: Sequence[str]) -> Iterator[str]:
        self._loop += 1
        work_ahead(self._executor, self._task, self._context, self._loop, units)
        yield from units


def work_ahead(executor: Executor, task: StudyTask, context: StudyContext, loop: int, units: Sequence[str]) -> None:
    """Have workers work on units; each is told when it is done, so that a restart shows how far it was.

    Raises:
        BadWorkers: see `Executor.run`.
    """
    count = min(len(units), SHARES * executor.workers)
    shares = [Share(loop, tuple(units[start::count])) for start in range(count)]
    with bar(task.study if loop != DRAWING else "samples", len(units), "step") as progress:
        for share, _ in executor.run(task, shares):
            for unit in share.units if loop != DRAWING else ():
                context.tell(unit)
            restarts = f", {executor.restarts} restarts" if executor.restarts else ""
            progress.set_postfix_str(f"{executor.workers} workers{restarts}")
            progress.update(len(share.units))


def draw_ahead(executor: Executor, study: Study, context: StudyContext) -> None:
    """Have workers draw the samples of a study's generators, and measure them where the track ranks."""
    missing = [name for name in context.generators if not context.is_measured(name)]
    if len(missing) > 1:
        with CommonFolder.at(context.folder) as folder:
            work_ahead(executor, StudyTask.of(study, context, {}, folder), context, DRAWING, missing)


@contextmanager
def working_ahead(
    executor: Executor | None, study: Study, context: StudyContext, parameters: Mapping[str, int]
) -> Iterator[StudyContext]:
    """The context in which a study runs: one whose units workers work on first, where there are any."""
    if executor is None:
        yield context
        return
    with CommonFolder.at(context.folder) as folder:
        task = StudyTask.of(study, context, parameters, folder)
        yield replace(context, loop=_Crew(executor, task, context))


def _from_anywhere(source: str) -> str:
    """A source as it is found from any folder of this machine, and of those with the same files."""
    path, _, function = source.rpartition(":")
    if path.endswith(".py"):
        return f"{Path(path).absolute()}:{function}"
    return str(Path(source).absolute()) if Path(source).exists() else source
