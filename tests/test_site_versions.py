"""Earlier versions of a track keep their pages, and the current one says what changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from genboard.benchmarks.result import read_result, result_id, save_result
from genboard.benchmarks.specification import specify_column
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.link_check import broken_links
from genboard.leaderboard.storage.records import read_records
from site_tree import TRACK, Page, save

NOW = TRACK.model_copy(update={"version": 2, "samples": 400})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("results")
    for name, fd in (("alpha", 1.0), ("beta", 2.0)):
        save(folder, name, fd)
    save(folder, "crash", None, error={"stage": "sampling", "type": "OSError", "message": "/home/ana"})
    newer(folder, "alpha", 5.0)
    (folder / "digits@1" / "alpha" / "0123456789ab.json").write_bytes(b"{")
    return render_site(read_records([folder]), {TRACK.name: NOW})


def newer(folder: Path, name: str, fd: float) -> None:
    """A result of the second version, with its number of samples."""
    result = read_result(folder / save(folder, name, fd, salt=7).path)
    (folder / result.path).unlink()
    columns = [specify_column(NOW, column) for column in NOW.metrics]
    specification = {**result.specification, "track": {"name": TRACK.name, "version": 2}, "metrics": columns}
    track = result.track.model_copy(update={"version": 2})
    sampling = result.sampling.model_copy(update={"n": NOW.samples})
    changed = {"track": track, "sampling": sampling, "specification": specification, "id": result_id(specification)}
    save_result(result.model_copy(update=changed), folder, None)


def test_both_versions_have_a_page_and_files(site: dict[str, bytes]) -> None:
    for page in ("digits", "digits@1"):
        assert {f"tracks/{page}.html", f"data/{page}.csv", f"data/{page}.json", f"charts/{page}.csv"} <= site.keys()
    assert list(broken_links(site)) == []
    old, now = (json.loads(site[f"data/{page}.json"]) for page in ("digits@1", "digits"))
    assert [row["generator"] for row in old["rows"]] == ["alpha", "beta"]
    assert (old["track"]["version"], now["track"]["version"]) == (1, 2)


def test_the_old_page_says_that_it_is_old_and_the_new_one_what_changed(site: dict[str, bytes]) -> None:
    old, now = Page(site["tracks/digits@1.html"]), Page(site["tracks/digits.html"])
    assert "This is an earlier version of the track. digits@2 replaced it" in old.text
    assert "alpha is better than beta, the only other generator on Digits (version 1)" in old.text
    assert "genboard evaluate my-images/" not in old.text
    assert "earlier version" not in now.text
    assert "digits@1 samples: 500 before, now 400" in " ".join(now.text.split())
    assert "digits@1.html" in {attrs.get("href") for tag, attrs in now.tags if tag == "a"}


def test_what_is_left_out_of_a_version_is_of_that_version(site: dict[str, bytes]) -> None:
    old = " ".join(Page(site["tracks/digits@1.html"]).text.split())
    assert "failed at sampling: OSError" in old
    assert "/home/ana" not in old
    assert "0123456789ab.json cannot be read" in old
    assert "measured on version 2" not in old
    now = Page(site["tracks/digits.html"]).text
    assert "measured on version 1 of the track, this is 2" in now


def test_a_generator_has_a_section_for_each_version(site: dict[str, bytes]) -> None:
    page = Page(site["generators/alpha.html"])
    links = [attrs.get("href") for tag, attrs in page.tags if tag == "a"]
    assert {"../tracks/digits.html", "../tracks/digits@1.html"} <= set(links)
    assert "digits@1" in page.text
    assert "digits@2" in page.text
    assert "Rank 1 of 2 on Digits (version 1), unconditional" in " ".join(page.text.split())


def test_only_the_current_version_is_on_the_front_page_and_compared(site: dict[str, bytes]) -> None:
    assert "tracks/digits@1.html" not in {
        a.get("href") for t, a in Page(site["index.html"].partition(b'id="changes"')[0]).tags if t == "a"
    }
    assert not [path for path in site if path.startswith("compare/digits@")]


@pytest.mark.parametrize(
    "metrics",
    [
        [],
        "none",
        [7],
        [{}],
        [{"name": "fd"}],
        [{"name": "fd", "extractor": {}, "against": "reference"}],
        [{"name": "fd", "extractor": {"name": "digits-cnn"}}],
        [{"name": "fd", "extractor": {"name": "digits-cnn"}, "against": "nothing"}],
        [{"name": "fd", "extractor": {"name": "digits-cnn"}, "against": "reference", "params": 3}],
        [{"name": "fd", "extractor": {"name": ["digits-cnn"]}, "against": "reference"}],
        [
            {
                "name": "fd",
                "extractor": {"name": "digits-cnn"},
                "against": "reference",
                "version": 1,
                "reference": "0",
                "params": 3,
            }
        ],
        [
            {
                "name": "fd",
                "extractor": {"name": "digits-cnn"},
                "against": "reference",
                "version": 1,
                "reference": "0",
                "params": {"k": []},
            }
        ],
        [{"name": ["fd"], "extractor": {"name": "digits-cnn"}, "against": "reference", "params": {}}],
    ],
)
def test_an_old_result_that_says_nothing_of_its_columns_does_not_take_the_site_down(
    metrics: Any, tmp_path: Path
) -> None:
    result = read_result(tmp_path / save(tmp_path, "alpha", 1.0).path)
    specification = {**result.specification, "metrics": metrics}
    (tmp_path / result.path).unlink()
    save_result(
        result.model_copy(update={"specification": specification, "id": result_id(specification)}), tmp_path, None
    )
    newer(tmp_path, "beta", 2.0)
    site = render_site(read_records([tmp_path]), {TRACK.name: NOW})
    assert "beta is the only generator ranked" in Page(site["tracks/digits.html"]).text
    assert "generators/alpha.html" in site


def test_a_feature_space_that_is_gone_is_named_and_not_linked(tmp_path: Path) -> None:
    result = read_result(tmp_path / save(tmp_path, "alpha", 1.0).path)
    (tmp_path / result.path).unlink()
    gone = [{**spec, "extractor": {**spec["extractor"], "name": "gone"}} for spec in result.specification["metrics"]]
    specification = {**result.specification, "metrics": gone}
    metrics = [metric.model_copy(update={"extractor": "gone"}) for metric in result.metrics]
    changed = {"specification": specification, "id": result_id(specification), "metrics": metrics}
    save_result(result.model_copy(update=changed), tmp_path, None)
    site = render_site(read_records([tmp_path]), {TRACK.name: NOW})
    assert "gone" in Page(site["tracks/digits@1.html"]).text
