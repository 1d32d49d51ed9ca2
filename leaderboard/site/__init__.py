"""The static site: results in, a mapping from paths to contents out, and the one writer that puts it in a folder."""

from .output import stale_files, write_site
from .render import render_site

__all__ = ["render_site", "stale_files", "write_site"]
