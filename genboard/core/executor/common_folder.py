"""A folder that workers must have in common with the process that gives them work."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadWorkers
from ..files import write_bytes


@dataclass(frozen=True)
class CommonFolder:
    """A folder, and the name of a file in it by which a worker knows that it sees the same one; picklable."""

    path: str
    mark: str

    @staticmethod
    @contextmanager
    def at(path: Path) -> Iterator[CommonFolder]:
        """The folder, made if need be and marked as long as there is work.

        Raises:
            CannotWrite: the folder cannot be made, or nothing can be written there.
        """
        folder = CommonFolder(str(path.absolute()), f".workers-{secrets.token_hex(8)}")
        mark = path.absolute() / folder.mark
        write_bytes(mark, b"")
        try:
            yield folder
        finally:
            with suppress(OSError):
                mark.unlink()

    def expect(self) -> None:
        """Raises BadWorkers in a worker that does not see the folder."""
        if not (Path(self.path) / self.mark).is_file():
            raise BadWorkers(
                f"worker {socket.gethostname()} does not see {self.path}",
                "choose a folder that all workers see, with --out, --results or GENBOARD_HOME",
            )
