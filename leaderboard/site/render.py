"""Results and studies to a site: a pure mapping from relative paths to contents, byte for byte the same for the same
results.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.files import sha256
from ...core.serialization import canonical_json
from ...registry.schema import Track
from ..storage.records import Records
from ..storage.study_tables import Tables
from .assets import favicon, script, search_style, style
from .content import content_of
from .frame_view import frame_of
from .html import NavItem, html
from .link_check import refuse_broken_links
from .output import LISTING
from .pages import FILES, PAGES, UNLISTED
from .search_view import by_kind, listing, search_js
from .sitemap import sitemap_files

NO_TABLES = Tables({}, ())


def render_site(
    records: Records, tracks: Mapping[str, Track], studies: Tables = NO_TABLES, base: str | None = None
) -> dict[str, bytes]:
    """Every file of the site by its path.

    Args:
        records: all results at hand; the preview and the verification log beside each file are read too.
        tracks: the tracks by name; results on others are shown on their generators' pages only.
        studies: the tables of studies at hand.
        base: address of the folder it will be published in: for the page that is shown at any address and, where it is
            a whole one, for everything that has to name its own address.
    """
    site = content_of(records, tracks, studies, base)
    made = [(kind, list(kind.view(site))) for kind in PAGES]
    nav = [NavItem(kind.section, kind.label, kind.href or pages[0][0]) for kind, pages in made if kind.label and pages]
    frame = frame_of(site, nav)
    files = {"style.css": style(), "site.js": script(), "favicon.svg": favicon()}
    for kind, pages in made:
        files |= {path: html(kind.template, path, kind.section, frame, values) for path, values in pages}
    listed = {path: files[path] for kind, pages in made if kind.template not in UNLISTED for path, _ in pages}
    found = listing(site, listed)
    files["search.html"] = html("search.html", "search.html", "search", frame, {"kinds": by_kind(found)})
    files |= {"search.js": search_js(found), "search.css": search_style()}
    files |= sitemap_files([*listed, "search.html"], site.absolute)
    for others in FILES:
        files |= others(site)
    files[LISTING] = canonical_json({"files": {path: sha256(data) for path, data in files.items()}})
    refuse_broken_links(files)
    return dict(sorted(files.items()))
