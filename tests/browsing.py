"""Chromium for the tests: pages opened from a folder, and everything they ask for or complain of, noted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from genboard.leaderboard.site import write_site

NO_CHROMIUM = "this machine has no chromium"
NO_PLAYWRIGHT = "playwright is not installed"
# A page of each kind in the site of `site_tree.everything`.
KINDS = (
    "index.html",
    "tracks/digits.html",
    "generators.html",
    "generators/gamma.html",
    "generators/crash.html",
    "compare/digits.html",
    "pair/digits.html",
    "studies.html",
    "studies/k.html",
    "metrics.html",
    "fairness.html",
    "datasets.html",
    "extractors.html",
    "about.html",
    "cite.html",
    "search.html",
    "embed/digits.html",
    "404.html",
)

# It need not fetch the style sheet again, which a page of a folder may not.
AXE = {"resultTypes": ["violations"], "preload": False}
# How much wider than its window a page is, and what of it.
WIDER = """() => {
  const room = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll('body *')].filter(e =>
    e.getBoundingClientRect().right > room + 1 && !e.closest('.wrap, pre, .also, .vh, .skip') &&
    !e.matches('.match > img'));
  return [document.documentElement.scrollWidth - room, wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120))];
}"""


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser; the test is skipped where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip(NO_PLAYWRIGHT)
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@dataclass
class Visits:
    """Pages of a site in a folder.

    Attributes:
        foreign: addresses outside the folder that a page asked for.
        errors: what a page wrote to the console as an error, or threw.
    """

    browser: Any
    folder: Path
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def open(self, path: str, fragment: str = "", width: int = 1280, scripts: bool = True, **context: Any) -> Any:
        made = self.browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts, accept_downloads=True, **context
        )
        self.contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda request: self._asked(request.url))
        page.on("requestfailed", self._failed)
        page.on("dialog", lambda dialog: (self.errors.append(f"asked: {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.goto((self.folder / path).as_uri() + fragment)
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # what a reload cuts off
            self.errors.append(f"not loaded: {request.url}")

    def _asked(self, url: str) -> None:
        if not url.startswith((f"{self.folder.as_uri()}/", "blob:", "data:")):
            self.foreign.append(url)


@contextmanager
def visits(browser: Any, folder: Path) -> Iterator[Visits]:
    """Pages of a site; at the end none of them may have asked for anything elsewhere, or complained."""
    found = Visits(browser, folder)
    try:
        yield found
    finally:
        found.close()
    assert found.foreign == []
    assert found.errors == []


def on_disk(site: dict[str, bytes], folder: Path) -> Path:
    write_site(site, folder)
    return folder


def names(page: Any) -> list[str]:
    """The generators of the visible rows, in their order."""
    found: list[str] = page.eval_on_selector_all(
        "#board tbody tr:not([hidden]) th a", "links => links.map(link => link.textContent)"
    )
    return found
