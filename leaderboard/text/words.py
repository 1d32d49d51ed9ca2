"""Which words of strangers may be stored and shown: names, reasons, notes."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from pydantic import AfterValidator

SHORT = 80  # a name
LONG = 1_000  # a reason

# Letters and marks that show nothing: fillers of Hangul and Braille, joiners, variation selectors.
_HIDDEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
# Control characters, and format characters, which turn the direction of text around or cannot be seen at all.
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Names inside of a network, and addresses of machines, whatever way a browser reads numbers.
_PRIVATE = re.compile(
    r"(^|\.)(localhost|local|internal|lan|home|test|invalid|onion|\d+|0x[0-9a-f]*)\.?$|:", re.IGNORECASE
)
_STACKED = 3  # marks on one letter
# A path from the root that is two folders deep, a home folder, a drive, a share, a variable that names one.
_LOCAL = re.compile(
    r"(?<![\w:/.%-])(/[\w.-]+/[\w.-]|/(root|tmp)\b|~\w*/)|\b[A-Za-z]:[\\/](?!/)|\\\\\w|\.\.[\\/]|%\w+%\\|\$\{?(HOME|PWD|TMPDIR|USER)\b",
    re.ASCII,
)


def shown(limit: int) -> AfterValidator:
    """What a field of a model refuses words by that may not be shown."""

    def check(text: str) -> str:
        problem = problem_with(text, limit)
        if problem:
            raise ValueError(problem)
        return text

    return AfterValidator(check)


def problem_with(text: str, limit: int = LONG) -> str | None:
    r"""Why a text may not be stored; none if it may: one line, visible, in its own direction, not too long.

    >>> problem_with("the weights were trained on the reference")
    >>> problem_with("two\nlines")
    'the character U+000A at position 3 is not one that is shown'
    """
    if not text.strip():
        return "it is empty"
    if text != text.strip():
        return "it starts or ends with a space"
    if len(text) > limit:
        return f"{len(text):,} characters, {limit:,} are allowed"
    if text.isascii() and text.isprintable():
        return None
    marks = 0
    for position, character in enumerate(text):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _STACKED:
            return f"more than {_STACKED} marks are stacked at position {position}"
        if character in _HIDDEN or unicodedata.category(character) in _REFUSED:
            return f"the character U+{ord(character):04X} at position {position} is not one that is shown"
    return None


def names_a_path(text: str) -> bool:
    """Whether a text names a path of somebody's machine.

    >>> names_a_path("weights of /home/ada/model"), names_a_path("GAN/VAE, see https://example.org/a/b")
    (True, False)
    """
    return _LOCAL.search(text) is not None


def problem_with_link(text: str) -> str | None:
    """Why an address may not become a link; none if it may.

    >>> problem_with_link("https://example.org/paper.pdf")
    >>> problem_with_link("javascript:alert(1)")
    'not an http or https address'
    """
    hidden = problem_with(text, LONG)
    if hidden:
        return hidden
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "not an address"
    if parts.scheme not in ("http", "https"):
        return "not an http or https address"
    if not host or parts.username is not None:
        return "it names no host, or a user"
    if not host.isascii():
        return f"{host} is not written in ASCII; other letters may look like them"
    if "." not in host.rstrip(".") or port == 0 or _PRIVATE.search(host):
        return f"{host} is no public host"
    return "it holds a space, a quote or a bracket" if re.search(r"[\s<>\"'`\\{}|^]", text) else None
