"""What the site says of itself: titles with the finding, descriptions, addresses, citation, licence, and its sign."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from genboard.leaderboard.site import render_site, software
from genboard.leaderboard.storage.records import Records, read_records
from site_tree import LONGEST_NAME, TRACK, Page, everything, pages, save, studies

from genboard.core.files import sha256

ROOT = Path(__file__).parents[1]
BASE = "https://board.example/there/"
BARE = ("404.html", "embed/digits.html")  # nothing stands around them


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def records(folder: Path) -> Records:
    return everything(folder)


@pytest.fixture(scope="module")
def site(records: Records) -> dict[str, bytes]:
    return render_site(records, {TRACK.name: TRACK}, studies(TRACK.name), BASE)


def title(page: bytes) -> str:
    found = re.search(r"<title>(.*?)</title>", page.decode(), re.DOTALL)
    assert found
    return found[1]


def meta(page: bytes) -> dict[str, str]:
    tags = [attrs for tag, attrs in Page(page).tags if tag == "meta"]
    return {str(a.get("property") or a.get("name")): str(a["content"]) for a in tags if "content" in a}


def test_titles_carry_the_finding(site: dict[str, bytes]) -> None:
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", site["tracks/digits.html"].decode())
    assert heading
    assert title(site["tracks/digits.html"]) == f"{heading[1]} · genboard"
    assert title(site["embed/digits.html"]) == f"{heading[1]} · genboard"
    assert title(site["generators/alpha.html"]) == "alpha: rank 1–2 of 5 on Digits · genboard"
    assert title(site["generators/floor.html"]) == "floor · genboard"


def test_every_page_has_a_title_and_a_description_of_its_own(site: dict[str, bytes]) -> None:
    read = pages(site)
    titles = [title(site[path]) for path in read if not path.startswith("embed/")]
    assert len(titles) == len(set(titles))
    said = {path: meta(site[path])["description"] for path in read if path not in BARE}
    own = [text for path, text in said.items() if path not in ("index.html", "search.html", "cite.html")]
    assert len(own) == len(set(own))
    for path, text in said.items():
        assert len(text) > 40, path
        assert meta(site[path])["og:description"] == text
        assert meta(site[path])["og:title"]


def test_a_page_says_its_own_address_where_it_is_known(site: dict[str, bytes], records: Records) -> None:
    for path, page in pages(site).items():
        if path in BARE:
            continue
        here = BASE + ("" if path == "index.html" else path)
        links = [attrs["href"] for tag, attrs in page.tags if tag == "link" and attrs.get("rel") == "canonical"]
        assert links == [here], path
        assert meta(site[path])["og:url"] == here
    unknown = render_site(records, {TRACK.name: TRACK}, base="/there/")
    assert not [path for path, data in unknown.items() if path.endswith(".html") and b"canonical" in data]


def test_it_has_a_sign_of_its_own_and_a_feed(site: dict[str, bytes]) -> None:
    assert ElementTree.fromstring(site["favicon.svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    for path, page in pages(site).items():
        if path in BARE:
            continue
        links = {attrs.get("rel"): attrs.get("href") for tag, attrs in page.tags if tag == "link"}
        up = "../" * path.count("/")
        assert (links["icon"], links["alternate"]) == (f"{up}favicon.svg", f"{up}feed.xml"), path


def test_citing_submitting_repository_and_licence_are_one_click_away(site: dict[str, bytes]) -> None:
    for path, page in pages(site).items():
        if path in BARE:
            continue
        links = {attrs.get("href") for tag, attrs in page.tags if tag == "a"}
        up = "../" * path.count("/")
        wanted = {f"{up}cite.html", f"{up}cite.html#licence", f"{up}about.html#how", f"{up}feed.xml"}
        assert wanted | {software.REPOSITORY} <= links, path


def test_the_entry_of_a_board_has_the_digest_of_its_data_and_the_date_of_its_newest_result(
    site: dict[str, bytes],
) -> None:
    digest, entries = sha256(site["data/digits.json"]), site["cite.bib"].decode()
    assert entries.count("@misc{") == 2
    assert f"@misc{{genboard-digits-{digest[:8]}," in entries
    for wanted in (digest, "{2026-01-02}", f"{software.VERSION}, digits@1", f"{BASE}tracks/digits.html"):
        assert wanted in entries
    assert entries.count("{") == entries.count("}")
    text = Page(site["cite.html"]).text
    assert all(entry.strip() in text for entry in re.split(r"\n\n", entries))
    assert digest[:12] in Page(site["tracks/digits.html"]).text
    whole = sha256(f"{digest}  data/digits.json\n".encode())
    assert whole in text


def test_the_digest_is_that_of_the_results_alone(site: dict[str, bytes], folder: Path, records: Records) -> None:
    again = render_site(read_records([folder]), {TRACK.name: TRACK})
    assert sha256(again["data/digits.json"]) == sha256(site["data/digits.json"])
    few = Records(tuple(r for r in records.readable if r.result.generator.name != "beta"), records.unreadable)
    assert sha256(render_site(few, {TRACK.name: TRACK})["data/digits.json"]) not in site["cite.bib"].decode()


def test_a_title_of_ones_own_is_text_in_an_entry(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    odd = TRACK.model_copy(update={"title": r"50% of {A}_\b & ~c^ #$, unconditional"})
    entry = render_site(read_records([tmp_path]), {odd.name: odd})["cite.bib"].decode()
    assert r"50\% of \{A\}\_\textbackslash{}b \& \textasciitilde{}c\textasciicircum{} \#\$" in entry


def test_the_site_and_the_citation_file_say_the_same() -> None:
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    facts = dict(re.findall(r'^(version|date-released|license|repository-code|title): "?(.*?)"?$', citation, re.M))
    assert facts == {
        "title": software.TITLE,
        "version": software.VERSION,
        "date-released": software.RELEASED,
        "license": software.LICENCE,
        "repository-code": software.REPOSITORY,
    }
    assert f'- name: "{software.AUTHORS}"' in citation


def test_a_site_without_results_says_so(tmp_path: Path) -> None:
    site = render_site(Records((), ()), {TRACK.name: TRACK}, base=BASE)
    assert "Nothing is ranked yet" in meta(site["index.html"])["description"]
    assert not [path for path in site if path.startswith(("cards/", "badges/", "embed/"))]
    assert "genboard" in site["cite.bib"].decode()


def test_a_long_name_does_not_make_an_endless_title(tmp_path: Path) -> None:
    save(tmp_path, LONGEST_NAME, 2.0)
    save(tmp_path, "m" * 80, 2.0)
    assert len(title(render_site(read_records([tmp_path]), {TRACK.name: TRACK})["tracks/digits.html"])) < 130
