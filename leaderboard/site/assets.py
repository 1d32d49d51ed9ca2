"""The one script and the one style sheet of the site, joined from their parts: one request each, from `file://` too."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"

# In this order. A part of the script calls what stands before it, and adds to `parts` a selector and what is done with
# each element that it selects. Of two rules of the style sheet that weigh the same the later one holds.
SCRIPT = ("common", "around", "intervals", "tables", "comparison", "pair", "seeds", "ruler", "help", "charts")
STYLE = ("base", "around", "front", "matrix", "pair", "seeds", "ruler", "help", "charts", "last")

# Classic, in one function: module scripts and fetch() do not work from file://, and no name of it is everybody's.
# It makes no markup out of text, only elements and textContent, so nothing in a result can become code.
_HEAD = """\
// genboard: what pages can do with a script. They are complete without it.
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
    return (_HEAD + "\n".join(_bare(_read("script", f"{name}.js")) for name in SCRIPT) + _TAIL).encode()


def style() -> bytes:
    """`style.css`."""
    joined = "\n".join(_read("style", f"{name}.css") for name in STYLE)
    return _bare(re.sub(r"/\*.*?\*/", "", joined, flags=re.DOTALL)).encode()


def _bare(text: str) -> str:
    """A script or a style sheet without indents, and without the notes that only its readers need."""
    lines = (re.sub(r"(^|(?<=[;,{}]) )//.*", "", line.strip()) for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


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
