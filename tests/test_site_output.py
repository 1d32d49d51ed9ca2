"""The site on disk: only what changed is written, only what a build listed is deleted, nobody else is harmed."""

from __future__ import annotations

from pathlib import Path

import pytest
from genboard.leaderboard.site import render_site, stale_files, write_site
from genboard.leaderboard.site.output import LISTING, MARK
from genboard.leaderboard.storage.records import read_records
from site_tree import TRACK, save

from genboard.core.errors import CannotWrite
from genboard.core.files import canonical_json, sha256


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("results")
    save(folder, "alpha", 2.0)
    return render_site(read_records([folder]), {TRACK.name: TRACK})


def test_only_what_changed_is_written(site: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "site"
    assert stale_files(site, out) == sorted(site)
    assert write_site(site, out) == len(site)
    assert write_site(site, out) == 0
    before = (out / "style.css").stat().st_mtime_ns
    (out / "index.html").write_bytes(b"edited")
    assert stale_files(site, out) == ["index.html"]
    assert write_site(site, out) == 1
    assert stale_files(site, out) == []
    assert (out / "style.css").stat().st_mtime_ns == before
    assert {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()} == site


def build(files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, "build.json": canonical_json({"files": {path: sha256(data) for path, data in files.items()}})}


def test_what_an_earlier_build_listed_is_removed_and_a_strangers_file_is_not(tmp_path: Path) -> None:
    out = tmp_path / "site"
    first = build({"index.html": b"1", "old/page.html": b"2", "mine.html": b"3"})
    write_site(first, out)
    (out / "old" / "stranger.txt").write_bytes(b"4")
    (out / "mine.html").write_bytes(b"changed by hand")
    second = build({"index.html": b"1"})
    assert stale_files(second, out) == ["build.json", "old/page.html"]
    assert write_site(second, out) == 1
    found = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
    assert found == ["build.json", "index.html", "mine.html", "old/stranger.txt"]


def test_a_listing_cannot_reach_outside_its_folder(tmp_path: Path) -> None:
    outside, out = tmp_path / "precious.txt", tmp_path / "site"
    outside.write_bytes(b"5")
    names = ("../precious.txt", str(outside), "a/../../precious.txt")
    write_site({"build.json": canonical_json({"files": dict.fromkeys(names, sha256(b"5"))})}, out)
    write_site(build({"index.html": b"1"}), out)
    assert outside.read_bytes() == b"5"


def test_a_regular_file_in_the_way_is_named(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_bytes(b"")
    with pytest.raises(CannotWrite, match="a regular file stands where a folder is needed"):
        write_site({"index.html": b""}, taken)


def test_a_site_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    stranger = tmp_path / "index.html"
    stranger.write_text("<title>mine</title>", encoding="utf-8")
    with pytest.raises(CannotWrite, match=r"index\.html that genboard did not write"):
        write_site({"index.html": b"new", LISTING: b"{}"}, tmp_path)
    assert stranger.read_text("utf-8") == "<title>mine</title>"
    stranger.write_bytes(MARK)  # what a build that was cut short leaves
    assert write_site({"index.html": MARK + b"new", LISTING: b"{}"}, tmp_path) == 2
