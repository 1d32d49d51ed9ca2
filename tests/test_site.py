"""The site as files: complete, the same twice, safe with hostile text, and honest about what is missing."""

from __future__ import annotations

import csv
import io
import json
import posixpath
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from genboard.benchmarks.result import Result, preview_path, result_id, save_result
from genboard.benchmarks.runner import specify_column
from genboard.errors import CannotWrite
from genboard.files import canonical_json, sha256
from genboard.leaderboard.numbers import decimals, written
from genboard.leaderboard.ranking import Ranked
from genboard.leaderboard.records import Records, read_records
from genboard.leaderboard.site import render_site, stale_files, write_site
from genboard.leaderboard.site.forest import Mark, forest_svg
from genboard.leaderboard.site.interval import interval_svg
from genboard.leaderboard.site.letters import letters
from genboard.leaderboard.site.links import linked
from genboard.leaderboard.site.output import LISTING, MARK
from genboard.leaderboard.site.scale import axis_for
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from markupsafe import Markup
from PIL import Image

TRACK = find(Track, "digits")
HOSTILE = "<script>alert(1)</script> \"'&amp; <img src=http://evil.example/x.png onerror=alert(2)>"


def picture(tiles: int = 64) -> bytes:
    image = Image.new("RGBA", (2 * 8 * 9, 8 * 9))
    for i in range(tiles):
        tile = Image.new("RGBA", (8, 8), (i * 3, 128, 255 - i * 3, 255))
        image.paste(tile, (i % 8 * 9, i // 8 * 9))
        image.paste(tile.rotate(90), (72 + i % 8 * 9, i // 8 * 9))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def measured(name: str, value: float | None, se: float | None, against: str, reason: str | None) -> dict[str, Any]:
    interval = None
    if value is not None and se is not None:
        ends = {"lo": value - 1.96 * se, "hi": value + 1.96 * se}
        interval = {"target": "conditional", "se": se, **ends, "level": 0.95, "method": f"method {HOSTILE}"}
    return {
        "name": name,
        "version": 1,
        "extractor": "digits-cnn",
        "value": value,
        "reason": reason,
        "direction": "lower",
        "uncertainty": interval,
        "n": 500,
        "n_reference": None if name == "is" else 500,
        "params": {"against": against},
    }


def save(folder: Path, name: str, fd: float | None, se: float | None = 0.1, **changes: Any) -> Result:
    """A result file with its preview; `changes` go into the parts of the result by name."""
    other = changes.pop("other", {})  # values of other columns by key
    generator = {
        "name": name,
        "title": f"Title of {name}",
        "kind": "registered",
        "family": "vae",
        "task": "unconditional",
        "origin": "made for a test",
        "licence": "Apache-2.0",
        **changes.pop("generator", {}),
    }
    n = changes.pop("n", TRACK.samples)
    specification = {
        "generator": {"name": name, "weights": "ab" * 32},
        "track": {"name": TRACK.name, "version": TRACK.version},
        "metrics": [specify_column(TRACK, column) for column in TRACK.metrics],
        "salt": changes.pop("salt", 0),
        "n": n,
    }
    metrics = []
    for column in TRACK.metrics:
        value, error = other.get(column.key, (1.0, 0.05)) if column.key != TRACK.primary else (fd, se)
        reason = f"unmeasurable {HOSTILE}" if value is None or error is None else None
        metrics.append(measured(column.metric, value, error, column.against, reason))
    failure = changes.pop("error", None)
    png = picture()
    layout = {"sha256": sha256(png), "tiles": 64, "columns": 8, "gap": 1, "tile": [8, 8]}
    sampling = {"protocol": 1, "n": n, "seed": TRACK.seed, "shape": [8, 8, 1], "digest": "cd" * 32}
    cost = {"sampling_s": 1.0, "measuring_s": 2.0, "images_per_s": 500.0, "peak_memory_mib": None}
    machine = dict.fromkeys(("genboard", "python", "torch", "numpy", "system", "processor", "device"), "0")
    result = Result.model_validate(
        {
            "schema": 1,
            "id": result_id(specification),
            "status": "failed" if failure else "complete",
            "track": specification["track"],
            "generator": generator,
            "sampling": {**sampling, "digest": None} if failure else sampling,
            "metrics": [] if failure else metrics,
            "specification": specification,
            "preview": None if failure else layout,
            "environment": {**machine, "threads": 1},
            "cost": cost,
            "provenance": {
                "created": changes.pop("created", "2026-01-02T03:04:05+00:00"),
                "command": f"genboard evaluate {name} --track digits {HOSTILE}",
                "trusted_code": False,
            },
            "error": failure,
        }
    )
    assert not changes
    save_result(result, folder, None if failure else png)
    return result


def everything(folder: Path) -> Records:
    """Ranked rows that tie and that do not, baselines, a failure, nulls, leftovers, hostile texts."""
    hostile = {"title": HOSTILE, "family": HOSTILE, "licence": HOSTILE, "origin": "javascript:alert(3)"}
    save(folder, "alpha", 2.0, other={"kid:digits-cnn": (None, None), "fd:digits-cnn:train": (0.5, 0.1)})
    save(folder, "beta", 2.1, generator={"paper": "Kingma and Welling, arXiv:1312.6114"})
    save(
        folder,
        "gamma",
        9.0,
        other={"is:digits-cnn": (3.0, None)},
        generator={**hostile, "paper": "javascript:alert(4)"},
    )
    save(folder, "floor", 0.2, 0.05, generator={"baseline": True, "noise_floor": True})
    save(folder, "copy", 0.3, 0.05, other={"nn_ratio:digits-cnn": (0.0, 0.0)}, generator={"baseline": True})
    save(folder, "far", 4000.0, 0.0, generator={"baseline": True})
    save(folder, "alpha", 5.0, salt=1, created="2025-01-01T00:00:00+00:00")
    save(folder, "few", 3.0, n=50)
    save(folder, "null", None)
    save(folder, "crash", None, error={"stage": "sampling", "type": "ValueError", "message": f"boom {HOSTILE}"})
    broken = folder / TRACK.id / "alpha" / "0123456789ab.json"
    broken.write_bytes(b'{"a": 1, "a": 2}')
    return read_records([folder])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def records(folder: Path) -> Records:
    return everything(folder)


@pytest.fixture(scope="module")
def site(records: Records) -> dict[str, bytes]:
    return render_site(records, {TRACK.name: TRACK})


class Page(HTMLParser):
    """Tags with their attributes, the text, and the text of each table row."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.rows: list[str] = []
        self._in_row = False
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append("")
            self._in_row = True

    def handle_endtag(self, tag: str) -> None:
        self._in_row = self._in_row and tag != "tr"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_row:
            self.rows[-1] += data + " "

    def row(self, name: str) -> str:
        (found,) = [" ".join(row.split()) for row in self.rows if re.search(rf"\b{name}\b", row)]
        return found


def pages(site: dict[str, bytes]) -> dict[str, Page]:
    found = {path: Page(data) for path, data in site.items() if path.endswith(".html")}
    assert len(found) >= 3
    return found


def test_two_renders_are_byte_identical(site: dict[str, bytes], folder: Path) -> None:
    assert render_site(read_records([folder]), {TRACK.name: TRACK}) == site


def test_it_has_every_page(site: dict[str, bytes]) -> None:
    names = ("alpha", "beta", "copy", "crash", "far", "few", "floor", "gamma", "null")
    expected = {"index.html", "tracks/digits.html", "style.css", "build.json", "data/digits.csv", "data/digits.json"}
    assert {*expected, *(f"generators/{name}.html" for name in names)} <= site.keys()


def test_every_link_leads_to_a_file_of_the_site(site: dict[str, bytes]) -> None:
    checked = 0
    for path, page in pages(site).items():
        anchors = {attrs["id"] for _, attrs in page.tags if attrs.get("id")}
        for tag, attrs in page.tags:
            for key in ("href", "src"):
                target = attrs.get(key)
                if target is None or (tag == "a" and target.startswith("https://arxiv.org/")):
                    continue
                assert not re.match(r"[a-z]+:|//", target, re.IGNORECASE), (path, tag, target)
                if target.startswith("#"):
                    assert target[1:] in anchors, (path, target)
                else:
                    assert posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) in site, (path, target)
                checked += 1
    assert checked > 50


def test_nothing_is_loaded_from_elsewhere_or_run(site: dict[str, bytes]) -> None:
    for path, page in pages(site).items():
        assert "script" not in {tag for tag, _ in page.tags}, path
        assert not [attrs for _, attrs in page.tags if any(key.startswith("on") for key in attrs)], path
    assert b"url(" not in site["style.css"]
    assert b"@import" not in site["style.css"]


def test_hostile_text_stays_text(site: dict[str, bytes]) -> None:
    for path in ("tracks/digits.html", "generators/gamma.html", "generators/crash.html", "index.html"):
        page = Page(site[path])
        assert HOSTILE in page.text, path
        assert not [attrs for tag, attrs in page.tags if tag == "img" and "onerror" in attrs], path
        assert not [a for _, a in page.tags if (a.get("href") or "").lower().startswith("javascript")], path
    assert "javascript:alert(4)" in Page(site["generators/gamma.html"]).text


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
    chart = forest_svg([Mark(HOSTILE, (1.0, 0.5, 1.5), "ranked")], axis_for([(1.0, 0.5, 1.5)]), HOSTILE)
    assert isinstance(chart, Markup)
    page = Page(chart.encode())
    assert {"script", "img"}.isdisjoint(tag for tag, _ in page.tags)
    assert "alert(1)" in page.text


def test_missing_values_show_their_reason(site: dict[str, bytes]) -> None:
    page = Page(site["tracks/digits.html"])
    reason = f"unmeasurable {HOSTILE}"
    assert f"— missing: {' '.join(reason.split())}" in page.row("alpha")
    assert [attrs for tag, attrs in page.tags if tag == "span" and attrs.get("title") == reason]
    assert f"no interval: {reason}" in [attrs.get("title") for _, attrs in page.tags]
    assert reason in Page(site["generators/gamma.html"]).text


def test_what_is_not_ranked_is_listed_with_its_reason(site: dict[str, bytes]) -> None:
    text = " ".join(Page(site["tracks/digits.html"]).text.split())
    assert "0123456789ab.json cannot be read: not valid JSON: the key 'a' is given twice" in text
    assert "measured with 50 samples, the track asks for 500" in text
    assert "superseded by" in text
    assert "failed at sampling: boom" in text
    assert "fd:digits-cnn is missing: unmeasurable" in text
    assert "0123456789ab.json" in Page(site["index.html"]).text


def test_a_failed_run_is_shown_on_its_page(site: dict[str, bytes]) -> None:
    assert f"Failed at sampling: ValueError: boom {HOSTILE}" in Page(site["generators/crash.html"]).text


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
    assert b"<h1>alpha and beta cannot be told apart at the top of Digits</h1>" in site["tracks/digits.html"]
    save(tmp_path, "first", 1.0)
    save(tmp_path, "second", 5.0)
    alone = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert b"<h1>first leads on Digits</h1>" in alone["tracks/digits.html"]


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


def test_a_wrong_preview_is_a_reason_not_a_picture(tmp_path: Path) -> None:
    result = save(tmp_path, "alpha", 2.0)
    preview_path(tmp_path / result.path).write_bytes(b"another")
    site = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert not [path for path in site if path.endswith(".png")]
    assert "the preview file is not the one the result names" in Page(site["generators/alpha.html"]).text


@pytest.mark.parametrize(
    ("value", "se", "shown"),
    [
        (2.130970983, 0.29987, "2.13"),
        (2.130970983, 0.0299, "2.131"),
        (2.130970983, 0.0996, "2.13"),
        (121.227, 3.4, "121.2"),
        (121.227, 34.0, "121"),
        (51234.5, 310.0, "51,230"),
        (-0.08300853626, 0.01216, "−0.083"),
        (4.5672269501, 1e-12, "4.567"),
        (0.166, None, "0.166"),
        (12345.6, None, "12,346"),
        (0.0, 0.0, "0"),
        (-0.0001, 0.5, "0.00"),
    ],
)
def test_the_standard_error_decides_the_digits(value: float, se: float | None, shown: str) -> None:
    assert written(value, decimals(value, se)) == shown


def test_letters_join_rows_that_are_not_told_apart() -> None:
    places = [
        Ranked("a", 1.0, 1, 2, ("b",)),
        Ranked("b", 2.0, 1, 3, ("a", "c")),
        Ranked("c", 3.0, 2, 3, ("b",)),
        Ranked("d", 9.0, 4, 4, ()),
    ]
    assert letters(places) == {"a": "a", "b": "ab", "c": "b", "d": ""}


@pytest.mark.parametrize(
    ("spans", "kind"),
    [
        ([(1.0, 0.9, 1.1), (2.0, 1.9, 2.1)], "linear"),
        ([(1.0, -0.1, 2.0), (20.0, 19.0, 21.0)], "square-root"),
        ([(0.1, 0.05, 0.2), (500.0, 400.0, 600.0)], "logarithmic"),
        ([(-1.0, -2.0, 0.0), (500.0, 400.0, 600.0)], "linear"),
        ([(0.0, 0.0, 0.0)], "linear"),
    ],
)
def test_an_axis_keeps_the_order_and_clips(spans: list[tuple[float, float, float]], kind: str) -> None:
    axis = axis_for(spans)
    assert axis.kind == kind
    positions = [axis.at(value) for value, _, _ in spans]
    assert positions == sorted(positions)
    assert all(0 <= p <= 1 for p in positions)
    assert (axis.at(-1e9), axis.at(1e9)) == (0, 1)
    ticks = axis.ticks()
    assert ticks
    assert list(ticks) == sorted(set(ticks))
    assert all(axis.lo <= tick <= axis.hi for tick in ticks)


def test_an_interval_is_drawn_to_scale_and_clipped_with_an_arrow() -> None:
    axis = axis_for([(-1.0, -2.0, 0.0), (9.0, 8.0, 10.0)])
    tags = Page(interval_svg(axis, (2.0, 1.0, 3.0), 0.0, 'a "label"', False).encode()).tags
    whisker = next(attrs for _, attrs in tags if attrs.get("class") == "whisk")
    floor = next(attrs for _, attrs in tags if attrs.get("class") == "floor")
    circle = next(attrs for tag, attrs in tags if tag == "circle")
    left, middle, right = (float((at or "").rstrip("%")) for at in (whisker["x1"], circle["cx"], whisker["x2"]))
    assert float((floor["x1"] or "").rstrip("%")) < left < middle < right
    assert middle == pytest.approx((left + right) / 2, abs=0.02)
    assert (whisker["y1"], floor["y1"], floor["y2"]) == ("50%", "0", "100%")
    assert tags[0][1]["aria-label"] == 'a "label"'
    far = Page(interval_svg(axis, (99.0, 98.0, 100.0), 0.0, "", True).encode()).tags
    assert [attrs["x"] for _, attrs in far if attrs.get("class") == "beyond"] == ["100%"]
    assert not [tag for tag, _ in far if tag == "circle"]


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
