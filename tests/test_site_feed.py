"""The feed as RFC 4287 asks for it, the same ids on any machine, and no text of others that becomes markup."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import Records, read_records
from genboard.leaderboard.verification.log import append, new_entry
from site_tree import PLAIN, TRACK, everything, save

ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "https://board.example/there/"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")  # RFC 3339


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return everything(tmp_path_factory.mktemp("results"))


def feed(records: Records, base: str | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(render_site(records, {TRACK.name: TRACK}, base=base)["feed.xml"])


def said(parent: ElementTree.Element, name: str) -> str:
    found = parent.findall(ATOM + name)
    assert len(found) == 1, name
    return found[0].text or ""


def test_it_is_an_atom_feed(records: Records) -> None:
    root = feed(records, BASE)
    assert root.tag == f"{ATOM}feed"
    entries = root.findall(f"{ATOM}entry")
    assert len(entries) > 10
    for one in (root, *entries):
        assert said(one, "title")
        assert MOMENT.fullmatch(said(one, "updated"))
        assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", said(one, "id"))
    ids = [said(one, "id") for one in (root, *entries)]
    assert len(set(ids)) == len(ids)
    moments = [said(one, "updated") for one in entries]
    assert moments == sorted(moments, reverse=True)
    assert said(root, "updated") == moments[0]
    author = root.find(f"{ATOM}author/{ATOM}name")  # of all entries, which name none
    assert author is not None
    assert author.text
    links = root.findall(f"{ATOM}link")
    assert [link.get("href") for link in links if link.get("rel") == "self"] == [f"{BASE}feed.xml"]


def test_every_entry_leads_to_a_page(records: Records) -> None:
    for base in (None, BASE):
        site = render_site(records, {TRACK.name: TRACK}, base=base)
        for entry in ElementTree.fromstring(site["feed.xml"]).findall(f"{ATOM}entry"):
            (link,) = entry.findall(f"{ATOM}link")
            assert (link.get("href") or "").removeprefix(base or "") in site


def test_baselines_are_no_news(records: Records) -> None:
    titles = [said(one, "title") for one in feed(records).findall(f"{ATOM}entry")]
    assert any(title.startswith("alpha on Digits: new result") for title in titles)
    assert not any(title.startswith(("floor", "copy", "far")) for title in titles)


def test_texts_of_others_are_texts(records: Records) -> None:
    reasons = [entry.findtext(f"{ATOM}summary") for entry in feed(records).findall(f"{ATOM}entry")]
    assert PLAIN in reasons
    known = {ATOM + name for name in "feed title id updated author name generator link entry summary".split()}
    assert {one.tag for one in feed(records).iter()} <= known


def test_letters_that_xml_cannot_write_do_not_break_it(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    odd = TRACK.model_copy(update={"title": "Digits \x00\x0b <b>, unconditional"})
    root = ElementTree.fromstring(render_site(read_records([tmp_path]), {odd.name: odd})["feed.xml"])
    assert any("alpha is ranked on Digits  <b>" in (title.text or "") for title in root.iter(f"{ATOM}title"))


def test_ids_and_dates_of_a_result_stay_when_others_come(tmp_path: Path) -> None:
    def entries() -> dict[str, str]:
        found = feed(read_records([tmp_path])).findall(f"{ATOM}entry")
        return {said(one, "id"): f"{said(one, 'updated')} {said(one, 'title')}" for one in found}

    save(tmp_path, "alpha", 2.0, created="2026-01-02T03:04:05+00:00")
    save(tmp_path, "beta", 9.0, created="2026-01-02T04:04:05+00:00")
    before = entries()
    save(tmp_path, "gamma", 1.0, created="2026-02-03T01:00:00+02:00")
    after = entries()
    assert before.items() <= after.items()
    new = sorted(text for id_, text in after.items() if id_ not in before)
    assert new == [
        "2026-02-02T23:00:00Z Ranks on Digits moved",
        "2026-02-02T23:00:00Z gamma on Digits: new result, Fréchet distance 1.00 ±0.20",
    ]


def test_a_day_says_who_moved_and_a_withdrawal_is_told(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, created="2026-01-02T03:04:05+00:00")
    save(tmp_path, "beta", 9.0, created="2026-01-02T04:04:05+00:00")
    gamma = tmp_path / save(tmp_path, "gamma", 1.0, created="2026-02-03T01:00:00+00:00").path
    append(gamma, new_entry(gamma, "withdrawn", by="ana", reason="trained on the reference"))
    root = feed(read_records([tmp_path]))
    told = {said(one, "title"): one.findtext(f"{ATOM}summary") for one in root.findall(f"{ATOM}entry")}
    assert told["gamma on Digits: withdrawn"] == "trained on the reference"
    moved = [one.findtext(f"{ATOM}summary") for one in root.iter(f"{ATOM}entry") if "moved" in said(one, "title")]
    assert moved == ["alpha: 2 → 1; beta: 3 → 2; gamma: no longer ranked", "gamma: new at 1; alpha: 1 → 2; beta: 2 → 3"]


def test_a_result_without_a_date_is_no_news_and_breaks_nothing(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, created="yesterday <b>")
    site = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert "feed.xml" not in site
    assert b"feed.xml" not in site["index.html"]


def test_dates_are_those_of_the_results_not_of_the_build(records: Records, tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    updated = said(feed(read_records([tmp_path])), "updated")
    assert datetime.fromisoformat(updated) == datetime.fromisoformat("2026-01-02T03:04:05+00:00")
