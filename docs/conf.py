"""Settings of the documentation site: `make docs-site`."""

from __future__ import annotations

import re
from importlib.metadata import version as installed

REPOSITORY = "https://github.com/genboard/genboard/blob/main/"

project = "genboard"
author = "The genboard authors"
release = version = installed("genboard")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_templates", "screenshots"]
templates_path = ["_templates"]

html_theme = "furo"
html_title = f"genboard {release}"

myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600

default_role = "code"  # docstrings use single backticks, as Markdown does
autodoc_typehints = "none"  # signatures carry the types
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False

# A docstring may hold a formula such as |x - y|, which reStructuredText takes for markup.
suppress_warnings = ["docutils"]


def _link_to_repository(app: object, name: str, source: list[str]) -> None:
    """Links to files outside `docs/` lead to the repository."""
    outside = re.compile(r"\]\((?:\.\./)+(?!docs/)([^)]+)\)")
    source[0] = outside.sub(lambda match: f"]({REPOSITORY}{match[1]})", source[0])


def setup(app: object) -> None:
    app.connect("source-read", _link_to_repository)  # type: ignore[attr-defined]
