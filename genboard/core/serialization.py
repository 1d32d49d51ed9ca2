"""The one canonical JSON codec, and readers of JSON and TOML that refuse what cannot be written again."""

from __future__ import annotations

import codecs
import json
import math
import re
import tomllib
from itertools import accumulate
from pathlib import Path
from typing import Any

from .errors import BadEntry
from .files import read_bytes, sha256, write_bytes

SIGNIFICANT_DIGITS = 10  # more are noise: float32 features carry seven
DEEPEST = 100  # levels of a parsed file; those of this package have eight

_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile("[\ud800-\udfff]")
# The text of a JSON file with every digit a 0, and all that may end a number a space.
_SHAPE = bytes.maketrans(b"123456789E \n\r\t,]}", b"000000000e       ")
_EXPONENT = re.compile(rb"e\+?0{3,}(?= |$)")


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
