"""Links are checked in every build, and studies of generators that a site does not have cost it no link."""

from __future__ import annotations

from pathlib import Path

import pytest
from genboard.benchmarks.studies.table import read_table
from genboard.leaderboard.charts.theme import inline, page_of
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.link_check import broken_links, refuse_broken_links
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.storage.study_tables import COMMITTED, Tables
from site_tree import TRACK, Page, save, studies

from genboard.core.errors import GenboardError


@pytest.mark.parametrize(
    ("markup", "broken"),
    [
        ('<a href="b.html">', None),
        ('<a href="../index.html#top">', None),
        ('<a class="x" href="b.html#here">', None),
        ('<a href="#here">', None),
        ('<a href="b.html#g=a,b">', None),  # a state that a script reads
        ('<a href="https://example.org/x#y">', None),
        ('<img alt="" src="../a.png">', None),
        ('<base href="/genboard/">', None),
        ('<link rel="canonical" href="https://example.org/x.html">', None),  # says where the page is, loads nothing
        ('<link rel="stylesheet" href="https://example.org/x.css">', "https://example.org/x.css"),
        ('<p title="href">', None),
        ('<a href="">', None),  # the page itself
        ('<a href="c.html">', "c.html"),
        ('<a href="index.html">', "index.html"),  # it is one folder up
        ('<a href="../../index.html">', "../../index.html"),
        ('<a href="b.html#there">', "b.html#there"),
        ('<a href="javascript:alert(1)">', "javascript:alert(1)"),
        ('<a href="//example.org">', "//example.org"),
        ('<img alt="" src="https://example.org/a.png">', "https://example.org/a.png"),
        ('<script src="x.js">', "x.js"),
        ('<a href="a&amp;b.html">', "a&b.html"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(markup: str, broken: str | None) -> None:
    pages = {"index.html": '<p id="top">', "pages/b.html": '<p id="here">', "pages/a.html": f'<i id="here">{markup}'}
    files = {**{path: text.encode() for path, text in pages.items()}, "a.png": b""}
    found = list(broken_links(files))
    if broken is None:
        assert found == []
        refuse_broken_links(files)
    else:
        assert found == [("pages/a.html", broken)]
        with pytest.raises(GenboardError, match="1 links of the site lead nowhere"):
            refuse_broken_links(files)


def test_a_build_with_a_link_that_leads_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    monkeypatch.setattr("genboard.leaderboard.site.render.style", lambda: b"")
    render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    monkeypatch.setattr("genboard.leaderboard.site.render.FILES", ())  # the downloads and pictures that pages link to
    with pytest.raises(GenboardError, match="lead nowhere"):
        render_site(read_records([tmp_path]), {TRACK.name: TRACK})


def test_a_board_of_ones_own_has_the_committed_studies_and_no_link_into_the_void(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    save(tmp_path, "vae", 3.0)
    few = {("digits@1", name): read_table(COMMITTED / "digits@1" / f"{name}.json") for name in ("k", "truncation")}
    files = render_site(read_records([tmp_path]), {TRACK.name: TRACK}, Tables(few, ()))
    assert list(broken_links(files)) == []
    links = {attrs.get("href") for tag, attrs in Page(files["studies/k.html"]).tags if tag == "a"}
    assert "../generators/vae.html" in links
    assert "../generators/ddpm.html" not in links
    assert "ddpm" in files["studies/k.html"].decode()


def test_a_study_of_generators_on_the_site_links_to_them(tmp_path: Path) -> None:
    for name in ("alpha", "beta", "gamma"):
        save(tmp_path, name, 2.0)
    files = render_site(read_records([tmp_path]), {TRACK.name: TRACK}, studies(TRACK.name))
    links = [attrs.get("href") for tag, attrs in Page(files["studies/k.html"]).tags if tag == "a"]
    assert links.count("../generators/alpha.html") >= 4


def test_a_mark_of_a_generator_without_a_page_stays_and_its_link_goes() -> None:
    drawn = "".join(f'<a xlink:href="{page_of(name)}"><path d="M{i},0"/></a>' for i, name in enumerate(("a", "b")))
    assert str(inline(drawn, "", {"b"})) == '<path d="M0,0"/><a href="generators/b.html"><path d="M1,0"/></a>'
