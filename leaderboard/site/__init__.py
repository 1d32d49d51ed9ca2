"""The static site: results in, a mapping from paths to contents out, and the one writer that puts it in a folder."""

from .output import claim_folder, stale_files, write_site
from .render import render_site

__all__ = ["claim_folder", "render_site", "stale_files", "write_site"]
