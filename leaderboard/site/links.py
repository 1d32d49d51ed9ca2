"""Links in contributed text: http(s) addresses and arXiv numbers become links, all else stays text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINK = re.compile(
    r"(?<![\w:/.])(?:arXiv:(?P<arxiv>\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+/\d{7}(?:v\d+)?)|(?P<url>https?://[^\s<>\"'`\\]+))",
    re.ASCII | re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}"


@dataclass(frozen=True)
class Segment:
    """A piece of text and the address it leads to, if any."""

    text: str
    href: str | None


def linked(text: str) -> tuple[Segment, ...]:
    """The text in pieces, in order; only http(s) addresses are ever links.

    >>> [s.href for s in linked("Kingma 2013, arXiv:1312.6114")]
    [None, 'https://arxiv.org/abs/1312.6114']
    >>> [s.href for s in linked("javascript:alert(1)")]
    [None]
    """
    found: list[Segment] = []
    at = 0
    for match in _LINK.finditer(text):
        shown = match[0].rstrip(_TRAILING)
        href = f"https://arxiv.org/abs/{match['arxiv']}" if match["arxiv"] else shown
        if match.start() > at:
            found.append(Segment(text[at : match.start()], None))
        found.append(Segment(shown, href))
        at = match.start() + len(shown)
    if at < len(text):
        found.append(Segment(text[at:], None))
    return tuple(found)
