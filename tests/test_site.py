"""The site as files: complete, the same twice, safe with hostile text, and honest about what is missing."""

from __future__ import annotations

import csv
import io
import json
import posixpath
import re
from pathlib import Path

import pytest
from genboard.benchmarks.result import preview_path, read_result, save_result
from genboard.leaderboard.charts.axis import axis_for
from genboard.leaderboard.charts.interval import IntervalRow, interval_chart
from genboard.leaderboard.charts.theme import inline
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.links import linked
from genboard.leaderboard.storage.records import Records, read_records
from markupsafe import Markup
from site_tree import HOSTILE, LONGEST_NAME, PLAIN, TRACK, Page, everything, pages, picture, save, studies

from genboard.core.files import sha256


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def records(folder: Path) -> Records:
    return everything(folder)


@pytest.fixture(scope="module")
def site(records: Records) -> dict[str, bytes]:
    return render_site(records, {TRACK.name: TRACK}, studies(TRACK.name))


def test_two_renders_are_byte_identical(site: dict[str, bytes], folder: Path) -> None:
    assert render_site(read_records([folder]), {TRACK.name: TRACK}, studies(TRACK.name)) == site


def test_it_has_every_page(site: dict[str, bytes]) -> None:
    names = ("alpha", "beta", "copy", "crash", "far", "few", "floor", "gamma", "null", LONGEST_NAME)
    single = ("index", "generators", "studies", "metrics", "datasets", "extractors", "about", "404")
    expected = {*(f"{page}.html" for page in single), "tracks/digits.html", "compare/digits.html", "studies/k.html"}
    expected |= {"style.css", "site.js", "build.json", "data/digits.csv", "data/digits.json"}
    assert {*expected, *(f"generators/{name}.html" for name in names)} <= site.keys()


def test_every_link_leads_somewhere(site: dict[str, bytes]) -> None:
    """To a file of the site, to an element of that file where there is a fragment, or to a web address."""
    checked = 0
    read = pages(site)
    anchors = {path: {attrs["id"] for _, attrs in page.tags if attrs.get("id")} for path, page in read.items()}
    for path, page in read.items():
        for tag, attrs in page.tags:
            for target in filter(None, (attrs.get("href"), attrs.get("src"))):
                if tag == "a" and re.match(r"https?://[\w.-]+\.\w+(/|$)", target):
                    continue
                assert not re.match(r"[a-z]+:|//", target, re.IGNORECASE), (path, tag, target)
                file, _, fragment = target.partition("#")
                found = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
                assert found in site, (path, target)
                # What a script reads from the address is a state, not an element.
                assert not fragment or "=" in fragment or fragment in anchors[found], (path, target)
                checked += 1
    assert checked > 200


def test_an_id_occurs_once(site: dict[str, bytes]) -> None:
    for path, page in pages(site).items():
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids)), path


def test_nothing_is_loaded_from_elsewhere_or_run(site: dict[str, bytes]) -> None:
    for path, page in pages(site).items():
        scripts = [attrs for tag, attrs in page.tags if tag == "script"]
        data = [path.removeprefix("pair/").replace(".html", ".js")] if path.startswith("pair/") else []
        assert [(s.get("src") or "").removeprefix("../") for s in scripts] in (["site.js", *data], []), path
        assert not [attrs for _, attrs in page.tags if any(key.startswith("on") for key in attrs)], path
    assert b"url(" not in site["style.css"]
    assert b"@import" not in site["style.css"]
    for forbidden in (
        b"fetch(",
        b"import(",
        b"innerHTML",
        b"outerHTML",
        b"insertAdjacent",
        b"eval(",
        b"document.write",
    ):
        assert forbidden not in site["site.js"], forbidden


def test_hostile_text_stays_text(site: dict[str, bytes]) -> None:
    for path in ("tracks/digits.html", "generators/gamma.html", "generators/crash.html", "studies/k.html"):
        page = Page(site[path])
        assert HOSTILE in page.text, path
        assert not [attrs for tag, attrs in page.tags if tag == "img" and "onerror" in attrs], path
        assert not [a for _, a in page.tags if (a.get("href") or "").lower().startswith("javascript")], path
    assert "javascript:alert(4)" in Page(site["generators/gamma.html"]).text
    assert PLAIN in Page(site["generators/doubted.html"]).text


def test_contributed_text_cannot_turn_what_stands_beside_it(site: dict[str, bytes]) -> None:
    """A mark that turns the direction of text ends where its element does: in a block of its own, or in `bdi`."""
    page = site["generators/gamma.html"].decode()
    heading = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert heading
    assert "\u202e" in heading[1]
    for protocol in re.findall(r'<p class="protocol">(.*?)</p>', page, re.DOTALL):
        outside = re.sub(r"<bdi>.*?</bdi>", "", protocol, flags=re.DOTALL)
        assert "\u202e" in protocol
        assert "\u202e" not in outside


def test_only_http_addresses_are_links() -> None:
    assert linked("javascript:alert(1)//https://x.example")[0].href is None
    assert [s.href for s in linked("javascript:https://x.example")] == [None]
    assert [s.href for s in linked("data:text/html,hello ftp://x.example")] == [None]
    assert [s.href for s in linked("see https://x.example/a?b=1.")] == [None, "https://x.example/a?b=1", None]
    assert linked("arXiv:1312.6114")[0].href == "https://arxiv.org/abs/1312.6114"
    assert "".join(s.text for s in linked("a arXiv:1312.6114, b")) == "a arXiv:1312.6114, b"


def test_an_arxiv_paper_is_linked(site: dict[str, bytes]) -> None:
    links = [attrs.get("href") for tag, attrs in Page(site["generators/beta.html"]).tags if tag == "a"]
    assert "https://arxiv.org/abs/1312.6114" in links


def test_the_chart_escapes_its_labels() -> None:
    row = IntervalRow(HOSTILE, (1.0, 0.5, 1.5), HOSTILE, HOSTILE, HOSTILE, linked=True)
    chart = inline(interval_chart([row], axis_for([row.span]), (HOSTILE, HOSTILE, HOSTILE), 1.0), "")
    assert isinstance(chart, Markup)
    page = Page(chart.encode())
    assert {"script", "img"}.isdisjoint(tag for tag, _ in page.tags)
    assert "alert(1)" in page.text


def test_missing_values_show_their_reason(site: dict[str, bytes]) -> None:
    page = Page(site["tracks/digits.html"])
    reason = f"unmeasurable {HOSTILE}"
    assert f"— missing: {' '.join(reason.split())}" in page.row("alpha")
    assert [attrs for tag, attrs in page.tags if tag == "span" and attrs.get("title") == reason]
    row = next(row for row in Page(site["generators/gamma.html"]).rows if "Inception score" in row)
    assert " ".join(reason.split()) in " ".join(row.split())


def test_what_is_not_ranked_is_listed_with_its_reason(site: dict[str, bytes]) -> None:
    text = " ".join(Page(site["tracks/digits.html"]).text.split())
    assert "0123456789ab.json cannot be read: not valid JSON: the key 'a' is given twice" in text
    assert "measured with 50 samples, the track asks for 500" in text
    assert "superseded by" in text
    assert "failed at sampling: ValueError" in text
    assert "fd:digits-cnn is missing: unmeasurable" in text
    assert "0123456789ab.json" in Page(site["index.html"]).text


def test_a_failed_run_says_its_stage_and_type_and_nothing_that_the_exception_said(
    site: dict[str, bytes], tmp_path: Path
) -> None:
    assert "Its run failed at sampling: ValueError" in Page(site["generators/crash.html"]).text
    secret = "no such file: /home/ana/secret-token-hf_x"
    for name, kind in (("one", "OSError"), ("two", secret)):
        save(tmp_path, name, None, error={"stage": "measuring", "type": kind, "message": secret})
    files = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert [path for path, data in files.items() if b"secret" in data or b"/home" in data] == []
    assert "failed at measuring: OSError" in files["data/digits-left-out.csv"].decode()
    assert "failed at measuring: an exception without a name" in Page(files["generators/two.html"]).text
    assert [path for path, data in site.items() if b"boom" in data] == []


def test_earlier_results_are_shown_on_the_page_of_their_generator(site: dict[str, bytes]) -> None:
    page = Page(site["generators/alpha.html"])
    assert [row for row in page.rows if "2025-01-01" in row and "superseded by" in row]


def test_baselines_are_never_ranked(site: dict[str, bytes]) -> None:
    page = Page(site["tracks/digits.html"])
    for name in ("floor", "copy", "far"):
        assert page.row(name).startswith("not ranked"), name
    assert page.row("alpha").startswith("1–2 a ")
    assert page.row("gamma").startswith("3 gamma")
    rows = {row["generator"]: row for row in csv.DictReader(io.StringIO(site["data/digits.csv"].decode()))}
    assert [rows[name]["first"] for name in ("floor", "copy", "far", "beta")] == ["", "", "", "1"]


def test_the_heading_is_the_finding(folder: Path, site: dict[str, bytes], tmp_path: Path) -> None:
    assert b"<h1>alpha and beta are not significantly different at the top of Digits</h1>" in site["tracks/digits.html"]
    save(tmp_path, "first", 1.0)
    save(tmp_path, "second", 5.0)
    alone = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    said = b"<h1>first is better than second, the only other generator on Digits</h1>"
    assert said in alone["tracks/digits.html"]
    save(tmp_path, "third", 9.0)
    three = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert b"<h1>first leads on Digits</h1>" in three["tracks/digits.html"]


def test_copies_are_flagged(site: dict[str, bytes]) -> None:
    page = Page(site["tracks/digits.html"])
    assert "copies" in page.row("copy")
    assert "copies" not in page.row("beta")


def test_the_memorisation_gap_is_train_minus_reference(site: dict[str, bytes]) -> None:
    table = json.loads(site["data/digits.json"])
    gaps = {row["generator"]: row["memorisation_gap"] for row in table["rows"]}
    assert gaps["alpha"] == pytest.approx(0.5 - 2.0)
    assert "−1.50" in Page(site["tracks/digits.html"]).row("alpha").replace(" .", ".")


def test_a_site_without_results_is_complete() -> None:
    site = render_site(Records((), ()), {TRACK.name: TRACK})
    assert "Nothing is ranked on Digits yet" in Page(site["tracks/digits.html"]).text


@pytest.mark.parametrize("content", [b"GIF89a", b"", picture()[:200], b"\x89PNG\r\n\x1a\n" + b"x" * 50])
def test_a_preview_that_is_no_picture_is_a_reason_in_words_of_ours(tmp_path: Path, content: bytes) -> None:
    result = read_result(tmp_path / save(tmp_path, "alpha", 2.0).path)
    assert result.preview
    layout = result.preview.model_copy(update={"sha256": sha256(content)})
    save_result(result.model_copy(update={"preview": layout}), tmp_path, content)
    text = Page(render_site(read_records([tmp_path]), {TRACK.name: TRACK})["generators/alpha.html"]).text
    assert "No pictures: the preview file cannot be shown: it is no PNG, or a damaged one." in text


def test_a_wrong_preview_is_a_reason_not_a_picture(tmp_path: Path) -> None:
    result = save(tmp_path, "alpha", 2.0)
    preview_path(tmp_path / result.path).write_bytes(b"another")
    site = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert not [path for path in site if path.startswith("previews/")]
    assert "the preview file is not the one the result names" in Page(site["generators/alpha.html"]).text
