"""The units of a study's work: each is announced, so that a bar moves and a restart shows where it continues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ...core.progress import bar

T = TypeVar("T")


@dataclass(frozen=True)
class Steps:
    """
    Attributes:
        study: what the bar is called.
        tell: called with the name of each unit as it begins.
    """

    study: str
    tell: Callable[[str], None]

    def one(self, name: str, work: Callable[[], T]) -> T:
        self.tell(name)
        return work()

    def each(self, names: Sequence[str]) -> Iterator[str]:
        """The units one after the other."""
        with bar(f"study {self.study}", len(names), "step") as progress:
            for name in names:
                self.tell(name)
                yield name
                progress.update()
