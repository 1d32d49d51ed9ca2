"""The one script and the one style sheet of the site, joined from their parts: one request each, from `file://` too."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"

# In this order. A part of the script calls what stands before it, and adds to `parts` a selector and what is done with
# each element that it selects. Of two rules of the style sheet that weigh the same the later one holds.
SCRIPT = ("common", "around", "tables", "comparison", "pair", "seeds", "ruler", "help")
STYLE = ("base", "around", "front", "matrix", "pair", "seeds", "ruler", "help", "last")

# Classic, in one function: module scripts and fetch() do not work from file://, and no name of it is everybody's.
_HEAD = """\
// genboard: what pages can do with a script. They are complete without it. It makes no markup out of text, only
// elements and textContent, so nothing in a result can become code. What is chosen stands in the address.
"use strict";

document.documentElement.classList.add("js");

(function () {
var parts = [];

"""
_TAIL = """
document.addEventListener("DOMContentLoaded", function () {
  parts.forEach(function (part) { document.querySelectorAll(part[0]).forEach(part[1]); });
  document.documentElement.classList.add("ready");
});
})();
"""


def script() -> bytes:
    """`site.js`, its parts without indentation and comments, which a reader finds in the repository."""
    parts = (re.sub(r"^ *(//.*\n)?", "", _read("script", f"{name}.js"), flags=re.MULTILINE) for name in SCRIPT)
    return (_HEAD + "\n".join(parts) + _TAIL).encode()


def style() -> bytes:
    """`style.css`."""
    return "\n".join(_read("style", f"{name}.css") for name in STYLE).encode()


def search_script(pages: str) -> bytes:
    """`search.js`, which is loaded where somebody searches: the list of pages in JSON, and what searches it."""
    head = '// genboard: all pages, and the search over them. It makes no markup out of text.\n"use strict";\n\n'
    return f"{head}(function () {{\nvar PAGES = {pages};\n\n{_read('search', 'search.js')}}})();\n".encode()


def search_style() -> bytes:
    """`search.css`, which is loaded with it."""
    return _read("search", "search.css").encode()


def favicon() -> bytes:
    """`favicon.svg`."""
    return (_FOLDER / "favicon.svg").read_bytes()


def _read(folder: str, name: str) -> str:
    return (_FOLDER / folder / name).read_text("utf-8")
