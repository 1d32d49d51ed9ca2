"""Pictures of boards for previews of links: their size, the same twice, and an address where there can be one."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from genboard.benchmarks.result import Result, result_id, save_result
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.card import LEFT, TILE, TOP
from genboard.leaderboard.storage.records import Records, read_records
from PIL import Image
from site_tree import HOSTILE, LONGEST_NAME, TRACK, Page, everything, picture, save

BASE = "https://board.example/there/"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return everything(tmp_path_factory.mktemp("results"))


def card_of(folder: Path, **changes: str) -> Image.Image:
    track = TRACK.model_copy(update=changes)
    data = render_site(read_records([folder]), {track.name: track})["cards/digits.png"]
    return Image.open(io.BytesIO(data))


def test_a_board_has_a_card_of_the_size_that_previews_have(records: Records) -> None:
    made = [render_site(records, {TRACK.name: TRACK})["cards/digits.png"] for _ in range(2)]
    assert made[0] == made[1]
    image = Image.open(io.BytesIO(made[0]))
    assert (image.format, image.size, image.mode) == ("PNG", (1200, 630), "RGB")
    assert len(made[0]) < 300_000


def test_the_leader_s_first_sample_is_on_it_pixel_by_pixel(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    image, first = card_of(tmp_path), Image.open(io.BytesIO(picture())).convert("RGB").crop((0, 0, 8, 8))
    enlarged = first.resize((TILE, TILE), Image.Resampling.NEAREST)
    assert image.crop((LEFT, TOP, LEFT + TILE, TOP + TILE)).tobytes() == enlarged.tobytes()


def test_a_finding_changes_it_and_no_text_leaves_it(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    one = card_of(tmp_path)
    save(tmp_path, LONGEST_NAME, 3.0)
    long = card_of(tmp_path, title=f"{HOSTILE * 3}, unconditional")
    assert one.tobytes() != long.tobytes()
    for image in (one, long):  # the right edge is as empty as the left
        assert len(image.crop((1160, 12, 1200, 630)).getcolors() or ()) == 1


def meta(page: bytes) -> dict[str, str]:
    tags = [attrs for tag, attrs in Page(page).tags if tag == "meta"]
    return {str(a.get("property") or a.get("name")): str(a["content"]) for a in tags if "content" in a}


def test_previews_name_it_only_where_the_address_is_known(records: Records) -> None:
    for base in (None, "/there/"):
        site = render_site(records, {TRACK.name: TRACK}, base=base)
        assert not [path for path, data in site.items() if path.endswith(".html") and b"og:image" in data]
    site = render_site(records, {TRACK.name: TRACK}, base=BASE)
    for path in ("index.html", "tracks/digits.html", "generators/alpha.html"):
        said = meta(site[path])
        assert said["og:image"] == f"{BASE}cards/digits.png"
        assert said["twitter:card"] == "summary_large_image"


def test_a_page_shows_the_card_of_its_own_board(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    save(tmp_path, "beta", 3.0)
    other = TRACK.model_copy(update={"name": "other", "title": "Other, unconditional"})
    for name in ("gamma", "delta"):
        path = tmp_path / save(tmp_path, name, 5.0).path
        result = json.loads(path.read_bytes())
        result["track"]["name"] = result["specification"]["track"]["name"] = "other"
        result["id"] = result_id(result["specification"])
        save_result(Result.model_validate(result), tmp_path, picture())
        path.unlink()
    site = render_site(read_records([tmp_path]), {track.name: track for track in (TRACK, other)}, base=BASE)
    for track, generator in (("digits", "alpha"), ("other", "gamma")):
        for path in (f"tracks/{track}.html", f"generators/{generator}.html"):
            assert meta(site[path])["og:image"] == f"{BASE}cards/{track}.png"
        links = {attrs.get("href") for tag, attrs in Page(site[f"tracks/{track}.html"]).tags if tag == "a"}
        assert f"../cards/{track}.png" in links
