"""One file from an address: in memory, resumed where the connection broke, and handed over only when it is whole."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError

from filelock import FileLock

from ..core.errors import CannotWrite, GenboardError
from ..core.files import make_folder, write_bytes
from ..core.progress import bar

TRIES = 4
PAUSE = 1.0  # seconds before another try
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 20


class CannotDownload(GenboardError, OSError):
    """An address that does not give its file. The hint is the caller's to write: it knows where the file belongs."""


def download(url: str, limit: int) -> bytes:
    """What stands at `url`, http or https, of no more than so many bytes.

    Raises:
        CannotDownload: no connection, an answer other than the file, more bytes than the limit, announced or sent, or
            fewer bytes than announced after every try.
    """
    received = bytearray()
    problem = ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE)
        try:
            total = _receive(url, received, limit)
        except HTTPError as e:
            e.close()
            raise CannotDownload(f"{url} answers {e.code} {e.reason}") from e
        except CannotDownload:
            raise
        except (OSError, HTTPException) as e:  # a URLError is an OSError
            problem = str(getattr(e, "reason", e))
            continue
        if total is None or len(received) == total:
            return bytes(received)
        problem = f"{len(received):,} of {total:,} bytes arrived"
    raise CannotDownload(f"{url} cannot be downloaded: {problem}")


def keep(url: str, path: Path, limit: int, check: Callable[[bytes], None], variable: str, proof: str = "") -> None:
    """Put what stands at `url` at `path`, unless another process has put it there meanwhile.

    Args:
        check: raises for what is not the file; nothing of it is kept then.
        variable: the environment variable that names another folder, for the hint.
        proof: by what the file is known, for the hint.

    Raises:
        GenboardError: it cannot be downloaded.
        CannotWrite: it cannot be kept.
    """
    make_folder(path.parent)
    try:
        # Two processes may want the same file: the second finds it there.
        with FileLock(path.with_name(f".{path.name}.lock")):
            if path.is_file():
                return
            data = download(url, limit)
            check(data)
            write_bytes(path, data)
    except CannotDownload as e:
        raise GenboardError(e.fact, f"put the file there yourself: {path}{proof}") from e
    except GenboardError:
        raise
    except OSError as e:
        raise CannotWrite(f"cannot write to {path.parent}: {e.strerror}", f"set {variable} to another folder") from e


def _receive(url: str, received: bytearray, limit: int) -> int | None:
    """Append what is still missing, and return the announced size of the whole, if it was announced."""
    request = urllib.request.Request(url, headers={"User-Agent": "genboard"})
    if received:
        request.add_header("Range", f"bytes={len(received)}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        if not _continues(answer, len(received)):
            received.clear()
        length = answer.headers.get("Content-Length", "")
        total = len(received) + int(length) if length.isascii() and length.isdecimal() else None
        _refuse_more(url, total or 0, limit)
        with bar(url.rpartition("/")[2], total or 0, "B") as progress:
            progress.update(len(received))
            while chunk := answer.read(CHUNK):
                received += chunk
                _refuse_more(url, len(received), limit)
                progress.update(len(chunk))
    return total


def _refuse_more(url: str, size: int, limit: int) -> None:
    if size > limit:
        raise CannotDownload(f"{url} sends {size:,} bytes or more, where the limit is {limit:,}")


def _continues(answer: HTTPResponse, start: int) -> bool:
    """Whether the answer goes on at byte `start`: a server is free to send everything again."""
    return answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
