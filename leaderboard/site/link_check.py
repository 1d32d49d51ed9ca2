"""Every link of a site, checked when it is built: to a file of the site, to an element of that file, or to the web."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from html import unescape
from urllib.parse import unquote

from ...core.errors import GenboardError

_TARGET = re.compile(r'(<(\w+)\s(?:[^>]*?\s)?(?:href|src)="([^"]*)")')
_ID = re.compile(r'\sid="([^"]*)"')
_WEB = re.compile(r"https?://", re.IGNORECASE)


def refuse_broken_links(files: Mapping[str, bytes]) -> None:
    """Nothing where all links lead somewhere.

    Raises:
        GenboardError: some do not. No result or table that is read can cause it, so it is a fault of this package.
    """
    broken = list(broken_links(files))
    if broken:
        page, target = broken[0]
        raise GenboardError(
            f"{len(broken):,} links of the site lead nowhere, first {target!r} on {page}",
            "report it, with the folders of results and studies that the site was built from",
        )


def broken_links(files: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Each link that leads nowhere: its page, and its target."""
    pages = {path: data.decode() for path, data in files.items() if path.endswith(".html")}
    anchors = {path: {unescape(found) for found in _ID.findall(text)} for path, text in pages.items()}
    for path, text in pages.items():
        for whole_tag, tag, raw in dict.fromkeys(_TARGET.findall(text)):
            target = unescape(raw)
            outside = tag == "a" or (tag == "link" and 'rel="canonical"' in whole_tag)
            if tag == "base" or (outside and _WEB.match(target)):
                continue
            file, _, fragment = target.partition("#")
            place = posixpath.join(posixpath.dirname(path), unquote(file.partition("?")[0]))
            found = posixpath.normpath(place) if file else path
            # What a script reads from the address is a state, not an element.
            whole = not fragment or "=" in fragment or fragment in anchors.get(found, ())
            if found not in files or not whole:
                yield path, target
