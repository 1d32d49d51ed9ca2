"""What an exception said, fit to be published: a failed result is a file that its user may send to others."""

from __future__ import annotations

import os
import re
from pathlib import Path, PureWindowsPath

HIDDEN = "[hidden]"
_LEAST = 6  # characters of a variable's value: shorter ones would be found in ordinary words
_LONGEST = 2000  # characters of a message; an exception may quote a whole file
# Variables whose values are secrets by their names, and values that look like a secret whatever they are called.
_NAMED = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|COOKIE|PRIVATE|AUTH|APIKEY|_PWD|(?:^|_)(?:KEY|PW|SAS|DSN)(?:_|$)", re.I
)
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w+=.~-]{16,}")
# What secrets look like, wherever they come from.
_SHAPES = re.compile(
    r"""
    (?<![A-Za-z0-9])(?:
        hf_[A-Za-z0-9]{16,}                                 # Hugging Face
      | (?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{16,}         # GitHub
      | glpat-[\w-]{16,} | xox[abprs]-[\w-]{10,}            # GitLab, Slack
      | sk-[\w-]{16,}                                       # OpenAI and others
      | (?:AKIA|ASIA)[A-Z0-9]{16}                           # Amazon
      | eyJ[\w-]+\.[\w-]+\.[\w-]+                          # a JSON web token
    )
    | (?<=://)[^\s/@'"]+(?=@)                               # user and password of an address
    | (?i:(?<=bearer\ )|(?<=token=)|(?<=key=)|(?<=password=)|(?<=secret=)|(?<=signature=)|(?<=sig=))[^\s&'"]+
    """,
    re.VERBOSE,
)
# Absolute paths, in quotation marks or not. An address is none: its slashes follow another or a name.
_QUOTED = re.compile(r"""(['"])((?:/|~/|[A-Za-z]:[\\/]|\\\\)[^'"\n]*)\1""")
_BARE = re.compile(
    r"""(?<![\w/.~\\])(?:~?/[^\s/'",;:()<>]+(?:/[^\s/'",;:()<>]*)*|(?:[A-Za-z]:\\|\\\\)[^\s'",;:()<>]+)"""
)


def public(text: str) -> str:
    """The text without what is nobody's business: values of secret variables, what looks like a secret, and folders.

    An absolute path is cut to its last part, which is all that a stranger can use.

    >>> public("cannot open '/home/ann/My Models/vae.pt', see https://example.org/a/b")
    "cannot open 'vae.pt', see https://example.org/a/b"
    """
    secrets = (
        v for name, v in os.environ.items() if len(v) >= _LEAST and (_NAMED.search(name) or _RANDOM.fullmatch(v))
    )
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _SHAPES.sub(HIDDEN, text)
    text = text.replace("file:///", "/")
    for folder in _own_folders():
        text = text.replace(folder + os.sep, "/~/")
    text = _QUOTED.sub(lambda match: match[1] + _last(match[2]) + match[1], text)
    text = _BARE.sub(lambda match: _last(match[0]), text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _own_folders() -> list[str]:
    """Folders of this user, the longest first: paths below them may have spaces in them."""
    found = {str(Path.cwd()), str(Path("~").expanduser()), os.environ.get("GENBOARD_HOME", "")}
    return sorted((folder for folder in found if len(folder) > 1 and folder != "~"), key=len, reverse=True)


def _last(path: str) -> str:
    return PureWindowsPath(path).name or HIDDEN
