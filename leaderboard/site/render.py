"""Results and studies to a site: a pure mapping from relative paths to contents, byte for byte the same for the same
results.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.files import canonical_json, sha256
from ...registry.schema import Track
from ..storage.records import Records
from ..storage.study_tables import Tables
from .assets import script, style
from .content import content_of
from .html import NavItem, html
from .link_check import refuse_broken_links
from .output import LISTING
from .pages import FILES, PAGES

NO_TABLES = Tables({}, ())


def render_site(
    records: Records, tracks: Mapping[str, Track], studies: Tables = NO_TABLES, base: str | None = None
) -> dict[str, bytes]:
    """Every file of the site by its path.

    Args:
        records: all results at hand; the preview and the verification log beside each file are read too.
        tracks: the tracks by name; results on others are shown on their generators' pages only.
        studies: the tables of studies at hand.
        base: address of the folder it will be published in, for the page that is shown at any address.
    """
    site = content_of(records, tracks, studies, base)
    made = [(kind, list(kind.view(site))) for kind in PAGES]
    nav = [NavItem(kind.section, kind.label, kind.href or pages[0][0]) for kind, pages in made if kind.label and pages]
    files = {"style.css": style(), "site.js": script()}
    for kind, pages in made:
        files |= {path: html(kind.template, path, kind.section, nav, values) for path, values in pages}
    for others in FILES:
        files |= others(site)
    files[LISTING] = canonical_json({"files": {path: sha256(data) for path, data in files.items()}})
    refuse_broken_links(files)
    return dict(sorted(files.items()))
