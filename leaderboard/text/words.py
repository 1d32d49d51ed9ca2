"""Which words of strangers may be stored and shown: names, reasons, notes."""

from __future__ import annotations

import unicodedata

from pydantic import AfterValidator

SHORT = 80  # a name
LONG = 1_000  # a reason

# Besides control characters: what turns the direction of text around, or cannot be seen at all.
_HIDDEN = frozenset(
    "\u200b\u200c\u200d\u2060\ufeff\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_REFUSED = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


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
    for position, character in enumerate(text):
        if character in _HIDDEN or unicodedata.category(character) in _REFUSED:
            return f"the character U+{ord(character):04X} at position {position} is not one that is shown"
    return None
