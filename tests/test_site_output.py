"""The site on disk: only what changed is written, only what a build listed is deleted, nobody else is harmed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from genboard.leaderboard.site import render_site, stale_files, write_site
from genboard.leaderboard.storage.records import read_records
from site_tree import TRACK, save

from genboard.core.errors import CannotWrite
from genboard.core.files import sha256, write_bytes
from genboard.core.serialization import canonical_json


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


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("index.html", b"<title>mine</title>"),
        ("index.html", b'<meta name="generator" content="genboard">'),  # a page of ours, saved among other files
        ("thesis.tex", b"mine"),
        ("build.json", b'{"files": {"index.html": 7}}'),  # of another tool
        ("build.json", b'{"scripts": {"build": "vite"}}'),
        ("build.json", b"[[[[[["),
        ("build.json", b'{"files": {"\\ud800": "' + b"0" * 64 + b'"}}'),
    ],
)
def test_a_folder_with_files_of_somebody_else_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotWrite, match=r"and no build\.json of genboard"):
        write_site(build({"index.html": b"new"}), tmp_path)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(name, content)]


def test_a_file_of_somebody_else_among_those_of_a_build_is_refused(tmp_path: Path) -> None:
    write_site(build({"index.html": b"1"}), tmp_path)
    (tmp_path / "mine.html").write_bytes(b"mine")
    (tmp_path / "tracks").mkdir()
    for name in ("mine.html", "tracks"):
        with pytest.raises(CannotWrite, match="is not of an earlier build"):
            write_site(build({"index.html": b"2", name: b"new"}), tmp_path)
    assert (tmp_path / "mine.html").read_bytes() == b"mine"
    assert (tmp_path / "index.html").read_bytes() == b"1"


@pytest.mark.parametrize("linked", ["index.html", "tracks", "build.json"])
@pytest.mark.parametrize("target", ["precious", "nowhere"])
def test_no_link_is_written_through(tmp_path: Path, linked: str, target: str) -> None:
    out, precious = tmp_path / "site", tmp_path / "precious"
    first = build({"index.html": b"1", "tracks/a.html": b"2"})
    write_site(first, out)
    precious.mkdir()
    (precious / "a.html").write_bytes(b"2")  # as listed: it would be deleted as abandoned
    if linked == "tracks":
        (out / "tracks" / "a.html").unlink()
        (out / "tracks").rmdir()
    else:
        (out / linked).unlink()
    (out / linked).symlink_to(tmp_path / target)
    for files in (build({"index.html": b"3", "tracks/a.html": b"4"}), build({"index.html": b"3"})):
        with pytest.raises(CannotWrite, match="is a link"):
            write_site(files, out)
        with pytest.raises(CannotWrite, match="is a link"):
            stale_files(files, out)
    assert [(p.name, p.read_bytes()) for p in precious.iterdir()] == [("a.html", b"2")]
    assert not (tmp_path / "nowhere").exists()


def test_a_build_that_is_cut_short_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_site(build({"index.html": b"1", "old.html": b"2"}), tmp_path)
    second = build({"a.html": b"3", "b.html": b"4", "index.html": b"5"})
    for cut in range(1, 4):
        written: list[Path] = []

        def killed(path: Path, data: bytes, cut: int = cut, written: list[Path] = written) -> None:
            if len(written) == cut:
                raise KeyboardInterrupt
            written.append(path)
            write_bytes(path, data)

        with monkeypatch.context() as m:
            m.setattr("genboard.leaderboard.site.output.write_bytes", killed)
            with pytest.raises(KeyboardInterrupt):
                write_site(second, tmp_path)
        assert stale_files(second, tmp_path)
    third = build({"b.html": b"4", "index.html": b"6"})  # what the second listed, and this one lacks, goes
    write_site(third, tmp_path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == third


def test_an_empty_repository_is_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert write_site(build({"index.html": b"1"}), tmp_path) == 2


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "C:/x", "/etc/passwd", "", "."])
def test_a_listing_with_impossible_names_is_read_over(tmp_path: Path, name: str) -> None:
    (tmp_path / "build.json").write_text(json.dumps({"files": {name: sha256(b"")}}), encoding="utf-8")
    assert write_site(build({"index.html": b"1"}), tmp_path) == 2
