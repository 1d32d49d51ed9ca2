"""The data set `unicode-names`: names of characters, as Python has them in its copy of Unicode 3.2. No download.

Python keeps that version beside the present one, for internationalised domain names. The names of assigned characters
never change, so they have the same bytes in every Python.
"""

from __future__ import annotations

import sys
from unicodedata import ucd_3_2_0

from ..images import Images
from ..texts import encoded

LONGEST = 48
ALPHABET = " -0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MADE_BY_RULE = ("CJK ", "HANGUL SYLLABLE ")  # with a code point or a spelling for a name: 82,000 of them


def load() -> dict[str, Images]:
    """The one part, `all`: a name of at most 48 characters each."""
    names = (ucd_3_2_0.name(chr(code), "") for code in range(sys.maxunicode + 1))
    kept = [name for name in names if 0 < len(name) <= LONGEST and not name.startswith(MADE_BY_RULE)]
    return {"all": Images(encoded(kept, LONGEST, ALPHABET))}
