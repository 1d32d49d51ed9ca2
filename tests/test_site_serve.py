"""`genboard site` as a user runs it: build, check, serve, and what it says when something is wrong."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.serve import server_of
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.storage.study_tables import save_table
from refusals import refused
from site_tree import TRACK, save, study

from genboard.core.errors import GenboardError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("results")
    save(folder, "alpha", 2.0)
    return render_site(read_records([folder]), {TRACK.name: TRACK}, base="/")


@pytest.fixture(scope="module")
def address(site: dict[str, bytes]) -> Iterator[str]:
    with server_of(site, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_every_file_is_served_as_what_it_is(site: dict[str, bytes], address: str) -> None:
    kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript", "csv": "text/csv", "png": "image/png"}
    kinds |= {"svg": "image/svg+xml", "bib": "text/plain"}
    tried = set()
    for path, data in site.items():
        suffix = path.rpartition(".")[2]
        if suffix in tried:
            continue
        tried.add(suffix)
        with urllib.request.urlopen(f"{address}/{path}") as answer:
            assert answer.read() == data
            assert answer.headers["Content-Type"].startswith(kinds.get(suffix, "application/")), path
    assert tried >= {*kinds, "json", "parquet"}
    with urllib.request.urlopen(f"{address}/") as answer:
        assert answer.read() == site["index.html"]


@pytest.mark.parametrize("path", ["/nowhere.html", "/../../etc/passwd", "/tracks/", "//etc/passwd", "/%2e%2e/x"])
def test_what_is_not_there_is_the_page_that_says_so(site: dict[str, bytes], address: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as e:
        urllib.request.urlopen(address + path)
    with e.value:
        assert (e.value.code, e.value.read()) == (404, site["404.html"])
    assert b'<base href="/">' in site["404.html"]


def test_a_taken_port_is_said(address: str) -> None:
    with pytest.raises(GenboardError, match=r"port \d+ of 127.0.0.1 cannot be used") as e:
        server_of({}, int(address.rpartition(":")[2]))
    assert e.value.hint


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts of studies take a while, and are drawn elsewhere."""
    monkeypatch.setattr("genboard.leaderboard.site.study_findings.FIGURES", "leaderboard.site")


@pytest.mark.usefixtures("no_figures")
def test_build_and_check_from_folders(run: Run, tmp_path: Path) -> None:
    results, tables, out = tmp_path / "results", tmp_path / "studies", tmp_path / "site"
    save(results, "alpha", 2.0)
    save(results, "beta", 3.0)
    save_table(study(names=("alpha", "beta")), tables)
    given = ("--results", results, "--studies", tables, "--out", out)
    code, printed, err = run("site", "build", *given)
    assert (code, printed.strip()) == (0, str(out / "index.html")), err
    assert (out / "studies" / "k.html").is_file()
    assert run("site", "build", *given, "--check") == (0, "", "")
    (out / "tracks" / "digits.html").unlink()
    assert "is out of date: tracks/digits.html" in refused(run, "site", "build", *given, "--check")
    code, _, err = run("site", "build", *given)
    assert (code, err.split()[:2]) == (0, ["wrote", "1"])


def test_what_cannot_be_read_is_said_and_the_rest_built(run: Run, tmp_path: Path) -> None:
    results, tables = tmp_path / "results", tmp_path / "studies"
    save(results, "alpha", 2.0)
    (tables / "digits@1").mkdir(parents=True)
    (tables / "digits@1" / "k.json").write_text("[]", encoding="utf-8")
    code, _, err = run("site", "build", "--results", results, "--studies", tables, "--out", tmp_path / "site")
    assert code == 0
    assert "left out: digits@1/k.json" in err


@pytest.mark.parametrize("option", ["--results", "--studies"])
def test_a_folder_that_is_not_there_is_refused(run: Run, tmp_path: Path, option: str) -> None:
    assert "nowhere: no such folder" in refused(run, "site", "build", option, tmp_path / "nowhere", "--out", tmp_path)


@pytest.mark.parametrize("base", ["genboard", "/genboard", "javascript:alert(1)/"])
def test_a_base_that_is_no_folder_is_refused(run: Run, tmp_path: Path, base: str) -> None:
    assert repr(base) in refused(run, "site", "build", "--base", base, "--out", tmp_path / "site")
