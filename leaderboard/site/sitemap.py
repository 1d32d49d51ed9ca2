"""For search engines: every page that is to be found, where the address of the site is known."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from .html import text


def sitemap_files(pages: Iterable[str], base: str | None) -> dict[str, bytes]:
    """`sitemap.xml`; and `robots.txt`, which is read only at the top of a host.

    Args:
        pages: their paths.
        base: the absolute address of the site.
    """
    if base is None:
        return {}
    addresses = [base + ("" if path == "index.html" else quote(path)) for path in sorted(pages)]
    files = {"sitemap.xml": text("sitemap.xml", {"addresses": addresses})}
    if urlsplit(base).path == "/":
        files["robots.txt"] = f"User-agent: *\nAllow: /\nSitemap: {base}sitemap.xml\n".encode()
    return files
