"""Pages of studies: from their tables alone, with none, with a damaged one, and linked from the metrics."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from genboard.benchmarks.studies.listing import STUDIES
from genboard.benchmarks.studies.table import Table
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import Records
from genboard.leaderboard.storage.study_tables import Tables, read_tables, save_table
from site_tree import HOSTILE, PLAIN, TRACK, Page, studies, study

NOTHING = Records((), ())


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    return render_site(NOTHING, {TRACK.name: TRACK}, studies(TRACK.name, "elsewhere"))


def drawn(page: Page) -> int:
    """How many charts there are; what is hidden from screen readers is a sign."""
    return sum(tag == "svg" and attrs.get("aria-hidden") != "true" for tag, attrs in page.tags)


def test_a_study_has_a_page_with_question_verdict_figure_table_and_method(site: dict[str, bytes]) -> None:
    page, own = Page(site["studies/k.html"]), STUDIES["k"]
    text = " ".join(page.text.split())
    for said in (own.question, own.method, *own.verdict(study())):
        assert " ".join(said.split()) in text
    assert drawn(page) == 2 * (1 + 4)  # on two tracks: of one metric, and a panel for each
    assert "elsewhere@1" in text  # a track that this site does not have is named, not linked
    assert "../tracks/elsewhere.html" not in [attrs.get("href") for _, attrs in page.tags]


def test_the_table_of_a_study_is_offered_whole(site: dict[str, bytes]) -> None:
    rows = list(csv.DictReader(io.StringIO(site["data/study-k-digits-1.csv"].decode())))
    assert len(rows) == len(study().rows) > 40
    assert list(rows[0]) == list(STUDIES["k"].columns)
    assert {row["what"] for row in rows} == {"real", "expected", "value"}


def test_the_scorecard_and_the_metrics_link_to_the_study(site: dict[str, bytes]) -> None:
    for path in ("studies.html", "metrics.html"):
        links = [attrs.get("href") for tag, attrs in Page(site[path]).tags if tag == "a"]
        assert "studies/k.html" in links, path
    assert "choice of k" in Page(site["studies.html"]).text


def test_hostile_words_of_a_table_stay_words(site: dict[str, bytes]) -> None:
    for path in ("studies.html", "studies/k.html", "metrics.html"):
        page = Page(site[path])
        scripts = [attrs for tag, attrs in page.tags if tag == "script"]
        assert [(s.get("src") or "").removeprefix("../") for s in scripts] == ["site.js"], path
        assert "img" not in {tag for tag, _ in page.tags}, path
    assert HOSTILE in Page(site["studies/k.html"]).text
    assert PLAIN in Page(site["studies.html"]).text


def test_without_studies_the_page_says_what_could_be_run() -> None:
    text = Page(render_site(NOTHING, {TRACK.name: TRACK})["studies.html"]).text
    assert "No study has been run yet" in text
    assert "genboard study all" in text


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genboard.leaderboard.site.study_findings.FIGURES", "leaderboard.site")


@pytest.mark.usefixtures("no_figures")
def test_a_study_without_a_figure_is_shown_without() -> None:
    page = Page(render_site(NOTHING, {TRACK.name: TRACK}, studies(TRACK.name))["studies/k.html"])
    assert drawn(page) == 0
    assert "precision" in page.text


@pytest.mark.usefixtures("no_figures")
def test_a_table_that_its_study_cannot_read_is_named_and_the_rest_is_shown(tmp_path: Path) -> None:
    save_table(study("elsewhere"), tmp_path)
    path, _ = save_table(study(), tmp_path)
    damaged = json.loads(path.read_text("utf-8"))
    damaged["rows"] = [{"what": "value", "metric": "precision", "k": 1}]
    path.write_text(json.dumps(damaged), encoding="utf-8")
    tables = read_tables([tmp_path])
    assert len(tables.readable) == 2
    site = render_site(NOTHING, {TRACK.name: TRACK}, tables)
    assert "digits@1/k.json cannot be read: its rows are not those of the study" in " ".join(
        Page(site["studies.html"]).text.split()
    )
    assert "elsewhere@1" in Page(site["studies/k.html"]).text
    assert "data/study-k-digits-1.csv" not in site


def test_every_study_of_the_registry_is_on_the_page_of_studies(site: dict[str, bytes]) -> None:
    text = " ".join(Page(site["studies.html"]).text.split())
    assert len(STUDIES) >= 6
    assert [own.title for own in STUDIES.values() if own.title not in text] == []


@pytest.mark.usefixtures("no_figures")
def test_two_versions_of_a_track_have_files_of_their_own() -> None:
    old = Table.model_validate({**study().to_json(), "track": {"name": TRACK.name, "version": 2}})
    tables = Tables({("digits@1", "k"): study(), ("digits@2", "k"): old}, ())
    site = render_site(NOTHING, {TRACK.name: TRACK}, tables)
    assert len([path for path in site if path.startswith("data/study-k-")]) == 2
    ids = [attrs["id"] for _, attrs in Page(site["studies/k.html"]).tags if "id" in attrs]
    assert len(ids) == len(set(ids))
