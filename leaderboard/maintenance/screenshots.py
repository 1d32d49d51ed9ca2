"""Pictures of the site for the documentation: `python -m genboard.leaderboard.maintenance.screenshots`.

It needs the `dev` extra and an installed Chromium, and renders the committed results and studies.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

from ...core.errors import GenboardError
from ...core.files import write_bytes
from ...registry.catalog import entries
from ...registry.schema import Track
from ..site import render_site, write_site
from ..storage import records
from ..storage import study_tables as studies

OUT = Path(__file__).parents[2] / "docs" / "screenshots"
COLOURS = 256  # of a picture: pages have few
# File name: page, width and height of the window, colours.
SHOTS = {
    "wide": ("tracks/digits.html", 1280, 1000, "light"),
    "dark": ("tracks/digits.html", 1280, 1000, "dark"),
    "phone": ("tracks/digits.html", 390, 844, "light"),
    "home": ("index.html", 1280, 900, "light"),
    "studies": ("studies.html", 1280, 900, "light"),
    "generator": ("generators/ddpm.html", 1280, 900, "dark"),
    "compare": ("compare/digits.html", 1280, 900, "light"),
    "pair": ("pair/digits.html", 1280, 900, "light"),
    "ruler": ("tracks/mnist-1k.html#ruler", 1280, 800, "light"),
}


def screenshots(out: Path) -> list[Path]:
    """Write every picture; comes back with their paths.

    Raises:
        GenboardError: Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as e:
        raise GenboardError("playwright is not installed", "pip install 'genboard[dev]'") from e
    found = shutil.which("chromium")
    if found is None:
        raise GenboardError("no chromium on this machine", "apt-get install chromium")
    tables = studies.read_tables([studies.COMMITTED] if studies.COMMITTED.is_dir() else [])
    files = render_site(records.read_records([records.COMMITTED]), entries(Track), tables)
    written = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_site(files, Path(folder))
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for name, (path, width, height, scheme) in SHOTS.items():
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
            )
            file, _, anchor = path.partition("#")
            page.goto(f"{(Path(folder) / file).as_uri()}#{anchor}")
            page.wait_for_load_state("networkidle")
            written.append(out / f"{name}.png")
            write_bytes(written[-1], _small(page.screenshot()))
            page.close()
        browser.close()
    return written


def _small(png: bytes) -> bytes:
    image = (
        Image.open(io.BytesIO(png))
        .convert("RGB")
        .quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    try:
        for path in screenshots(OUT):
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    except GenboardError as e:
        sys.exit(f"Error: {e}")
