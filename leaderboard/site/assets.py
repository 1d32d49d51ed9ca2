"""The one script and the one style sheet of the site, joined from their parts: one request each, from `file://` too."""

from __future__ import annotations

import re
from pathlib import Path

from rjsmin import jsmin

_FOLDER = Path(__file__).parent / "static"

# In this order. A part of the script calls what stands before it, and adds to `parts` a selector and what is done with
# each element that it selects. Of two rules of the style sheet that weigh the same the later one holds.
SCRIPT = ("common", "around", "intervals", "tables", "comparison", "pair", "seeds", "ruler", "help", "charts")
STYLE = ("base", "around", "front", "matrix", "pair", "seeds", "ruler", "help", "charts", "last")

# Classic, in one function: module scripts and fetch() do not work from file://, and no name of it is everybody's.
# It makes no markup out of text, only elements and textContent, so nothing in a result can become code.
_NOTE = "// genboard: what pages can do with a script. They are complete without it.\n"
_HEAD = """\
"use strict";
document.documentElement.classList.add("js");
(function () {
var parts = [];
"""
_TAIL = """
document.addEventListener("DOMContentLoaded", () => {
  parts.forEach(part => { document.querySelectorAll(part[0]).forEach(part[1]); });
  document.documentElement.classList.add("ready");
});
})();
"""


def script() -> bytes:
    """`site.js`, without the spaces and comments that only readers of its parts need."""
    return f"{_NOTE}{jsmin(_HEAD + script_parts() + _TAIL)}\n".encode()


def script_parts() -> str:
    """The parts of `site.js` as they were written."""
    return "\n".join(_read("script", f"{name}.js") for name in SCRIPT)


def style() -> bytes:
    """`style.css`, without indents and comments."""
    joined = re.sub(r"/\*.*?\*/", "", "\n".join(_read("style", f"{name}.css") for name in STYLE), flags=re.DOTALL)
    return "".join(f"{line.strip()}\n" for line in joined.splitlines() if line.strip()).encode()


def search_script(pages: str) -> bytes:
    """`search.js`, which is loaded where somebody searches: the list of pages in JSON, and what searches it."""
    head = "// genboard: all pages, and the search over them. It makes no markup out of text.\n"
    own = jsmin(_read("search", "search.js"))
    return f'{head}"use strict";(function () {{\nvar PAGES = {pages};\n{own}\n}})();\n'.encode()


def search_style() -> bytes:
    """`search.css`, which is loaded with it."""
    return _read("search", "search.css").encode()


def favicon() -> bytes:
    """`favicon.svg`."""
    return (_FOLDER / "favicon.svg").read_bytes()


def _read(folder: str, name: str) -> str:
    return (_FOLDER / folder / name).read_text("utf-8")
