"""Every error this package raises on purpose.

GenboardError        caught once, in the command line, and shown without a traceback
  UnknownName        a name that is in no registry
  BadEntry           a registry entry, a reference or a result file that does not parse
    TooNew           one that a later version of this package wrote
  BadImages          images that cannot be measured as they are
  BadFeatures        features that no metric can take
  BadWeights         weights, or a program or pipeline with weights, that cannot be loaded
  BadSamples         a generator that did not give the samples it was asked for
  ReferenceMismatch  reference statistics that were made of something else, or are missing
  BadSubmission      a submission that lacks what a reader of the board must know
  BadStudy           a study that cannot be made of what there is
  CannotWrite        an output that cannot be made
    DiskFull         because the disk, or what one may use of it, is full
  NotTrusted         somebody else's code, without leave to run it
  BadWorkers         workers that cannot be had, that differ from this process, or that are lost again and again
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path


class GenboardError(Exception):
    """Base class: the message alone must be enough to act on.

    Args:
        fact: what is wrong, lower case, with the value in it.
        hint: the next step.
    """

    def __init__(self, fact: str, hint: str | None = None) -> None:
        self.fact = fact
        self.hint = hint
        super().__init__(fact if hint is None else f"{fact}\n\nhint: {hint}")

    def __reduce__(self) -> tuple[object, ...]:
        # An error of a worker comes back pickled, and the classes below take other arguments than a fact and a hint.
        return _as_it_was, (type(self), self.fact, self.hint)


def _as_it_was(kind: type[GenboardError], fact: str, hint: str | None) -> GenboardError:
    error = kind.__new__(kind)
    GenboardError.__init__(error, fact, hint)
    return error


class UnknownName(GenboardError, LookupError):
    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
        super().__init__(f"no {kind} named {name!r}", hint)


class BadEntry(GenboardError, ValueError):
    def __init__(self, path: Path, field: str, problem: str, hint: str | None = None) -> None:
        where = f"{path}: {field}" if field else str(path)
        super().__init__(f"{where}: {problem}", hint)


class TooNew(BadEntry):
    pass


class BadImages(GenboardError, ValueError):
    pass


class BadFeatures(GenboardError, ValueError):
    pass


class BadWeights(GenboardError, ValueError):
    pass


class BadSamples(GenboardError, ValueError):
    pass


class ReferenceMismatch(GenboardError, ValueError):
    pass


class BadSubmission(GenboardError, ValueError):
    pass


class BadStudy(GenboardError, ValueError):
    pass


class CannotWrite(GenboardError, OSError):
    pass


class DiskFull(CannotWrite):
    pass


class NotTrusted(GenboardError, PermissionError):
    pass


class BadWorkers(GenboardError, RuntimeError):
    pass
