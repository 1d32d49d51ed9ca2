"""The one atomic write, the one canonical JSON codec, and where a user's files live.

Whatever this package leaves on disk goes through `write_bytes`: a temporary name beside the target, fsync, rename.
A reader therefore sees the old file or a whole new one, whenever a writer is killed and however many there are.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import json
import math
import os
import re
import secrets
import stat
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from .errors import BadEntry, CannotWrite, DiskFull

SIGNIFICANT_DIGITS = 10  # more are noise: float32 features carry seven
ABANDONED = 3600.0  # seconds after which a temporary file is what a killed writer left: no write takes so long
_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{16}\.tmp", re.DOTALL)

DEEPEST = 100  # levels of a parsed file; those of this package have eight

# Whatever ending they have: there they are devices.
_OF_WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³")}
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile("[\ud800-\udfff]")
# The text of a JSON file with every digit a 0, and all that may end a number a space.
_SHAPE = bytes.maketrans(b"123456789E \n\r\t,]}", b"000000000e       ")
_EXPONENT = re.compile(rb"e\+?0{3,}(?= |$)")

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


def write_json(path: Path, value: Any) -> None:
    write_bytes(path, canonical_json(value))


def canonical_json(value: Any) -> bytes:
    """The only form JSON takes here: sorted keys, two spaces, numbers rounded once, a newline at the end.

    >>> canonical_json({"b": 0.1 + 0.2, "a": [1]})
    b'{\\n  "a": [\\n    1\\n  ],\\n  "b": 0.3\\n}\\n'

    Raises:
        ValueError: a NaN or an infinity, which JSON does not have.
    """
    return (json.dumps(_rounded(value), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def json_line(value: Any) -> bytes:
    """The same value on one line of plain ASCII, for files of which each line is a value.

    >>> json_line({"b": "é", "a": [1]})
    b'{"a":[1],"b":"\\\\u00e9"}'

    Raises:
        ValueError: a NaN or an infinity, which JSON does not have.
    """
    return json.dumps(_rounded(value), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def parse_json(data: bytes | str, path: Path) -> Any:
    """The value in `data`, one that can be written again; `path` is named in the error.

    Raises:
        BadEntry: not JSON in UTF-8, a key given twice, or a value that `unstorable` names.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError) as e:
        raise BadEntry(path, "", f"not valid JSON: {_not_json(data, e)}", "restore the file, or create it again") from e
    # A walk through every value takes longer than parsing them: only texts that may hold such a value need it.
    if _may_be_unstorable(text) or _most_open(text) > DEEPEST:
        _refuse_unstorable(value, path)
    return value


def _not_json(data: bytes | str, e: ValueError | RecursionError) -> str:
    """What keeps a text from being JSON, in the file's words rather than the reader's."""
    if isinstance(e, RecursionError):
        return "nested too deeply"
    if isinstance(e, UnicodeDecodeError):
        utf_16 = isinstance(data, bytes) and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return "it is in UTF-16, JSON is in UTF-8" if utf_16 else f"not UTF-8: {e.reason} at byte {e.start}"
    return "an integer of too many digits" if "integer string conversion" in str(e) else str(e)


def parse_toml(data: bytes | str, path: Path) -> dict[str, Any]:
    """The table in `data`, one that JSON can hold; `path` is named in the error.

    UTF-8, with or without a byte order mark; UTF-16 with one, as older versions of PowerShell write what is redirected.

    Raises:
        BadEntry: another encoding, not TOML, or a value that `unstorable` names.
    """
    try:
        if isinstance(data, bytes):
            utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            data = data.decode("utf-16" if utf_16 else "utf-8-sig")
        value = tomllib.loads(data)
    except UnicodeDecodeError as e:
        raise BadEntry(path, "", f"not UTF-8: {e.reason} at byte {e.start}", "save it as UTF-8") from e
    except (ValueError, RecursionError) as e:  # of an integer of many thousand digits, no error of TOML's
        raise BadEntry(path, "", f"not valid TOML: {e}", "see https://toml.io for the syntax") from e
    _refuse_unstorable(value, path)
    return value


def unstorable(value: Any, field: str = "", depth: int = 0) -> tuple[str, str] | None:
    """The first field of a parsed file whose value cannot be kept, and what is wrong with it; none if all can.

    Neither JSON's readers nor TOML's refuse them: integers beyond 64 bits, infinite numbers, half of a surrogate pair,
    which no encoding has, and nesting that no file of this package comes near.

    >>> unstorable({"n": [1, 10**30]})
    ('n.1', 'an integer beyond 64 bits')
    >>> unstorable({"n": 2**63 - 1, "text": "é"})
    """
    problem = None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        problem = "an integer beyond 64 bits"
    elif isinstance(value, float) and not math.isfinite(value):
        problem = f"{json.dumps(value)} is not a number"
    elif isinstance(value, str) and _SURROGATE.search(value):
        problem = "half of a surrogate pair, which is no character"
    elif isinstance(value, (dict, list)):
        if depth == DEEPEST:
            return "", f"nested deeper than {DEEPEST} levels"
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            inside = f"{field}.{key}" if field else str(key)
            found = (isinstance(key, str) and unstorable(key, f"a key of {field}")) or unstorable(
                item, inside, depth + 1
            )
            if found:
                return found
    return (field, problem) if problem else None


def _may_be_unstorable(text: str) -> bool:
    """Whether the JSON in `text` may hold a large number, or half a surrogate pair or the escape of one.

    >>> _may_be_unstorable('{"digest": "20448e857b", "n": 1.5e30}'), _may_be_unstorable("[1.5E+400]")
    (False, True)
    """
    if r"\ud" in text or r"\uD" in text:
        return True
    try:
        shape = text.encode().translate(_SHAPE)
    except UnicodeEncodeError:
        return True
    return b"0" * 19 in shape or _EXPONENT.search(shape) is not None


def _most_open(text: str) -> int:
    """At least as many levels as the JSON in `text` has; brackets inside strings may add to them."""
    brackets = text.encode(errors="replace").translate(None, _NO_BRACKETS)
    return max(accumulate(1 if b in b"[{" else -1 for b in brackets), default=0)


def _refuse_unstorable(value: Any, path: Path) -> None:
    found = unstorable(value)
    if found:
        field, problem = found
        raise BadEntry(path, field.encode(errors="replace").decode(), problem, "correct the value, or restore the file")


def read_json(path: Path) -> Any:
    return parse_json(read_bytes(path), path)


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


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`."""
    return sha256(canonical_json(value))


def _rounded(value: Any) -> Any:
    if isinstance(value, float) and math.isfinite(value):
        rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        return rounded if math.isfinite(rounded) else value  # the largest floats round up to infinity
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise ValueError(f"the key {twice!r} is given twice")
    return found


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
