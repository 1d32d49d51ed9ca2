"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

Severity = Literal["error", "warning"]
S = TypeVar("S")


class Problem(NamedTuple):
    """What a check found wrong: in which field, and what.

    Attributes:
        file: the file, where it is not the one that was looked at.
    """

    field: str
    problem: str
    file: str | None = None


@dataclass(frozen=True, kw_only=True)
class Check(Generic[S]):
    """A check: its code, what it means, and what to do about it.

    Attributes:
        code: stays, whatever else changes.
        severity: an error keeps a result off the board; a warning is for a maintainer to weigh.
        run: the problems of what it looks at, if any.
    """

    code: str
    severity: Severity
    title: str
    hint: str
    run: Callable[[S], Iterable[Problem]]

    def findings(self, target: S, file: str) -> list[Finding]:
        return [
            Finding(p.file or file, self.code, self.severity, p.field, p.problem, self.hint) for p in self.run(target)
        ]


@dataclass(frozen=True, order=True)
class Finding:
    """One line of the report."""

    file: str
    code: str
    severity: Severity
    field: str
    problem: str
    hint: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
