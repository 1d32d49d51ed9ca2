"""The one atomic write, and where a user's files live.

Whatever this package leaves on disk goes through `write_bytes`: a temporary name beside the target, fsync, rename.
A reader therefore sees the old file or a whole new one, whenever a writer is killed and however many there are.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from .errors import BadEntry, CannotWrite, DiskFull

ABANDONED = 3600.0  # seconds after which a temporary file is what a killed writer left: no write takes so long
_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{16}\.tmp", re.DOTALL)

# Whatever ending they have: there they are devices.
_OF_WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³")}
_REASONS = {
    errno.ENOSPC: ("no space left on the disk", "free some space, or choose another folder; finished work is kept"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, or choose another folder; finished work is kept"),
    errno.ENOTDIR: ("a regular file stands where a folder is needed", "choose another path"),
    errno.EEXIST: ("a regular file stands where a folder is needed", "choose another path"),
    errno.EISDIR: ("a folder stands where a file is needed", "choose another path"),
    errno.EACCES: ("permission denied", "choose a folder you may write to"),
    errno.EROFS: ("the file system is read-only", "choose a folder you may write to"),
}

_IRREGULAR = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def home() -> Path:
    """The user's data folder: samples, results and references built on demand. `GENBOARD_HOME` overrides it."""
    override = os.environ.get("GENBOARD_HOME")
    return Path(override) if override else Path(platformdirs.user_data_dir("genboard", appauthor=False))


def problem_with_name(name: str) -> str | None:
    """Why a name cannot be that of a file or a folder on every system; none if it can. Length is left to the caller.

    >>> problem_with_name("nul.json")
    "'nul.json' is a name that Windows keeps for itself"
    >>> problem_with_name("console")
    """
    if name.partition(".")[0].rstrip().lower() in _OF_WINDOWS:
        return f"{name!r} is a name that Windows keeps for itself"
    if name.endswith((".", " ")):
        return f"{name!r} ends in a {'point' if name.endswith('.') else 'space'}, which Windows leaves out"
    return None


def make_folder(path: Path) -> Path:
    """`path`, made with its parents.

    Raises:
        CannotWrite: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        if isinstance(e, FileExistsError) and _gone_or_folder(path):
            return make_folder(path)  # another process has removed it just now
        raise _cannot("make the folder", path, e) from e
    return path


def _gone_or_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return True


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path`, whole or not at all; see `write_pieces`."""
    write_pieces(path, (data,))


def write_pieces(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Put data that come in pieces at `path`, whole or not at all; the folder is made if need be.

    Each write has a temporary name of its own, so that writers may meet on one path: the last to finish stays. Who
    reads a file to change it takes a lock first: see `locked`.

    Raises:
        CannotWrite: the disk is full, a path is taken, or permission is missing.
    """
    make_folder(path.parent)
    _sweep_once(path.parent)
    # Cut, since a name that just fits has no room for the rest.
    temporary = path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as f:
            f.writelines(pieces)
            f.flush()
            os.fsync(f.fileno())
        _replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as e:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _cannot("write", path, e) from e


def sweep(folder: Path, age: float = ABANDONED) -> None:
    """Delete what killed writers left in a folder: temporary files that are so many seconds old."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _TEMPORARY.fullmatch(entry.name) and time.time() - entry.stat(follow_symlinks=False).st_mtime >= age:
                Path(entry.path).unlink(missing_ok=True)


@cache
def _sweep_once(folder: Path) -> None:
    """Sweep a folder at the first write of this process into it: to list it before each write would take long."""
    sweep(folder)


@contextmanager
def locked(path: Path, what: str) -> Iterator[bool]:
    """Hold the lock that a file at `path` stands for, and tell whether another process held it before.

    Where one does, a line on stderr says so and this one waits. A killed process holds nothing.

    Args:
        what: the other is doing, after "another process is".

    Raises:
        CannotWrite: the file cannot be made.
    """
    lock, waited = FileLock(path), False
    while not lock.is_locked:
        make_folder(path.parent)
        try:
            lock.acquire(timeout=-1 if waited else 0)
        except Timeout:
            print(f"another process is {what}: waiting for it", file=sys.stderr)
            waited = True
        except (FileNotFoundError, FileExistsError):
            waited = True  # whoever held it has removed the folder too, and may be making it again
        except OSError as e:
            raise _cannot("write", path, e) from e
    try:
        yield waited
    finally:
        # Deleted while it is held: whoever waits for this file finds it gone, and makes another.
        with suppress(OSError):
            path.unlink()
        lock.release()


def remove(path: Path) -> None:
    """Delete the file at `path` if there is one."""
    try:
        path.unlink(missing_ok=True)
    except OSError as e:
        raise _cannot("remove", path, e) from e


def irregular(path: Path) -> str | None:
    """What stands at `path` if it is no regular file, in words: a read of a pipe or a device need not end.

    Raises:
        OSError: nothing stands there, or it cannot be looked at.
    """
    mode = path.stat().st_mode
    return None if stat.S_ISREG(mode) else _IRREGULAR.get(stat.S_IFMT(mode), "no regular file")


def read_bytes(path: Path) -> bytes:
    """Raises BadEntry if there is no readable file at `path`; a pipe or a device, which may never end, is none."""
    try:
        kind = irregular(path)
        if kind is not None:
            raise BadEntry(path, "", f"cannot be read: it is {kind}, not a file", "check the path")
        return path.read_bytes()
    except OSError as e:
        raise BadEntry(path, "", f"cannot be read: {e.strerror}", "check the path") from e


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(temporary: Path, path: Path) -> None:
    # Windows replaces no file that somebody has open just then.
    for pause in (0.01, 0.03, 0.1, 0.3, 1.0) if os.name == "nt" else ():
        with suppress(PermissionError):
            os.replace(temporary, path)  # noqa: PTH105
            return
        time.sleep(pause)
    os.replace(temporary, path)  # noqa: PTH105 - the one call that tests interrupt by name


def _sync_folder(folder: Path) -> None:
    # A rename is durable only once its folder is; Windows has no such call.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _cannot(verb: str, path: Path, e: OSError) -> CannotWrite:
    reason, hint = _REASONS.get(e.errno or 0, (e.strerror or str(e), "choose another path"))
    kind = DiskFull if e.errno in (errno.ENOSPC, errno.EDQUOT) else CannotWrite
    return kind(f"cannot {verb} {path}: {reason}", hint)
