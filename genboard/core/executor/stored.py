"""An executor whose workers share no folder with the driver: files go to them and come back through a storage."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from ..errors import BadWorkers
from ..files import read_bytes
from ..storage import Storage
from .protocol import Executor

P = TypeVar("P")
R = TypeVar("R")


@runtime_checkable
class FolderTask(Protocol):
    """A task that works in a folder: each piece reads files there, and leaves one."""

    @property
    def key(self) -> str:
        """By which the folder's contents are known: a digest of what they are made from."""
        ...

    def folder_of(self, piece: Any) -> Path:
        """Where a piece's files are."""
        ...

    def reads(self, piece: Any) -> Sequence[str]:
        """The files that a piece needs, by their names in the folder."""
        ...

    def writes(self, piece: Any) -> str:
        """The file that it leaves."""
        ...

    def moved(self, piece: Any, folder: Path) -> tuple[Callable[[Any], Any], Any]:
        """The task and the piece, to be done in another folder."""
        ...


class StoredExecutor:
    """Runs tasks on another executor, whose workers each have a folder of their own; see `Executor`.

    Attributes:
        storage: what the driver and every worker can reach.
    """

    def __init__(self, inner: Executor, storage: Storage) -> None:
        self._inner, self.storage = inner, storage

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def workers(self) -> int:
        return self._inner.workers

    @property
    def restarts(self) -> int:
        return self._inner.restarts

    def start(self, pieces: int, *modules: str) -> None:
        self._inner.start(pieces, *modules)

    def close(self) -> None:
        self._inner.close()

    def fetch(self, task: Callable[[P], R], pieces: Sequence[P]) -> None:
        """Bring here what the storage has of the pieces' files already, as a driver on another machine left it."""
        works = _in_a_folder(task)
        there = self.storage.names(works.key)
        for piece in pieces:
            path = works.folder_of(piece) / works.writes(piece)
            if works.writes(piece) in there and not path.is_file():
                self.storage.get(f"{works.key}/{works.writes(piece)}", path)

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        works = _in_a_folder(task)
        there = self.storage.names(works.key)
        for piece in pieces:
            for name in works.reads(piece):
                if name not in there:
                    self.storage.put(read_bytes(works.folder_of(piece) / name), f"{works.key}/{name}")
                    there.add(name)
        for piece, value in self._inner.run(_Elsewhere(works, self.storage), pieces):
            self.storage.get(f"{works.key}/{works.writes(piece)}", works.folder_of(piece) / works.writes(piece))
            yield piece, value


@dataclass(frozen=True)
class _Elsewhere:
    """A task on a worker: what it reads is fetched, and what it leaves is put into the storage."""

    task: FolderTask
    storage: Storage

    def __call__(self, piece: Any) -> Any:
        # One for each piece: a worker that is killed, as those of a run are at its end, leaves no more than this.
        with tempfile.TemporaryDirectory(prefix="genboard-worker-") as own:
            folder = Path(own)
            for name in self.task.reads(piece):
                self.storage.get(f"{self.task.key}/{name}", folder / name)
            task, moved = self.task.moved(piece, folder)
            value = task(moved)
            left = self.task.writes(piece)
            self.storage.put(read_bytes(folder / left), f"{self.task.key}/{left}")
        return value


def _in_a_folder(task: object) -> FolderTask:
    if not isinstance(task, FolderTask):
        raise BadWorkers(
            f"{type(task).__name__} cannot go through a storage",
            "leave out --storage, and use workers that share a folder with this process",
        )
    return task


def fetch(executor: Executor, task: Callable[[P], R], pieces: Sequence[P]) -> None:
    """Bring here what pieces have left at the storage of an executor that goes through one; see `StoredExecutor`."""
    if isinstance(executor, StoredExecutor):
        executor.fetch(task, pieces)
