"""What every executor offers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from ..errors import BadWorkers

P = TypeVar("P")
R = TypeVar("R")

RETRIES = 3  # times that a piece is given to another worker after its own was lost
PATIENCE = 600.0  # seconds that a piece may take in any case
SLOWER = 20  # times as long as the slowest piece so far a piece may take


class Executor(Protocol):
    """Runs pieces of work on workers.

    Attributes:
        name: as in `--executor`.
        workers: how many pieces it works on at once; to ask may join a cluster.
        restarts: workers that were lost or hung so far, and replaced.
    """

    @property
    def name(self) -> str: ...

    @property
    def workers(self) -> int: ...

    @property
    def restarts(self) -> int: ...

    def start(self, pieces: int, *modules: str) -> None:
        """Begin to start workers for so many pieces, who import these modules meanwhile.

        To be called once it is sure that there will be work. It returns at once; what goes wrong is raised by `run`.
        """
        ...

    def close(self) -> None:
        """End the workers. They are kept from one run to the next, and start anew if there is another after this."""
        ...

    def run(self, task: Callable[[P], R], pieces: Sequence[P]) -> Iterator[tuple[P, R]]:
        """Each piece with what `task` gives for it, as soon as it is done.

        Args:
            task: a function of a module, or a picklable callable; it runs in other processes, perhaps twice for a
                piece, and must write its files whole or not at all.

        Raises:
            BadWorkers: a piece was lost with its worker more than `RETRIES` times, or workers are not as this process.
            Exception: whatever `task` raised; no further piece is begun.
        """
        ...


def given_up(piece: object, times: int, why: str) -> BadWorkers:
    return BadWorkers(
        f"piece {piece} was lost with its worker {times} times: {why}",
        "see whether memory is short; with fewer --workers each has more, and finished pieces are kept",
    )
