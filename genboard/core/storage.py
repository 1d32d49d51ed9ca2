"""Files at an address that fsspec knows, such as `s3://bucket/runs`: for workers that share no folder."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from .errors import BadWorkers
from .files import write_bytes


@dataclass(frozen=True)
class Storage:
    """A folder at an address. It pickles: each process connects by itself, with credentials of its own surroundings.

    Attributes:
        address: of the folder; a path is one, too.
    """

    address: str

    def __str__(self) -> str:
        return self.address

    def names(self, folder: str) -> set[str]:
        """The files in a folder and those below it, by their names within it; none where there is no such folder.

        Raises:
            BadWorkers: nobody answers at the address, or it may not be read.
        """
        with self._refusing("read") as (system, root):
            within = f"{root}/{folder}"
            with suppress(FileNotFoundError):
                system.invalidate_cache(within)  # some keep what they have listed, and others write there meanwhile
                return {path[len(within) + 1 :] for path in map(str, system.find(within))}
        return set()

    def put(self, data: bytes, name: str) -> None:
        """Put a file there, whole or not at all.

        Raises:
            BadWorkers: nobody answers at the address, or it may not be written.
        """
        with self._refusing("write") as (system, root):
            path = f"{root}/{name}"
            temporary = f"{path}.{secrets.token_hex(8)}.tmp"
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            system.pipe_file(temporary, data)
            system.mv(temporary, path)

    def get(self, name: str, path: Path) -> None:
        """Put a copy of a file to `path`, whole or not at all.

        Raises:
            BadWorkers: the file is not there, or nobody answers at the address.
            CannotWrite: see `write_bytes`.
        """
        with self._refusing("read") as (system, root):
            data: bytes = system.cat_file(f"{root}/{name}")
        write_bytes(path, data)

    @contextmanager
    def _refusing(self, what: str) -> Iterator[tuple[Any, str]]:
        fsspec: Any = import_module("fsspec")  # without types
        try:
            yield fsspec.core.url_to_fs(self.address)
        except ImportError as e:
            raise BadWorkers(f"{self.address}: {e}", "install what this kind of address needs, on workers too") from e
        except ValueError as e:
            raise BadWorkers(
                f"{self.address}: {e}", "give a folder that all workers share, or an address such as s3://bucket/runs"
            ) from e
        except BadWorkers:
            raise
        except Exception as e:  # each kind of address has errors of its own
            raise BadWorkers(
                f"{self.address} cannot be {'read' if what == 'read' else 'written'}: {type(e).__name__}: {e}",
                "check the address, and that this process and the workers may read and write there",
            ) from e
